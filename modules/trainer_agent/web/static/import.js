// Import: sends a file, then follows how it is read.

import { call, tell } from "./api.js";
import { follow } from "./follow.js";
import { sendPieces } from "./send_pieces.js";
import { _, decimal, ngettext } from "./words.js";

const place = document.getElementById("import");
const field = document.getElementById("file");
const drop = document.getElementById("drop");
const progress = document.getElementById("progress");
const piece = Number(place.dataset.piece);
const largest = Number(place.dataset.largest);
let busy = false;

function show(fraction, stage) {
  document.getElementById("bar").value = fraction;
  document.getElementById("percent").textContent = `${Math.floor(fraction * 100)} %`;
  const line = document.getElementById("stage");
  if (line.textContent !== stage) {
    line.textContent = stage;
  }
}

const words = (sent, all) =>
  _("Sending: {sent} of {all} MB", { sent: decimal(sent / 1e6, 0), all: decimal(all / 1e6, 0) });

/** Half of the bar is sending, half is reading. */
async function sendAll(file) {
  const path = await sendPieces(place.dataset.path, file, piece, (sent) =>
    show((0.5 * sent) / file.size, words(sent, file.size)),
  );
  await call("POST", `${path}/finish`);
  return path;
}

function ended(path) {
  return new Promise((resolve) => {
    const end = follow(`${path}/events`, path, (state) => {
      show(0.5 + 0.5 * state.fraction, state.stage);
      if (state.phase === "done" || state.phase === "refused") {
        end();
        resolve(state);
      }
    });
  });
}

function settle(state) {
  progress.hidden = true;
  if (state.phase === "refused") {
    tell(_("Nothing was imported. {reason}", { reason: state.message }), place);
    return;
  }
  document.getElementById("done-text").textContent = ngettext(
    "Imported with {num} image.",
    "Imported with {num} images.",
    state.images,
  );
  document.getElementById("done-note").textContent = state.message;
  document.getElementById("open-model").href = state.page;
  document.getElementById("done").hidden = false;
  document.getElementById("open-model").focus();
}

async function take(file) {
  if (busy || file === undefined) {
    return;
  }
  tell("", place);
  document.getElementById("done").hidden = true;
  if (file.size > largest) {
    const values = { name: file.name, size: decimal(file.size / 1e9, 1), largest: largest / 1e9 };
    tell(_("{name} is too large: {size} GB; at most {largest} GB can be taken.", values), place);
    return;
  }
  busy = true;
  drop.hidden = true;
  progress.hidden = false;
  document.getElementById("file-name").textContent = file.name;
  show(0, _("Sending"));
  try {
    settle(await ended(await sendAll(file)));
  } catch (problem) {
    progress.hidden = true;
    tell(problem.message, place);
  }
  busy = false;
  drop.hidden = false;
}

field.addEventListener("change", () => {
  take(field.files[0]);
  field.value = "";
});
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
