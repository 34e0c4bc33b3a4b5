// Create: three steps on one page, each with an address of its own so that Back in the browser goes a step back.
// What is typed is kept in this tab until the model is there.

import { call, tell } from "./api.js";
import { attributesEditor } from "./attributes.js";
import { _, ngettext } from "./words.js";

const form = document.getElementById("new-model");
const fields = form.elements;
const read = document.getElementById("objects-read");
const withImages = document.getElementById("with-images");
const KEPT = "fifteen new model";
const STEPS = ["basics", "tags", "review"];
const KINDS = { detection: _("Object detection"), classification: _("Classification") };
const attributes = attributesEditor(form.querySelector("[data-attributes]"), keep);

function objectNames() {
  const names = fields.objects.value.match(/"[^"]*"|\u201c[^\u201d]*\u201d|[^,"\u201c\u201d]+/g) ?? [];
  return names.map((name) => name.replaceAll(/["\u201c\u201d]/g, "").trim()).filter((name) => name !== "");
}

function showObjects() {
  read.replaceChildren(
    ...objectNames().map((name, index) => {
      const item = document.createElement("li");
      const dot = document.createElement("span");
      dot.className = `dot tag-${index % 8}`;
      item.append(dot, name);
      return item;
    }),
  );
}

function source() {
  const option = fields.start?.value === "existing" ? fields.source.selectedOptions[0] : undefined;
  return option?.value ? option : null;
}

/** One tag for each picture, or several: to be chosen for whole pictures, where the model started from has one. */
function showHowMany() {
  document.getElementById("how-many").hidden = fields.kind.value !== "classification";
  for (const radio of fields.several) {
    radio.disabled = radio.value === "" && source()?.dataset.several === "yes";
  }
}

/** Show what belongs to the way of starting; the type follows the model that is started from. */
function showStart() {
  showStartingModel();
  showHowMany();
}

function showStartingModel() {
  if (fields.start === undefined) {
    return;
  }
  document.getElementById("existing").hidden = fields.start.value !== "existing";
  const chosen = source();
  for (const radio of form.querySelectorAll("[name=kind]")) {
    radio.disabled = chosen !== null && radio.value !== chosen.dataset.kind;
    radio.checked = chosen === null ? radio.checked : radio.value === chosen.dataset.kind;
  }
  const images = Number(chosen?.dataset.images ?? 0);
  withImages.hidden = images === 0;
  document.getElementById("images-count").textContent =
    ngettext(
    "{num} image, with what is tagged by the names below.",
    "{num} images, with what is tagged by the names below.",
    images,
  );
}

function takeFromSource() {
  const chosen = source();
  if (chosen !== null) {
    fields.objects.value = chosen.dataset.objects;
    attributes.fill(Object.entries(JSON.parse(chosen.dataset.pairs)));
  }
  fields.several.value = chosen?.dataset.several ?? fields.several.value;
  showStart();
  showObjects();
  keep();
}

function keep() {
  const values = {
    start: fields.start?.value,
    source: fields.source?.value,
    images: fields.images?.checked,
    name: fields.name.value,
    kind: fields.kind.value,
    several: fields.several.value,
    objects: fields.objects.value,
    automatic: fields.automatic.checked,
    attributes: attributes.rows(),
  };
  sessionStorage.setItem(KEPT, JSON.stringify(values));
}

function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  const given = form.dataset;
  if (given.objects !== "" || given.from !== "") {
    fields.objects.value = given.objects;
    fields.kind.value = given.kind in KINDS ? given.kind : "detection";
    if (given.from !== "" && fields.start !== undefined) {
      fields.start.value = "existing";
      fields.source.value = given.from;
      takeFromSource();
    }
  } else if (kept !== null) {
    for (const name of ["start", "source", "name", "kind", "several", "objects"]) {
      if (kept[name] !== undefined && fields[name] !== undefined) {
        fields[name].value = kept[name];
      }
    }
    fields.automatic.checked = kept.automatic;
    if (fields.images !== undefined) {
      fields.images.checked = kept.images ?? true;
    }
    attributes.fill(kept.attributes);
  }
  showStart();
  showObjects();
}

/** The step that has a problem, with the problem told there; null when all is well. */
function firstProblem() {
  const missing = [
    [
      fields.start?.value === "existing" && source() === null,
      _("Existing model: choose one, or start from scratch."),
      "source",
    ],
    [fields.name.value.trim() === "", _("Model Name: a name is needed."), "name"],
    [objectNames().length === 0, _("Objects: at least one is needed, for example: low stock."), "objects"],
  ].find(([wrong]) => wrong);
  if (missing) {
    return { step: "basics", message: missing[1], field: fields[missing[2]] };
  }
  try {
    attributes.read();
  } catch (problem) {
    return { step: "tags", message: problem.message, field: null };
  }
  return null;
}

/** Whether a picture may have several tags; undefined where it has boxes. */
function several() {
  return fields.kind.value === "classification" ? fields.several.value === "yes" : undefined;
}

function fact(name, value) {
  const term = document.createElement("dt");
  term.textContent = name;
  const text = document.createElement("dd");
  text.textContent = value;
  return [term, text];
}

function showReview() {
  const chosen = source();
  const images = chosen !== null && fields.images.checked && Number(chosen.dataset.images) > 0;
  let start = _("From scratch");
  if (chosen !== null) {
    const values = { name: chosen.text };
    start = images ? _("From '{name}', with its images", values) : _("From '{name}', without its images", values);
  }
  document.getElementById("review-basics").replaceChildren(
    ...fact(_("Start"), start),
    ...fact(_("Model Name"), fields.name.value.trim()),
    ...fact(_("Type"), KINDS[fields.kind.value]),
    ...(several() === undefined ? [] : fact(_("Tags for each picture"), several() ? _("Several") : _("One"))),
    ...fact(_("Objects"), objectNames().map((name) => (name.includes(",") ? `"${name}"` : name)).join(", ")),
    ...fact(_("Train by itself"), fields.automatic.checked ? _("Yes") : _("No")),
  );
  const pairs = Object.entries(attributes.read());
  document.getElementById("review-tags").replaceChildren(
    ...(pairs.length ? pairs.flatMap(([name, text]) => fact(name, text)) : fact(_("Tags"), _("None"))),
  );
}

function show(moved) {
  let step = STEPS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "basics";
  const problem = firstProblem();
  const stopped = problem !== null && STEPS.indexOf(step) > STEPS.indexOf(problem.step);
  if (stopped) {
    step = problem.step;
    history.replaceState(null, "", `#${step}`);
  }
  tell(stopped && moved ? problem.message : "", form);
  if (step === "review") {
    showReview();
  }
  for (const section of form.querySelectorAll("[data-step]")) {
    section.hidden = section.dataset.step !== step;
  }
  for (const button of form.querySelectorAll("[data-at]")) {
    button.hidden = button.dataset.at !== step;
  }
  form.querySelector("[data-create]").hidden = step !== "review";
  for (const link of document.querySelectorAll("[data-stage]")) {
    link.toggleAttribute("data-done", STEPS.indexOf(link.dataset.stage) < STEPS.indexOf(step));
    if (link.dataset.stage === step) {
      link.setAttribute("aria-current", "step");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  if (moved) {
    const first = stopped ? problem.field : null;
    (first ?? form.querySelector(`[data-step=${step}] h2`)).focus();
  }
}

function go(step) {
  if (location.hash === `#${step}`) {
    show(true);
  } else {
    location.hash = step;
  }
}

form.addEventListener("input", () => {
  showObjects();
  keep();
});
form.addEventListener("change", (event) => {
  if (event.target.name === "source") {
    takeFromSource();
  } else if (event.target.name === "start" || event.target.name === "kind") {
    showStart();
  }
  keep();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-to]");
  if (button !== null) {
    go(button.dataset.to);
  } else if (event.target.closest("[data-cancel]") !== null) {
    sessionStorage.removeItem(KEPT);
  }
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const at = form.querySelector("[data-step]:not([hidden])").dataset.step;
  if (at !== "review") {
    go(STEPS[STEPS.indexOf(at) + 1]);
    return;
  }
  const create = form.querySelector("[data-create]");
  const chosen = source();
  create.disabled = true;
  try {
    const model = await call("POST", "/api/models", {
      name: fields.name.value,
      kind: fields.kind.value,
      several: several(),
      objects: fields.objects.value,
      automatic: fields.automatic.checked,
      attributes: attributes.read(),
      ...(chosen !== null && fields.images.checked ? { based_on: chosen.value } : {}),
    });
    sessionStorage.removeItem(KEPT);
    location.assign(model.page);
  } catch (problem) {
    tell(problem.message, form);
    create.disabled = false;
  }
});
window.addEventListener("hashchange", () => show(true));
restore();
show(false);
