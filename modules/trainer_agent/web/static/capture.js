// Capture from camera: choose one, see what it sees, keep a picture.

import { call, pause, problemOf, tell } from "./api.js";
import { readParts } from "./live_stream.js";
import { showSeries } from "./series.js";
import { _, ngettext } from "./words.js";

const place = document.getElementById("capture");
const choice = document.getElementById("camera");
const preview = document.getElementById("preview");
const message = document.getElementById("preview-message");
const finder = preview.parentElement;
const shutter = document.getElementById("shutter");
const seriesStart = document.getElementById("series-start");
const film = document.getElementById("film");
const waiting = document.getElementById("waiting");
const said = document.getElementById("said");
const PHASES = {
  starting: ` (${_("starting")})`,
  lost: ` (${_("no picture")})`,
  off: ` (${_("off")})`,
  live: "",
  unheard: ` (${_("not heard of")})`,
};
const WHY_NONE = {
  starting: (values) => _("{camera} is starting{reason}.", values),
  off: (values) => _("{camera} is switched off{reason}.", values),
  live: (values) => _("{camera} sends no picture right now{reason}.", values),
  lost: (values) => _("{camera} gives no picture{reason}.", values),
};
const LONGEST_PAUSE_S = 10;
const MOST_SHOWN = 24;
const LOOK_EVERY_MS = 4000;
const REMEMBERED = "fifteen camera";
const names = new Map();
let watching = new AbortController();
let captured = 0;

async function lookForCameras() {
  try {
    listCameras((await call("GET", place.dataset.cameras)).cameras);
  } catch (problem) {
    message.textContent = problem.message;
  }
}

function listCameras(cameras) {
  const chosen = choice.value || sessionStorage.getItem(REMEMBERED) || cameras.find((one) => one.phase === "live")?.id;
  if (choice.value !== "" && !cameras.some(({ id }) => id === choice.value)) {
    // The picture must never change to another camera's by itself.
    cameras.push({ id: choice.value, name: names.get(choice.value), phase: "unheard" });
  }
  cameras.forEach(({ id, name }) => names.set(id, name));
  const options = cameras.map(({ id, name, phase }) => new Option(name + PHASES[phase], id, false, id === chosen));
  if (options.length === 0) {
    options.push(new Option(_("No camera is there"), ""));
  }
  const now = (list) => list.map((option) => option.value + option.text).join();
  const before = choice.value;
  if (now(options) !== now([...choice.options])) {
    choice.replaceChildren(...options);
  }
  if (choice.value !== before) {
    watch(choice.value);
  } else if (choice.value === "") {
    message.textContent = _("No camera is there yet. It shows here as soon as the device finds one.");
  }
}

async function watch(camera) {
  watching.abort();
  const mine = (watching = new AbortController());
  preview.hidden = true;
  shutter.disabled = seriesStart.disabled = camera === "";
  message.textContent = camera === "" ? _("Choose a camera.") : _("Waiting for a picture…");
  let wait_s = 1;
  while (camera !== "" && !mine.signal.aborted && !document.hidden) {
    try {
      const path = `${place.dataset.cameras}/${encodeURIComponent(camera)}/stream`;
      const response = await fetch(path, { signal: mine.signal });
      if (!response.ok) {
        throw await problemOf(response);
      }
      await readParts(response, async (facts, jpeg) => {
        wait_s = 1;
        if (!mine.signal.aborted) {
          await show(facts, jpeg);
        }
      });
    } catch (problem) {
      if (mine.signal.aborted) {
        return;
      }
      message.textContent = problem.status ? problem.message : _("The device cannot be reached.");
    }
    await pause(wait_s);
    wait_s = Math.min(2 * wait_s, LONGEST_PAUSE_S);
  }
}

async function show(facts, jpeg) {
  if (jpeg.length === 0) {
    const camera = names.get(facts.camera) ?? _("The camera");
    const reason = facts.reason === "" ? "" : `: ${facts.reason}`;
    message.textContent = (WHY_NONE[facts.phase] ?? WHY_NONE.lost)({ camera, reason });
    return;
  }
  const address = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
  const before = preview.src;
  preview.src = address;
  await preview.decode();
  preview.hidden = false;
  message.textContent = "";
  if (before.startsWith("blob:")) {
    URL.revokeObjectURL(before);
  }
}

async function capture() {
  shutter.disabled = true;
  tell("", place);
  try {
    const image = await call("POST", place.dataset.captures, { camera: choice.value });
    finder.classList.remove("flash");
    void finder.offsetWidth;
    finder.classList.add("flash");
    addToFilm(image);
    captured += 1;
    said.textContent = ngettext("{num} image captured.", "{num} images captured.", captured);
  } catch (problem) {
    tell(problem.message, place);
  }
  shutter.disabled = choice.value === "";
  shutter.focus();
}

function addToFilm(image) {
  const picture = document.createElement("img");
  picture.src = image.thumbnail;
  picture.alt = image.caption;
  const link = document.createElement("a");
  link.href = image.page;
  link.append(picture);
  const item = document.createElement("li");
  item.append(link);
  film.prepend(item);
  film.children[MOST_SHOWN]?.remove();
  waiting.textContent = String(Number(waiting.textContent) + 1);
}

choice.addEventListener("change", () => {
  sessionStorage.setItem(REMEMBERED, choice.value);
  watch(choice.value);
});
shutter.addEventListener("click", capture);
document.addEventListener("visibilitychange", () => (document.hidden ? watching.abort() : watch(choice.value)));
showSeries(addToFilm);
lookForCameras();
setInterval(lookForCameras, LOOK_EVERY_MS);
