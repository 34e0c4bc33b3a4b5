// A series that the device takes by itself: start, see how far it is, stop.

import { call, tell } from "./api.js";
import { follow } from "./follow.js";
import { _, ngettext } from "./words.js";

const at = (id) => document.getElementById(id);
const place = at("series");
const form = at("series-form");
let shown = null;
let unfollow = null;
let onImage = () => {};

/** Show how the series of this model stands; `image(image)` is called for each that is taken while this page looks. */
export async function showSeries(image) {
  onImage = image;
  try {
    show(await call("GET", place.dataset.path));
  } catch {
    // The page says by itself that the device cannot be reached.
  }
}

function show(state) {
  const running = state.phase === "running";
  if (shown !== null && state.newest && state.newest.id !== shown.newest?.id) {
    onImage(state.newest);
  }
  if (running && shown?.phase !== "running") {
    place.open = true;
  }
  form.hidden = running;
  at("series-running").hidden = !running;
  at("series-bar").value = state.images ? state.taken / state.images : 0;
  at("series-said").textContent = words(state);
  shown = state;
  if (running && unfollow === null) {
    unfollow = follow(place.dataset.events, place.dataset.path, show);
  } else if (!running && unfollow !== null) {
    unfollow();
    unfollow = null;
  }
}

const complete = (taken) =>
  ngettext("The series is complete: {num} image.", "The series is complete: {num} images.", taken);

function words({ phase, taken, images, alike, message, resumed, only_changed: onlyChanged }) {
  const why = message === "" ? "" : ` ${message}`;
  let skipped = "";
  if (alike > 0) {
    skipped = onlyChanged
      ? ` ${_("{count} skipped because nothing changed.", { count: alike })}`
      : ` ${_("{count} skipped because they were there already.", { count: alike })}`;
  }
  const anew = resumed ? ` ${_("The device was started anew; the series goes on.")}` : "";
  switch (phase) {
    case "running":
      return `${_("{taken} of {images} images.", { taken, images })}${skipped}${anew}${why}`;
    case "done":
      return complete(taken) + skipped + why;
    case "stopped":
      return ngettext("Stopped after {num} image.", "Stopped after {num} images.", taken) + skipped;
    case "failed":
      return ngettext("Ended early after {num} image.", "Ended early after {num} images.", taken) + why;
    default:
      return "";
  }
}

async function act(method, body) {
  tell("", place);
  try {
    show(await call(method, place.dataset.path, body));
  } catch (problem) {
    tell(problem.message, place);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = form.elements;
  act("POST", {
    camera: at("camera").value,
    every_s: fields.every_s.valueAsNumber,
    images: fields.images.valueAsNumber,
    minutes: fields.minutes.valueAsNumber,
    only_changed: fields.only_changed.checked,
  });
});
at("series-stop").addEventListener("click", () => act("DELETE"));
