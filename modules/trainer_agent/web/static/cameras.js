// Cameras: how each does as it changes, its last picture, test, delete and put back, what is plugged in.

import { call, refresh, tell } from "./api.js";
import { follow } from "./follow.js";
import { _ } from "./words.js";

const PICTURES_EVERY_MS = 5000;
const place = document.getElementById("cameras");
const said = document.getElementById("said");
const look = document.getElementById("look");
const cards = () => [...document.querySelectorAll("[data-camera]")];

async function show({ cameras }) {
  const shown = cards().map((card) => card.dataset.camera + card.querySelector("h2").textContent);
  if (cameras.map(({ id, name }) => id + name).join() !== shown.join()) {
    await refresh("cameras").catch(() => {});
    showPictures(true);
  }
  for (const one of cameras) {
    showCamera(one);
  }
}

function showCamera(one) {
  const card = cards().find(({ dataset }) => dataset.camera === one.id);
  if (card === undefined) {
    return;
  }
  card.dataset.phase = one.phase;
  const at = (name) => card.querySelector(`[data-${name}]`);
  at("mark").textContent = one.mark;
  at("mark").className = `mark ${one.look}`;
  at("location").textContent = one.location;
  at("location").hidden = one.location === "";
  at("about").textContent = one.about;
  at("why").textContent = one.reason;
  at("why").hidden = one.reason === "";
  at("since").textContent = one.since;
}

function showPictures(all) {
  for (const card of cards()) {
    if (all || (card.dataset.phase === "live" && !document.hidden)) {
      showPicture(card);
    }
  }
}

async function showPicture(card) {
  const picture = card.querySelector("[data-last]");
  const next = new Image();
  next.src = `${picture.dataset.last}?at=${Date.now()}`;
  try {
    await next.decode();
  } catch {
    return;
  }
  picture.src = next.src;
  picture.hidden = false;
  card.querySelector("[data-none]").hidden = true;
}

async function test(button) {
  const card = button.closest("[data-camera]");
  const answer = card.querySelector("[data-tested]");
  button.disabled = true;
  answer.className = "tested";
  answer.textContent = _("Testing… this can take some seconds.");
  try {
    const { reason, width, height } = await call("POST", button.dataset.test);
    answer.classList.add(reason ? "bad" : "good");
    answer.textContent = reason
      ? _("No picture. {reason}", { reason })
      : _("It works: a picture of {width} × {height} came.", { width, height });
    showPicture(card);
  } catch (problem) {
    answer.classList.add("bad");
    answer.textContent = problem.message;
  }
  button.disabled = false;
}

async function change(method, path, words) {
  tell("");
  try {
    await call(method, path);
    said.textContent = words;
    await refresh("cameras", "removed");
    showPictures(true);
    findPlugged();
  } catch (problem) {
    tell(problem.message);
  }
}

async function findPlugged() {
  const none = document.getElementById("found-none");
  look.disabled = true;
  none.textContent = _("Looking…");
  try {
    const { found } = await call("GET", look.dataset.path);
    document.getElementById("found").replaceChildren(...found.map(foundRow));
    none.textContent = found.length ? "" : _("No USB camera is plugged in.");
  } catch (problem) {
    none.textContent = problem.message;
  }
  look.disabled = false;
}

function foundRow({ address, name, problem, used_by: usedBy }) {
  const item = document.createElement("li");
  const words = document.createElement("strong");
  words.textContent = name;
  item.append(words);
  if (usedBy || problem) {
    const why = document.createElement("span");
    why.className = "quiet";
    why.textContent = usedBy ? _("in use as {name}", { name: usedBy }) : _("cannot be used: {problem}", { problem });
    item.append(why);
  } else {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `${look.dataset.add}?${new URLSearchParams({ kind: "v4l2", address, name })}`;
    link.textContent = _("Add");
    link.setAttribute("aria-label", _("Add {name}", { name }));
    item.append(link);
  }
  return item;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const { test: tested, delete: removed, putBack, name } = button?.dataset ?? {};
  if (tested) {
    test(button);
  } else if (removed && confirm(_("Delete the camera {name}? Images taken with it stay.", { name }))) {
    change("DELETE", removed, _("{name} is deleted. Below it can be put back.", { name }));
  } else if (putBack) {
    change("POST", putBack, _("{name} is back.", { name }));
  }
});
look.addEventListener("click", findPlugged);
follow(place.dataset.events, place.dataset.path, show, () => tell(_("The device cannot be reached; trying again.")));
showPictures(true);
setInterval(showPictures, PICTURES_EVERY_MS, false);
findPlugged();
