// A short message at the bottom that offers to undo; it outlives the change of the page.

import { call } from "./api.js";
import { _ } from "./words.js";

const LASTS_MS = 60_000;
const KEPT = "fifteen undo";
let timer = 0;

/** Say what was done and offer `undo`, a path to post to; `after` runs when it was undone, else the page reloads. */
export function offerUndo(text, undo, after = () => location.reload()) {
  const until = Date.now() + LASTS_MS;
  sessionStorage.setItem(KEPT, JSON.stringify({ text, undo, until }));
  show(text, undo, until, after);
}

/** Say something for a few seconds; `stays`: also on the page that comes next. */
export function say(text, { stays = false } = {}) {
  const until = Date.now() + 6_000;
  sessionStorage.removeItem(KEPT);
  if (stays) {
    sessionStorage.setItem(KEPT, JSON.stringify({ text, undo: null, until }));
  }
  show(text, null, until);
}

function show(text, undo, until, after) {
  const toast = place();
  toast.querySelector("[data-text]").textContent = text;
  const button = toast.querySelector("[data-undo]");
  button.hidden = undo === null;
  button.disabled = false;
  button.onclick = async () => {
    button.disabled = true;
    try {
      const { left_out: leftOut } = await call("POST", undo);
      say(leftOut ? _("Undone, but for {count} that came in again since.", { count: leftOut }) : _("Undone."));
      await after();
    } catch (problem) {
      say(problem.message);
    }
  };
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(hide, until - Date.now());
}

function hide() {
  sessionStorage.removeItem(KEPT);
  place().hidden = true;
}

function place() {
  const found = document.getElementById("toast");
  if (found !== null) {
    return found;
  }
  const toast = document.createElement("div");
  toast.id = "toast";
  toast.className = "toast";
  toast.hidden = true;
  const text = document.createElement("p");
  text.dataset.text = "";
  text.setAttribute("role", "status");
  toast.append(text, pressable(_("Undo"), "undo"), pressable(_("Close"), "close"));
  toast.querySelector("[data-close]").onclick = hide;
  document.body.append(toast);
  return toast;
}

function pressable(text, name) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button", textContent: text });
  button.dataset[name] = "";
  return button;
}

const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
if (kept !== null && kept.until > Date.now()) {
  show(kept.text, kept.undo, kept.until, () => location.reload());
}
