// Selecting many images: by tap, a whole row of them with Shift, or all that the filter leaves.

import { call, tell } from "./api.js";

const library = document.getElementById("library");
const images = document.getElementById("images").parentElement;
const bar = document.getElementById("chosen");
const button = document.getElementById("select");
const chosen = new Set();
let last = null;

const boxes = () => [...images.querySelectorAll(".pick input")];

/** `remove(ids)` deletes images. */
export function allowSelecting(remove) {
  button.addEventListener("click", () => (bar.hidden ? start() : stop()));
  bar.querySelector("[data-stop]").addEventListener("click", stop);
  bar.querySelector("[data-all]").addEventListener("click", chooseAll);
  bar.querySelector("[data-delete-chosen]").addEventListener("click", async () => {
    if (await remove([...chosen])) {
      stop();
    }
  });
  images.addEventListener("click", onClick);
  images.addEventListener("more", () => show(), true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !bar.hidden) {
      stop();
    }
  });
}

function onClick(event) {
  const box = event.target.closest(".pick input");
  if (box === null) {
    return;
  }
  const all = boxes();
  const from = event.shiftKey && last !== null ? all.indexOf(last) : -1;
  const [first, end] = [from < 0 ? all.indexOf(box) : from, all.indexOf(box)].sort((one, other) => one - other);
  for (const one of all.slice(first, end + 1)) {
    box.checked ? chosen.add(Number(one.value)) : chosen.delete(Number(one.value));
  }
  last = box;
  show();
}

async function chooseAll() {
  try {
    const { images: ids } = await call("GET", library.dataset.ids);
    ids.forEach((id) => chosen.add(id));
    show();
  } catch (problem) {
    tell(problem.message);
  }
}

function start() {
  images.classList.add("selecting");
  bar.hidden = false;
  button.setAttribute("aria-pressed", "true");
  show();
}

function stop() {
  chosen.clear();
  last = null;
  images.classList.remove("selecting");
  bar.hidden = true;
  button.setAttribute("aria-pressed", "false");
  show();
}

function show() {
  for (const box of boxes()) {
    box.checked = chosen.has(Number(box.value));
  }
  bar.querySelector("[data-count]").textContent = chosen.size;
  bar.querySelector("[data-delete-chosen]").disabled = chosen.size === 0;
}
