// Forms with a PIN: to sign in, to set the first one, to change it.

import { call, tell } from "./api.js";
import { say } from "./toast.js";
import { _ } from "./words.js";

async function send(form) {
  const { again, ...body } = Object.fromEntries(new FormData(form));
  if (again !== undefined && again !== body.pin) {
    tell(_("The new PIN was not typed the same twice."), form);
    form.elements.again.select();
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  tell("", form);
  try {
    await call(form.dataset.method, form.dataset.path, body);
    form.reset();
    if (form.dataset.next) {
      location.assign(form.dataset.next);
    } else if (form.dataset.said) {
      say(form.dataset.said);
      form.closest("details")?.removeAttribute("open");
    }
  } catch (problem) {
    tell(problem.message, form);
    const wrong = problem.status === 400 ? form.elements.pin : form.querySelector("input");
    wrong.select();
    wrong.focus();
  }
  button.disabled = false;
}

document.addEventListener("submit", (event) => {
  if ("pinForm" in event.target.dataset) {
    event.preventDefault();
    send(event.target);
  }
});
