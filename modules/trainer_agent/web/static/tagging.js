// Tagging one image: the chosen tag, the boxes, the keyboard; each box goes to the outbox the moment it is drawn.

import { call, tell } from "./api.js";
import { uuid } from "./boxes.js";
import { Canvas } from "./canvas.js";
import { Outbox } from "./outbox.js";
import { Proposals } from "./proposals.js";
import { offerUndo } from "./toast.js";

const place = document.getElementById("tagging");
const task = JSON.parse(place.dataset.task);
const base = `/api/images/${task.image.id}`;
const detection = task.kind === "detection";
const saved = document.getElementById("saved");
const chips = [...document.querySelectorAll("#chips .chip")];
const REMEMBERED = `fifteen tag ${location.pathname.split("/")[2]}`;

let boxes = task.boxes;
let nothing = task.nothing;
let chosenBox = null;
let tag = detection ? Number(sessionStorage.getItem(REMEMBERED)) : task.image.tag;
if (detection && !task.tags.some(({ id }) => id === tag)) {
  tag = task.tags[0].id;
}

const pathOf = (id) => `${base}/boxes/${id}`;
const nameOf = (id) => task.tags.find((one) => one.id === id)?.name ?? "";
const colourOf = (id) => `tag-${Math.max(0, task.tags.findIndex((one) => one.id === id)) % 8}`;
const look = (id) => ({ name: nameOf(id), colour: colourOf(id ?? tag) });

const outbox = new Outbox(
  (count, problem) => {
    saved.classList.toggle("trouble", problem !== null);
    if (problem !== null) {
      saved.textContent = `Not saved yet: ${problem.message} Trying again…`;
    } else if (count > 0) {
      saved.textContent = saved.classList.contains("trouble") ? saved.textContent : "Saving…";
    } else {
      saved.textContent = saved.textContent === "" ? "" : "Saved";
    }
    render();
  },
  (path, problem) => {
    boxes = boxes.filter(({ id }) => pathOf(id) !== path);
    nothing &&= path !== `${base}/nothing`;
    tell(`Not taken: ${problem.message}`, place);
  },
);

document.getElementById("stage").style.setProperty("--ratio", task.image.width / task.image.height);

const canvas = detection
  ? new Canvas(
      document.getElementById("layer"),
      document.getElementById("labels"),
      [task.image.width, task.image.height],
      look,
      {
        drawn: (corners) => {
          const box = { id: uuid(), tag, box: corners };
          boxes = [...boxes, box];
          // Not chosen: its grips would catch the start of the next box, right beside it.
          chosenBox = null;
          keep(box);
        },
        changed: (id, corners) => change(id, { box: corners }),
        chosen: (id) => choose(id),
        accepted: (id) => proposals.accept(proposals.open.filter((one) => one.id === id)),
        tooSmall: () => tell("That box is too small. Draw it around the whole area.", place),
      },
    )
  : null;

const proposals = detection
  ? new Proposals(document.getElementById("proposals"), `${base}/proposals`, {
      accepted: (accepted) => {
        boxes = [...boxes, ...accepted];
        accepted.forEach(keep);
      },
      changed: () => render(),
      drawn: () => boxes,
    })
  : null;

/** Show what was tagged here before a reload and is not on the device yet. */
function resume() {
  for (const [path, { method, body }] of outbox.letters()) {
    if (path === `${base}/tag`) {
      tag = body.tag;
      nothing = false;
    } else if (path === `${base}/nothing`) {
      nothing = true;
    } else if (path.startsWith(`${base}/boxes/`)) {
      const id = path.slice(pathOf("").length);
      boxes = boxes.filter((one) => one.id !== id);
      boxes = method === "PUT" ? [...boxes, { id, ...body }] : boxes;
      nothing &&= method !== "PUT";
    }
  }
}

function keep(box) {
  tell("", place);
  nothing = false;
  outbox.put("PUT", pathOf(box.id), { tag: box.tag, box: box.box });
  proposals.answer();
  render();
}

function change(id, difference) {
  boxes = boxes.map((one) => (one.id === id ? { ...one, ...difference } : one));
  keep(boxes.find((one) => one.id === id));
}

function choose(id) {
  chosenBox = id;
  render();
}

function deleteChosen() {
  if (chosenBox === null) {
    return;
  }
  const gone = chosenBox;
  boxes = boxes.filter(({ id }) => id !== gone);
  chosenBox = null;
  outbox.put("DELETE", pathOf(gone));
  render();
}

function pickTag(id) {
  if (detection) {
    tag = id;
    sessionStorage.setItem(REMEMBERED, String(id));
  } else {
    tag = tag === id ? null : id;
    nothing = false;
    outbox.put("PUT", `${base}/tag`, { tag });
  }
  render();
}

function render() {
  for (const chip of chips) {
    chip.setAttribute("aria-pressed", String(Number(chip.dataset.tag) === tag));
  }
  document.getElementById("nothing").hidden = nothing || boxes.length > 0 || (!detection && tag !== null);
  document.getElementById("marked").hidden = !nothing;
  if (canvas === null) {
    return;
  }
  const shown = boxes.map((box) => ({ ...box, unsaved: outbox.has(pathOf(box.id)) }));
  canvas.show(shown, chosenBox, proposals.open);
  const chosen = boxes.find(({ id }) => id === chosenBox);
  document.getElementById("selection").hidden = boxes.length === 0;
  document.getElementById("selected").hidden = chosen === undefined;
  document.getElementById("unselected").hidden = chosen !== undefined;
  if (chosen !== undefined) {
    document.getElementById("retag").value = String(chosen.tag);
  }
  renderList();
}

function renderList() {
  const list = document.getElementById("drawn");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.box : null;
  list.replaceChildren(
    ...boxes.map((box, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.dataset.box = box.id;
      button.setAttribute("aria-pressed", String(box.id === chosenBox));
      button.addEventListener("click", () => choose(box.id === chosenBox ? null : box.id));
      const dot = document.createElement("span");
      dot.className = `dot ${look(box.tag).colour}`;
      button.append(dot, `${index + 1}. ${nameOf(box.tag)}`);
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  if (focused !== null) {
    list.querySelector(`[data-box="${focused}"]`)?.focus();
  }
}

async function finish() {
  const done = document.getElementById("done");
  done.disabled = true;
  await outbox.empty();
  try {
    await call("POST", place.dataset.done);
    location.assign(place.dataset.library);
  } catch (problem) {
    tell(problem.message, place);
    done.disabled = false;
  }
}

/** A true negative: the model learns from it what is none of its tags. */
function sayNothing() {
  nothing = true;
  outbox.put("PUT", `${base}/nothing`, { nothing: true });
  (document.getElementById("next-untagged") ?? document.getElementById("done")).click();
}

async function deleteImage() {
  try {
    await outbox.empty();
    const { undo } = await call("DELETE", place.dataset.image);
    offerUndo("1 image deleted.", undo);
    location.assign(place.dataset.next);
  } catch (problem) {
    tell(problem.message, place);
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) {
    return;
  }
  const number = Number(event.key);
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    deleteChosen();
  } else if (event.key === "Escape") {
    choose(null);
  } else if (event.key === "a" && detection) {
    proposals.accept(proposals.open);
  } else if (number >= 1 && number <= chips.length) {
    pickTag(task.tags[number - 1].id);
  } else if (event.key === "ArrowLeft") {
    document.querySelector(".foot [rel=prev]")?.click();
  } else if (event.key === "ArrowRight") {
    document.querySelector(".foot [rel=next]")?.click();
  }
}

for (const chip of chips) {
  chip.addEventListener("click", () => pickTag(Number(chip.dataset.tag)));
}
if (detection) {
  document.getElementById("delete-box").addEventListener("click", deleteChosen);
  document.getElementById("retag").addEventListener("change", (event) => {
    change(chosenBox, { tag: Number(event.target.value) });
  });
}
for (const link of document.querySelectorAll(".foot a")) {
  link.addEventListener("click", () => fetch(place.dataset.done, { method: "POST", keepalive: true }));
}
document.getElementById("nothing").addEventListener("click", sayNothing);
document.getElementById("done").addEventListener("click", finish);
document.getElementById("delete-image").addEventListener("click", deleteImage);
document.addEventListener("keydown", onKey);
resume();
render();
outbox.drain();
if (detection && !task.image.tagged) {
  proposals.fetch();
}
