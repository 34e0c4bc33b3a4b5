// Settings: the disk is counted after the page is there; freeing space asks first; parts are found by what is typed.

import { call, problemOf, tell } from "./api.js";
import { _ } from "./words.js";

const disk = document.getElementById("disk");
const card = disk.closest(".card");
const find = document.getElementById("find-part");
const parts = [...document.querySelectorAll(".parts li")];

async function showDisk() {
  try {
    const response = await fetch(disk.dataset.path);
    if (!response.ok) {
      throw await problemOf(response);
    }
    disk.innerHTML = await response.text();
  } catch (problem) {
    tell(problem.message, card);
  }
}

async function free(button) {
  const { free: path, warning, done } = button.dataset;
  if (!confirm(warning)) {
    return;
  }
  button.disabled = true;
  tell("", card);
  try {
    await call("DELETE", path);
    document.getElementById("disk-said").textContent = done;
    await showDisk();
  } catch (problem) {
    tell(problem.message, card);
    button.disabled = false;
  }
}

function showParts() {
  const words = find.value.toLowerCase().split(/\s+/);
  for (const part of parts) {
    part.hidden = !words.every((word) => part.textContent.toLowerCase().includes(word));
  }
  const shown = parts.filter((part) => !part.hidden).length;
  document.getElementById("found-parts").textContent = _("{shown} of {all}", { shown, all: parts.length });
}

disk.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-free]");
  if (button !== null) {
    free(button);
  }
});
find.addEventListener("input", showParts);
showDisk();
