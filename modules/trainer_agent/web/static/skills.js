// Skills: how each does as it changes, on and off, delete with undo.

import { call, refresh, tell } from "./api.js";
import { follow } from "./follow.js";
import { offerUndo } from "./toast.js";
import { _ } from "./words.js";

const place = document.getElementById("skills");
const cards = () => [...document.querySelectorAll("[data-skill]")];
const renew = () => refresh("skills", "removed");

async function show({ skills }) {
  tell("");
  const shown = cards().map(({ dataset }) => dataset.skill + dataset.name);
  if (skills.map(({ id, name }) => id + name).join() !== shown.join()) {
    await renew().catch(() => {});
  }
  for (const one of skills) {
    const card = cards().find(({ dataset }) => dataset.skill === one.id);
    if (card !== undefined) {
      showSkill(card, one);
    }
  }
}

function showSkill(card, one) {
  card.dataset.phase = one.phase;
  const at = (name) => card.querySelector(`[data-${name}]`);
  at("mark").textContent = one.mark;
  at("mark").className = `mark ${one.look}`;
  for (const name of ["watches", "why", "cameras", "done"]) {
    at(name).textContent = one[name];
  }
  at("why").hidden = one.why === "";
  if (one.own) {
    showSwitch(at("switch"), one.enabled);
  }
}

function showSwitch(button, enabled) {
  button.setAttribute("aria-checked", String(enabled));
  button.querySelector("[data-said]").textContent = enabled ? _("On") : _("Off");
}

async function attempt(action) {
  tell("");
  try {
    await action();
  } catch (problem) {
    tell(problem.message);
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const { switch: switched, delete: removed, putBack, back, name } = button?.dataset ?? {};
  if (switched !== undefined) {
    const enabled = button.getAttribute("aria-checked") !== "true";
    attempt(async () => {
      await call("PUT", switched, { enabled });
      showSwitch(button, enabled);
    });
  } else if (removed !== undefined) {
    attempt(async () => {
      await call("DELETE", removed);
      offerUndo(_("'{name}' was deleted.", { name }), putBack, renew);
      await renew();
    });
  } else if (back !== undefined) {
    attempt(async () => {
      await call("POST", back);
      await renew();
    });
  }
});

follow(place.dataset.events, place.dataset.path, show, () => tell(_("The device cannot be reached; trying again.")));
