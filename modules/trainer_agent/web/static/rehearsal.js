// A skill on a recorded video: sends the video, has it looked through, shows when the skill would have done something.

import { call, tell } from "./api.js";
import { follow } from "./follow.js";
import { sendPieces } from "./send_pieces.js";
import { clock, timeline } from "./timeline.js";
import { _, decimal, ngettext } from "./words.js";

const at = (id) => document.getElementById(id);
const place = at("rehearsal");
let path = null;
let name = "";
let unfollow = () => {};
let drawn = 0;
let current = () => null;

/** `draft()` gives `{ skill, camera }` as they are on the page now, or throws a problem that says why it cannot be. */
export function offerRehearsal(draft) {
  current = draft;
  at("rehearsal-file").addEventListener("change", ({ target }) => {
    send(target.files[0]);
    target.value = "";
  });
  at("rehearsal-again").addEventListener("click", start);
  at("rehearsal-stop").addEventListener("click", () => guarded(() => call("DELETE", `${path}/run`)));
}

async function guarded(work) {
  tell("", place);
  try {
    return await work();
  } catch (problem) {
    progress(null);
    buttons("here");
    tell(problem.message, place);
    return null;
  }
}

async function send(file) {
  if (file === undefined) {
    return;
  }
  if (file.size > Number(place.dataset.largest)) {
    const values = { name: file.name, size: decimal(file.size / 1e9, 1), largest: place.dataset.largest / 1e9 };
    tell(_("{name} is too large: {size} GB; at most {largest} GB can be taken.", values), place);
    return;
  }
  unfollow();
  clear();
  buttons("coming");
  path = null;
  name = file.name;
  const sent = await guarded(() =>
    sendPieces(place.dataset.path, file, Number(place.dataset.piece), (bytes) =>
      progress(bytes / file.size, _("Sending {name}", { name })),
    ),
  );
  if (sent !== null) {
    path = sent;
    await start();
  }
}

async function start() {
  clear();
  await guarded(async () => {
    show(await call("POST", `${path}/run`, current()));
    unfollow();
    unfollow = follow(`${path}/events`, path, show);
  });
}

function show(state) {
  for (const change of state.changes.slice(drawn)) {
    at("rehearsal-changes").append(line(change));
  }
  drawn = state.changes.length;
  buttons(state.phase);
  progress(state.phase === "running" ? state.fraction : null, _("Looking at {name}", { name: state.name }));
  if (state.phase === "running") {
    return;
  }
  unfollow();
  tell(state.phase === "failed" ? state.message : "", place);
  if (state.phase === "done" || state.phase === "cancelled") {
    summarise(state);
  }
}

async function summarise(state) {
  const raised = state.changes.filter((change) => change.phase === "raised").length;
  const seen = state.phase === "cancelled" ? _("Stopped.") : _("{time} of video.", { time: clock(state.length_s) });
  const times = ngettext(
    "The skill would have raised {num} time.",
    "The skill would have raised {num} times.",
    raised,
  );
  at("rehearsal-summary").textContent = `${seen} ${times}`;
  const { seconds } = await call("GET", path);
  if (seconds.length > 1) {
    at("rehearsal-timeline").replaceChildren(timeline(seconds, state.changes));
  }
}

function line({ phase, at_s: seconds, numbers, boxes, picture }) {
  const item = document.createElement("li");
  item.className = phase;
  const shot = document.createElement("div");
  shot.className = "shot";
  const image = new Image();
  image.src = `${picture}?${Date.now()}`; // the same name holds another picture after another test
  image.alt = "";
  shot.append(image, ...boxes.map(frame));
  const words = document.createElement("p");
  const when = document.createElement("strong");
  when.textContent = clock(seconds);
  const what = phase === "raised" ? _("raised") : _("cleared");
  const values = Object.entries(numbers).map(([step, value]) => `${step} ${decimal(value, Number.isInteger(value) ? 0 : 2)}`);
  words.append(when, ` ${what} `, Object.assign(document.createElement("span"), { className: "quiet", textContent: values.join(", ") }));
  item.append(shot, words);
  return item;
}

function frame([x0, y0, x1, y1]) {
  const box = document.createElement("i");
  Object.assign(box.style, {
    left: `${100 * x0}%`,
    top: `${100 * y0}%`,
    width: `${100 * (x1 - x0)}%`,
    height: `${100 * (y1 - y0)}%`,
  });
  return box;
}

function clear() {
  drawn = 0;
  tell("", place);
  at("rehearsal-summary").textContent = "";
  at("rehearsal-timeline").replaceChildren();
  at("rehearsal-changes").replaceChildren();
}

function buttons(phase) {
  const busy = phase === "coming" || phase === "running";
  at("rehearsal-choose").hidden = busy;
  at("rehearsal-stop").hidden = phase !== "running";
  at("rehearsal-again").hidden = busy || path === null;
}

function progress(fraction, words = "") {
  at("rehearsal-progress").hidden = fraction === null;
  if (fraction !== null) {
    at("rehearsal-bar").value = fraction;
    at("rehearsal-percent").textContent = `${Math.floor(100 * fraction)} %`;
    at("rehearsal-name").textContent = words;
  }
}
