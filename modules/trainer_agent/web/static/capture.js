// Capture from camera: choose one, see what it sees, keep a picture.

import { call, pause, problemOf, tell } from "./api.js";
import { followSeries } from "./series.js";

const place = document.getElementById("capture");
const choice = document.getElementById("camera");
const preview = document.getElementById("preview");
const message = document.getElementById("preview-message");
const finder = preview.parentElement;
const shutter = document.getElementById("shutter");
const film = document.getElementById("film");
const waiting = document.getElementById("waiting");
const said = document.getElementById("said");
const PHASES = { starting: " (starting)", lost: " (no picture)", off: " (off)", live: "", unheard: " (not heard of)" };
const REMEMBERED = "fifteen camera";
const names = new Map();
let watching = new AbortController();
let captured = 0;

async function listCameras() {
  let cameras;
  try {
    cameras = (await call("GET", place.dataset.cameras)).cameras;
  } catch (problem) {
    message.textContent = problem.message;
    return;
  }
  const chosen = choice.value || sessionStorage.getItem(REMEMBERED) || cameras.find((one) => one.phase === "live")?.id;
  if (choice.value !== "" && !cameras.some(({ id }) => id === choice.value)) {
    // The picture must never change to another camera's by itself.
    cameras.push({ id: choice.value, name: names.get(choice.value), phase: "unheard" });
  }
  cameras.forEach(({ id, name }) => names.set(id, name));
  const options = cameras.map(({ id, name, phase }) => new Option(name + PHASES[phase], id, false, id === chosen));
  if (options.length === 0) {
    options.push(new Option("No camera is there", ""));
  }
  const now = (list) => list.map((option) => option.value + option.text).join();
  const before = choice.value;
  if (now(options) !== now([...choice.options])) {
    choice.replaceChildren(...options);
  }
  if (choice.value !== before) {
    watch(choice.value);
  } else if (choice.value === "") {
    message.textContent = "No camera is there yet. It shows here as soon as the device finds one.";
  }
}

async function watch(camera) {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  preview.hidden = true;
  shutter.disabled = camera === "";
  message.textContent = camera === "" ? "Choose a camera." : "Waiting for a picture…";
  let seen = 0;
  while (camera !== "" && !signal.aborted) {
    if (document.hidden) {
      await pause(0.5);
      continue;
    }
    try {
      seen = await showFrame(camera, seen, signal);
      message.textContent = "";
    } catch (problem) {
      if (!signal.aborted) {
        message.textContent = problem.status === undefined ? "The device cannot be reached." : problem.message;
        await pause(1);
      }
    }
  }
}

async function showFrame(camera, seen, signal) {
  const response = await fetch(`/api/cameras/${encodeURIComponent(camera)}/frame?after=${seen}`, { signal });
  if (!response.ok) {
    throw await problemOf(response);
  }
  const address = URL.createObjectURL(await response.blob());
  const before = preview.src;
  preview.src = address;
  await preview.decode();
  preview.hidden = false;
  if (before.startsWith("blob:")) {
    URL.revokeObjectURL(before);
  }
  return Number(response.headers.get("X-Frame-Number"));
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
    said.textContent = captured === 1 ? "1 image captured." : `${captured} images captured.`;
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
  waiting.textContent = String(Number(waiting.textContent) + 1);
}

choice.addEventListener("change", () => {
  sessionStorage.setItem(REMEMBERED, choice.value);
  watch(choice.value);
});
shutter.addEventListener("click", capture);
followSeries(addToFilm);
listCameras();
setInterval(listCameras, 2000);
