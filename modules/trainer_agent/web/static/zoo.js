// A ready-made model: try it on a camera, install it, choose some of its objects for a model of one's own.

import { call, pause, problemOf, tell } from "./api.js";
import { draw } from "./live_canvas.js";
import { readParts } from "./live_stream.js";
import { _ } from "./words.js";

const place = document.getElementById("try");
const use = document.getElementById("use");
const button = document.getElementById("look");
const canvas = document.getElementById("picture");
const form = document.getElementById("start");
const boxes = [...form.querySelectorAll("[type=checkbox]")];
const choice = document.getElementById("camera");
const PHASES = { starting: ` (${_("starting")})`, lost: ` (${_("no picture")})`, off: ` (${_("off")})` };
let shown = null;
let looking = false;

async function listCameras() {
  const { cameras } = await call("GET", choice.dataset.path);
  const chosen = choice.value || cameras.find(({ phase }) => phase === "live")?.id;
  const options = cameras.map(
    ({ id, name, phase }) => new Option(name + (PHASES[phase] ?? ""), id, false, id === chosen),
  );
  const texts = (list) => list.map((option) => option.text).join();
  if (options.length > 0 && texts(options) !== texts([...choice.options])) {
    choice.replaceChildren(...options);
  }
  button.disabled = looking || choice.value === "";
}

function redraw() {
  if (shown !== null) {
    draw(canvas, shown.picture, shown.detections, shown.labels);
  }
}

async function show({ detections, labels }, jpeg) {
  const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  shown = { picture, detections, labels: labels.length ? labels : detections.map(({ label }) => label) };
  canvas.hidden = false;
  document.getElementById("sight-empty").hidden = true;
  redraw();
  const names = detections.map(({ label, confidence }) => `${label} ${Math.round(confidence * 100)} %`);
  document.getElementById("found").textContent = names.length ? names.join(", ") : _("It finds nothing that it knows.");
}

async function look() {
  looking = button.disabled = true;
  tell("", place);
  try {
    const camera = choice.value;
    const response = await fetch(place.dataset.path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ camera }),
    });
    if (!response.ok) {
      throw await problemOf(response);
    }
    await readParts(response, show);
    button.querySelector("span").textContent = _("Look again");
  } catch (problem) {
    tell(problem instanceof TypeError ? _("The device cannot be reached.") : problem.message, place);
  }
  looking = button.disabled = false;
}

function showChosen() {
  const names = boxes.filter(({ checked }) => checked).map(({ value }) => value);
  form.elements.objects.value = names.map((name) => `"${name}"`).join(", ");
  const chosen = _("Chosen: {names}", { names: names.join(", ") });
  document.getElementById("chosen").textContent = names.length ? chosen : _("Nothing chosen yet.");
  form.querySelector("button").disabled = names.length === 0;
}

button.addEventListener("click", look);
window.addEventListener("resize", redraw);
form.addEventListener("change", showChosen);
document.getElementById("filter")?.addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const box of boxes) {
    box.closest("li").hidden = !box.checked && !box.value.toLowerCase().includes(wanted);
  }
});
document.getElementById("filter")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
  }
});
use.addEventListener("click", async (event) => {
  const pressed = event.target.closest("[data-method]");
  if (pressed === null) {
    return;
  }
  pressed.disabled = true;
  try {
    await call(pressed.dataset.method, use.dataset.path);
    location.reload();
  } catch (problem) {
    tell(problem.message, use);
    pressed.disabled = false;
  }
});
showChosen();
for (;;) {
  // A device that cannot be reached is told of when the button is pressed.
  await listCameras().catch(() => {});
  await pause(3);
}
