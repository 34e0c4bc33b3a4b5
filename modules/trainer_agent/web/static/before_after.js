// The same image as two versions see it, one beside the divider and one beyond it.

import { call, tell } from "./api.js";
import { draw } from "./live_canvas.js";
import { _ } from "./words.js";

const place = document.getElementById("before-after");
const at = (part) => place.querySelector(`[data-${part}]`);
let ids = [];
let shown = 0;
let drawn = null;

function divide() {
  const { value } = at("divider");
  place.style.setProperty("--divided", `${value}%`);
  const values = { before: value, after: 100 - value };
  at("divider").setAttribute("aria-valuetext", _("{before} % as before, {after} % as after", values));
}

function redraw() {
  if (drawn !== null) {
    const { picture, labels, before, after } = drawn;
    draw(at("after"), picture, after.detections, labels);
    draw(at("before"), picture, before.detections, labels);
    place.style.setProperty("--wide", at("before").style.width);
  }
}

async function load(image) {
  const picture = new Image();
  picture.src = image.picture;
  await picture.decode();
  return picture;
}

async function show(index) {
  at("next").disabled = true;
  try {
    const both = await call("GET", `${place.dataset.path}/${ids[index]}`);
    drawn = { ...both, picture: await load(both.image) };
    shown = index;
    at("before-words").textContent = both.before.words;
    at("after-words").textContent = both.after.words;
    at("caption").textContent = _("{caption} ({number} of {all})", {
      caption: both.image.caption,
      number: index + 1,
      all: ids.length,
    });
    tell("", place);
    redraw();
  } catch (problem) {
    tell(problem.message, place);
  }
  at("next").disabled = false;
}

async function start() {
  try {
    ({ images: ids } = await call("GET", place.dataset.path));
  } catch {
    return; // The page is whole without it.
  }
  if (ids.length > 0) {
    place.hidden = false;
    at("next").hidden = ids.length === 1;
    divide();
    await show(0);
  }
}

if (place !== null) {
  at("divider").addEventListener("input", divide);
  at("next").addEventListener("click", () => show((shown + 1) % ids.length));
  window.addEventListener("resize", redraw);
  start();
}
