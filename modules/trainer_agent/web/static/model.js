// One model: add and remove tags, switch training by itself on and off.

import { call, refresh, tell } from "./api.js";
import "./train.js";

const form = document.getElementById("add-tag");
const place = form.parentElement;

async function attempt(action) {
  try {
    await action();
    tell("", place);
    await refresh("tags", "train");
  } catch (problem) {
    tell(problem.message, place);
    return false;
  }
  return true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = form.elements.objects;
  if (await attempt(() => call("POST", form.action, { objects: field.value }))) {
    field.value = "";
  }
  field.focus();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (button !== null) {
    attempt(() => call("DELETE", button.dataset.remove));
  }
});

document.addEventListener("change", async ({ target }) => {
  const { change } = target.dataset;
  const wished = target.checked;
  if (change !== undefined && !(await attempt(() => call("PATCH", change, { [target.name]: wished })))) {
    target.checked = !wished;
  }
});
