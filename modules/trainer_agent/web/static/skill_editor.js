// The editor of skills: the document with its history, which the device checks, draws and tries at every change.

import { call, tell } from "./api.js";
import { follow } from "./follow.js";
import { RENEWS, goTo, showProblems, valueOf, withValue } from "./skill_fields.js";
import { offerRehearsal } from "./rehearsal.js";
import { GONE, SkillElsewhere } from "./skill_elsewhere.js";
import { SkillKinds } from "./skill_kinds.js";
import { SkillView } from "./skill_view.js";
import { say } from "./toast.js";
import { ZoneTools } from "./zone_tools.js";
import { _, ngettext } from "./words.js";

const SETTLE_MS = 300;
/** A draft that nobody writes again ends after a few minutes. */
const WRITE_AGAIN_MS = 60_000;
const NEW_ZONE = "+";
const form = document.getElementById("editor");
const bar = form.querySelector(".save-bar");
const at = (id) => document.getElementById(id);
const KEPT = `fifteen skill ${location.pathname}${location.search}`;

let skill = JSON.parse(form.dataset.document);
let { edition } = form.dataset;
let past = [];
let future = [];
let lastRun = null;
let faults = [];
let settling = 0;
let asked = Promise.resolve();
let wanted = 0;

const view = new SkillView(form.dataset.stream, () => tools.fit(at("picture")));
const tools = new ZoneTools(form, {
  onDrawn: (zone, camera, points, run) => {
    take({ ...skill, zones: { ...skill.zones, [zone]: { ...skill.zones[zone], [camera]: points } } }, run);
  },
  onNamed: (old, name) => ask({ kind: "rename_zone", old, new: name }),
  onCamera: (camera) => view.look(camera),
  onZoom: (part) => view.lookAt(part),
});

const kinds = new SkillKinds(ask, () => skill);
const elsewhere = new SkillElsewhere(at("elsewhere"), {
  onTheirs: (now) => {
    remember(null);
    ({ document: skill, edition } = now);
    renewed();
    say(_("This is what was saved there; Undo brings yours back."));
  },
  onMine: (now) => {
    if (now === null) {
      Object.assign(form.dataset, { method: "POST", path: form.dataset.add });
    }
    edition = now?.edition ?? "";
    save();
  },
});

/** A changed document; changes of one run (not null) are undone together. */
function take(next, run) {
  remember(run);
  skill = next;
  shown();
  clearTimeout(settling);
  settling = setTimeout(() => ask(null), SETTLE_MS);
}

function remember(run) {
  if (run === null || run !== lastRun) {
    past.push(skill);
  }
  future = [];
  lastRun = run;
}

function shown() {
  if (past.length > 0) {
    sessionStorage.setItem(KEPT, JSON.stringify({ document: skill, edition }));
  } else {
    sessionStorage.removeItem(KEPT);
  }
  at("undo").disabled = past.length === 0;
  at("redo").disabled = future.length === 0;
  view.watchFor(skill.actions.map(({ when }) => when));
  tools.show(skill);
}

/** Have the device check the document, after a change of its chain where there is one; `renew`: show new cards. */
function ask(change, renew = change !== null) {
  clearTimeout(settling);
  const number = ++wanted;
  if (renew) {
    at("cards").inert = true;
  }
  // One after the other, each with the document as it is by then.
  asked = asked.then(() => answered(change, renew, number)).catch((problem) => tell(problem.message, bar));
  return asked;
}

async function answered(change, renew, number) {
  if (number < wanted && change === null && !renew) {
    return; // a later question tells more
  }
  const sent = skill;
  let state;
  try {
    state = await call("PUT", form.dataset.draftPath, { document: sent, change });
    tell("", bar);
  } finally {
    at("cards").inert = false;
  }
  if (change !== null) {
    if (change.kind !== "tidy") {
      remember(null);
    }
    skill = state.document;
    shown();
  }
  if (renew) {
    renewCards(state.cards);
  }
  show(state);
}

function show({ problems, watches, done, picture }) {
  faults = showProblems(form, problems);
  const count = problems.length;
  at("faults").hidden = count === 0;
  at("faults").lastElementChild.textContent = ngettext("{num} thing to mend", "{num} things to mend", count);
  if (watches) {
    at("watches").textContent = watches;
    at("done").textContent = done;
  }
  at("chain-picture").replaceWith(parsed(picture));
  view.showNumbers();
}

const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body.firstElementChild;

function renewCards(html) {
  const focused = document.activeElement?.id;
  at("cards").replaceWith(parsed(html));
  const again = focused ? at(focused) : null;
  again?.focus({ preventScroll: true });
  view.choose(view.chosen);
}

function typed(field, immediately) {
  const path = field.dataset.field;
  const kind = field.dataset.kind;
  const value = valueOf(field);
  if (kind === "zone" && value === NEW_ZONE) {
    const place = Number(path.split(".")[1]);
    const name = skill.steps[place].do === "crossings" ? _("line") : _("zone");
    ask({ kind: "add_zone", at: place, name }).then(() => tools.choose(skill.steps[place].zone));
    return;
  }
  take(withValue(skill, path, value), immediately ? null : path);
  if (RENEWS.has(kind)) {
    ask({ kind: "tidy" });
  }
}

function step(from, to) {
  if (from.length > 0) {
    to.push(skill);
    skill = from.pop();
    lastRun = null;
    renewed();
  }
}

/** Another document in place of the one before. */
function renewed() {
  fillHead();
  shown();
  ask(null, true);
}

/** What is beside the cards, from the document. */
function fillHead() {
  at("name").value = skill.name;
  for (const box of form.querySelectorAll("#cameras input")) {
    box.checked = skill.cameras.includes(box.value);
  }
}

async function save() {
  at("save").disabled = true; // at once: a second click would be refused as a change from another screen
  await ask(null);
  tell("", bar);
  elsewhere.hide();
  if (faults.length > 0) {
    at("save").disabled = false;
    goTo(faults[0]);
    tell(_("Not saved yet: {what}", { what: faults[0].textContent }), bar);
    return;
  }
  try {
    await call(form.dataset.method, form.dataset.path, { document: skill, draft: form.dataset.draft, edition });
    sessionStorage.removeItem(KEPT);
    say(_("'{name}' is saved.", { name: skill.name }), { stays: true });
    location.assign(form.dataset.list);
  } catch (problem) {
    if (!elsewhere.tells(problem)) {
      tell(problem.message, bar);
    }
    at("save").disabled = false;
  }
}

async function install(button) {
  button.disabled = true;
  try {
    await call("PUT", button.dataset.install);
    await ask(null, true);
  } catch (problem) {
    button.disabled = false;
    tell(problem.message, bar);
  }
}

form.addEventListener("input", ({ target }) => {
  const field = target.closest("[data-field]");
  if (field !== null && target.tagName === "INPUT" && target.type !== "checkbox") {
    typed(field, false);
  }
});
form.addEventListener("change", ({ target }) => {
  const field = target.closest("[data-field]");
  if (field !== null && (target.tagName === "SELECT" || target.type === "checkbox")) {
    typed(field, true);
  }
});
form.addEventListener("focusin", ({ target }) => {
  const card = target.closest("[data-place]");
  const used = card && skill.steps[Number(card.dataset.place.split(".")[1])]?.zone;
  if (card?.dataset.step && used) {
    tools.choose(used);
  }
});
form.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const { choose, move, at: place, removeStep, removeAction, addStep, addAction, install: from } = button?.dataset ?? {};
  if (choose !== undefined) {
    view.choose(choose);
  } else if (move !== undefined) {
    ask({ kind: "move_step", at: Number(place), by: Number(move) });
  } else if (removeStep !== undefined) {
    ask({ kind: "remove_step", at: Number(removeStep) });
  } else if (removeAction !== undefined) {
    ask({ kind: "remove_action", at: Number(removeAction) });
  } else if (addStep !== undefined) {
    kinds.openSteps(button);
  } else if (addAction !== undefined) {
    kinds.openActions();
  } else if (from !== undefined) {
    install(button);
  }
});
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y") && !event.target.closest("input")) {
    event.preventDefault();
    step(...(key === "y" || event.shiftKey ? [future, past] : [past, future]));
  }
});
at("undo").addEventListener("click", () => step(past, future));
at("redo").addEventListener("click", () => step(future, past));
at("faults").addEventListener("click", () => faults.length > 0 && goTo(faults[0]));
at("cancel").addEventListener("click", () => sessionStorage.removeItem(KEPT));
// Enter in a field takes what it says; a skill is saved, and left, by its button alone.
form.addEventListener("submit", (event) => event.preventDefault());
at("save").addEventListener("click", save);

const deleted = "deleted" in form.dataset;
const kept = JSON.parse(sessionStorage.getItem(KEPT));
if (kept !== null && JSON.stringify(kept.document) !== JSON.stringify(skill)) {
  past.push(skill);
  // With its edition: it may have been saved on another screen since.
  ({ document: skill, edition } = kept);
  fillHead();
  if (!deleted) {
    say(_("What was not saved last time is back; Undo takes it away.")); // else over what tells of that
  }
}
shown();
view.choose(null);
ask(null, kept !== null);
follow(form.dataset.events, form.dataset.draftPath, ({ traces }) => view.hear(traces));
if (deleted) {
  elsewhere.tells({ status: GONE });
}
offerRehearsal(() => ({ skill, camera: tools.camera }));
setInterval(() => document.hidden || ask(null), WRITE_AGAIN_MS);
