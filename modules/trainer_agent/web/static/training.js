// A training as it runs: the device sends each change; when that line is cut, the page asks.

import { call, tell } from "./api.js";
import { follow } from "./follow.js";
import { say } from "./toast.js";
import "./train.js";
import { _, ngettext } from "./words.js";

const place = document.getElementById("training");
const shown = JSON.parse(place.dataset.state);

function words(seconds) {
  if (seconds < 90) {
    return ngettext("About {num} second left", "About {num} seconds left", Math.max(1, Math.round(seconds)));
  }
  return ngettext("About {num} minute left", "About {num} minutes left", Math.round(seconds / 60));
}

function show(state) {
  if (state.active !== shown.active || (!state.active && state.number !== shown.number)) {
    location.reload();
    return;
  }
  if (!state.active) {
    return;
  }
  const stage = state.phase === "waiting" ? _("Waiting for another training to end") : state.stage;
  const line = document.getElementById("stage-text");
  if (line.textContent !== stage) {
    line.textContent = stage;
  }
  document.getElementById("percent").textContent = `${Math.round(state.fraction * 100)} %`;
  document.getElementById("bar").value = state.fraction;
  document.getElementById("left").textContent = state.seconds_left === null ? "" : words(state.seconds_left);
}

document.getElementById("cancel")?.addEventListener("click", async ({ currentTarget: button }) => {
  button.disabled = true;
  tell("", place);
  try {
    show(await call("DELETE", button.dataset.cancel));
  } catch (problem) {
    button.disabled = false;
    if (problem.status === 409) {
      // It has ended: the page shows how, and these words beside it.
      say(problem.message, { stays: true });
      location.reload();
    } else {
      tell(problem.message, place);
    }
  }
});

follow(place.dataset.events, place.dataset.path, show, () => {
  document.getElementById("left")?.replaceChildren(_("The device cannot be reached; trying again."));
});
