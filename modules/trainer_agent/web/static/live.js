// The live page: what a camera sees and what a model finds in it, as long as somebody looks.

import { pause, problemOf } from "./api.js";
import { colourOf, draw } from "./live_canvas.js";
import { Frozen, Least } from "./live_look.js";
import { readParts } from "./live_stream.js";
import { _, decimal, locale } from "./words.js";

const PHASES = {
  live: [_("live"), "good"],
  starting: [_("starting"), "busy"],
  lost: [_("no picture"), "bad"],
  off: [_("switched off"), ""],
};
const WHY_NONE = {
  live: _("Waiting for a picture…"),
  starting: _("The camera is starting"),
  lost: _("The camera gives no picture"),
  off: _("The camera is switched off"),
};
const REMEMBERED = "fifteen camera";
const LONGEST_PAUSE_S = 10;
const MEASURED_OVER_MS = 3000;
const place = document.getElementById("live");
const at = (id) => document.getElementById(id);
let connection = new AbortController();
let camera = "";
let model = "";
let arrivals = [];
let last = null;
const least = place && new Least(at("least"), at("least-said"), at("below"), () => last && render());
const frozen = place && new Frozen(place, () => last);

async function watch() {
  connection.abort();
  const mine = (connection = new AbortController());
  let wait_s = 0.5;
  while (!mine.signal.aborted && !document.hidden) {
    try {
      const question = new URLSearchParams(model ? { camera, model } : { camera });
      const response = await fetch(`${place.dataset.stream}?${question}`, { signal: mine.signal });
      if (!response.ok) {
        throw await problemOf(response);
      }
      await readParts(response, async (facts, jpeg) => {
        wait_s = 0.5;
        await show(facts, jpeg, mine.signal);
      });
      say(_("The device ended the stream; trying again…"));
    } catch (problem) {
      if (mine.signal.aborted) {
        return;
      }
      say(problem.status ? problem.message : _("The device cannot be reached; trying again…"));
    }
    await pause(wait_s);
    wait_s = Math.min(2 * wait_s, LONGEST_PAUSE_S);
  }
}

async function show(facts, jpeg, signal) {
  // Somebody may press Freeze, or choose another camera, while a picture is being decoded, too.
  const unwanted = () => frozen.now || signal.aborted;
  if (unwanted()) {
    return;
  }
  showCamera(facts, jpeg.length > 0);
  showModel(facts);
  if (jpeg.length === 0) {
    showSeen(null, []);
    return;
  }
  const watching = facts.models.find((one) => one.id === facts.model_id);
  const labels = watching?.labels ?? [];
  const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  if (unwanted()) {
    picture.close();
    return;
  }
  last?.picture.close();
  last = { picture, jpeg, facts, labels };
  if (watching) {
    least.reach(watching.threshold);
  }
  at("screen").classList.add("shown");
  say("");
  render();
}

function render() {
  const { picture, facts, labels } = last;
  const detections = facts.detections && least.shown(facts);
  draw(at("picture"), picture, detections ?? [], labels);
  showSeen(detections, labels);
  frozen.allow();
}

function showCamera(facts, fresh) {
  const now = performance.now();
  arrivals = arrivals.filter((then) => now - then < MEASURED_OVER_MS);
  if (fresh) {
    arrivals.push(now);
  }
  const [word, kind] = PHASES[facts.phase] ?? [_("unknown"), "busy"];
  at("phase").textContent = word;
  at("phase").className = `mark ${kind}`;
  const rate = arrivals.length / (MEASURED_OVER_MS / 1000);
  const size = facts.width ? ` · ${facts.width} × ${facts.height}` : "";
  const frames = _("{rate} frames a second", { rate: decimal(rate, rate < 10 ? 1 : 0) });
  at("about-picture").textContent = rate === 0 ? "" : frames + size;
  if (!fresh) {
    const reason = facts.reason ? `: ${facts.reason}` : "";
    say(`${WHY_NONE[facts.phase] ?? _("Nothing is known of this camera")}${reason}`);
  }
}

function showModel(facts) {
  const shown = facts.models.find((one) => one.id === facts.model_id);
  at("model-about").textContent = shown ? aboutModel(shown, facts) : "";
  at("device-note").textContent = facts.device_note;
  at("note").textContent = facts.note;
  at("train-one")?.toggleAttribute("hidden", shown !== undefined);
  // With several models, the pressed one of their chips says the name.
  const chips = facts.models.length > 1 ? facts.models : [];
  at("model-name").textContent = chips.length === 0 && shown ? shown.name : "";
  const now = chips.map((one) => one.id + one.name).join();
  if (now !== at("models").dataset.now) {
    at("models").dataset.now = now;
    at("models").replaceChildren(...chips.map((one) => chip(one.name, one.id)));
  }
  for (const button of at("models").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.model === facts.model_id));
  }
}

function aboutModel(shown, facts) {
  const made = new Date(shown.created);
  const style = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  const when = Number.isNaN(made.getTime()) ? shown.version : made.toLocaleString(locale, style);
  const took = _("{time} ms a frame", { time: Math.round(facts.inference_ms) });
  return _("Version of {when}", { when }) + (facts.inference_ms === null ? "" : ` · ${took}`) + (facts.device ? ` · ${facts.device}` : "");
}

function chip(name, id) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "chip", textContent: name });
  button.dataset.model = id;
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function showSeen(detections, labels) {
  const best = new Map();
  for (const { label, confidence, box } of detections ?? []) {
    const before = best.get(label) ?? { count: 0, confidence: 0, boxed: false };
    const surest = Math.max(before.confidence, confidence);
    best.set(label, { count: before.count + 1, confidence: surest, boxed: box !== null });
  }
  const rows = [...best].sort(([one], [other]) => labels.indexOf(one) - labels.indexOf(other));
  at("seen").replaceChildren(...rows.map(([label, seen]) => seenRow(label, seen, labels)));
  at("nothing").textContent = detections === null ? _("Nothing is looked for right now.") : _("Nothing.");
  at("nothing").hidden = rows.length > 0;
}

function seenRow(label, { count, confidence, boxed }, labels) {
  const item = document.createElement("li");
  const sure = `${Math.round(confidence * 100)} %`;
  const times = count > 1 ? _("{count} × up to {sure}", { count, sure }) : `1 × ${sure}`;
  for (const [kind, text] of [["dot", ""], ["name", label], ["count", boxed ? times : sure]]) {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    item.append(span);
  }
  item.firstChild.style.backgroundColor = colourOf(label, labels);
  return item;
}

function say(message) {
  at("over").textContent = message;
  at("over").hidden = message === "";
  at("screen").classList.toggle("old", message !== "");
}

function choose(chosen) {
  frozen.end();
  camera = chosen;
  sessionStorage.setItem(REMEMBERED, camera);
  for (const button of at("cameras").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.camera === camera));
  }
  arrivals = [];
  say(_("Waiting for a picture…"));
  watch();
}

function start() {
  const ids = [...at("cameras").querySelectorAll("[data-camera]")].map((button) => button.dataset.camera);
  const wished = [place.dataset.camera, sessionStorage.getItem(REMEMBERED)].find((id) => ids.includes(id));
  model = place.dataset.model;
  at("cameras").addEventListener("click", ({ target }) => {
    if (target.dataset.camera) {
      choose(target.dataset.camera);
    }
  });
  at("models").addEventListener("click", ({ target }) => {
    if (target.dataset.model) {
      model = target.dataset.model;
      frozen.end();
      watch();
    }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? connection.abort() : watch()));
  window.addEventListener("resize", () => last && render());
  choose(wished ?? ids[0]);
}

if (place) {
  start();
} else {
  pause(3).then(() => location.reload());
}
