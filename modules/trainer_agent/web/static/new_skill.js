// A new skill: a template, cameras, a model and what it looks for; then on to the editor.

import { call, tell } from "./api.js";
import { _ } from "./words.js";

const form = document.getElementById("new-skill");
const at = (id) => document.getElementById(id);
const models = JSON.parse(form.dataset.models);
const gapWords = JSON.parse(form.dataset.gaps);
const MOST_CHIPS = 40;
const PERSON = "Person";

const template = () => form.querySelector("[name=template]:checked");
const model = () => models.find(({ id }) => id === form.elements.model?.value);

function showTemplate() {
  const { number, numberWords, seconds, secondsWords, people, gaps } = template().dataset;
  showNumber("number", number, numberWords);
  showNumber("seconds", seconds, secondsWords);
  // People are found by a model that knows them; one that was trained on goods does not.
  const knowing = models.find((one) => one.people);
  if (people && knowing && !model()?.people) {
    form.elements.model.value = knowing.id;
  }
  at("gaps").hidden = !gaps;
  showModel();
}

function showNumber(name, usual, words) {
  const place = at(`${name}-of`);
  place.hidden = usual === "";
  place.querySelector("label").textContent = words;
  const input = place.querySelector("input");
  input.value = usual;
  input.disabled = usual === "";
}

function showModel() {
  const chosen = model();
  at("absent").hidden = chosen === undefined || chosen.live;
  const labels = chosen?.labels ?? [];
  at("tags-of").hidden = labels.length === 0 || labels.length > MOST_CHIPS;
  at("tags").replaceChildren(...(at("tags-of").hidden ? [] : labels.map(tagChip)));
  showGaps();
}

function tagChip(label) {
  const item = document.createElement("li");
  const chip = document.createElement("label");
  chip.className = "chip pick";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "tag", value: label });
  const { people, gaps } = template().dataset;
  box.checked = (people && label === PERSON) || (gaps && isGap(label)) || false;
  chip.append(box, label);
  item.append(chip);
  return item;
}

const isGap = (label) => gapWords.some((word) => label.toLowerCase().includes(word));

/** A tag for empty places turns the rule round. */
function showGaps() {
  form.elements.gaps.checked = !at("gaps").hidden && allGaps();
  showWords();
}

/** More empty places, or fewer goods. */
function showWords() {
  const { numberWords, gapsWords } = template().dataset;
  at("number-of").querySelector("label").textContent = form.elements.gaps.checked ? gapsWords : numberWords;
}

function allGaps() {
  const chosen = [...form.querySelectorAll("[name=tag]:checked")].map(({ value }) => value);
  return chosen.length > 0 && chosen.every(isGap);
}

async function install(button) {
  button.disabled = true;
  tell("", form);
  try {
    await call("PUT", model().install);
    model().live = true;
    const option = form.elements.model.selectedOptions[0];
    option.textContent = model().name;
    at("absent").hidden = true;
  } catch (problem) {
    tell(problem.message, form);
  }
  button.disabled = false;
}

form.addEventListener("change", ({ target }) => {
  if (target.name === "template") {
    showTemplate();
  } else if (target.name === "model") {
    showModel();
  } else if (target.name === "tag") {
    showGaps();
  } else if (target.name === "gaps") {
    showWords();
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = new FormData(form);
  if (chosen.getAll("camera").length === 0) {
    tell(_("Choose a camera."), form);
    return;
  }
  const name = chosen.get("template");
  chosen.delete("template");
  location.assign(`${form.dataset.action.replace("TEMPLATE", name)}?${new URLSearchParams(chosen)}`);
});
at("install")?.addEventListener("click", ({ currentTarget }) => install(currentTarget));
if (models.length > 0) {
  showTemplate();
}
