// Tagging one image: wires tags, picture, keys and outbox; each change goes to the outbox the moment it is made.

import { call, tell } from "./api.js";
import { Classification } from "./classification.js";
import { Detection } from "./detection.js";
import { Gestures } from "./gestures.js";
import { NotTaken } from "./not_taken.js";
import { Outbox } from "./outbox.js";
import { TagChoice } from "./tag_choice.js";
import { offerUndo } from "./toast.js";
import { Zoom } from "./zoom.js";
import { _, ngettext } from "./words.js";

const get = (id) => document.getElementById(id);
const place = get("tagging");
const task = JSON.parse(place.dataset.task);
const base = `/api/images/${task.image.id}`;
const saved = get("saved");
const stage = get("stage");
const keys = get("keys");

stage.style.setProperty("--ratio", task.image.width / task.image.height);

const outbox = new Outbox((count, problem) => {
  const before = saved.textContent;
  const wasTroubled = saved.classList.contains("trouble");
  if (problem !== null) {
    saved.textContent = _("Not saved yet: {problem} Trying again…", { problem: problem.message });
  } else if (count > 0) {
    saved.textContent = wasTroubled ? before : _("Saving…");
  } else {
    saved.textContent = before === "" || outbox.refused.size > 0 ? "" : _("Saved");
  }
  saved.classList.toggle("trouble", problem !== null || (wasTroubled && count > 0));
  if (wasTroubled && count === 0) {
    work.elsewhere?.look();
  }
  work.render();
});
// Also when it was said before a reload and is not on the device yet.
let nothing = task.nothing || outbox.has(`${base}/nothing`);
const remembered = `fifteen tag ${location.pathname.split("/")[2]}`;
const tags = new TagChoice([...document.querySelectorAll("#chips .chip")], task.tags, remembered);
const zoom = new Zoom(stage, get("sheet"));
const notTaken = new NotTaken(get("not-taken"), outbox, base, (letters) => {
  const here = letters.filter(([path]) => path.startsWith(`${base}/`));
  if (here.length === 0) {
    notTaken.render();
  } else if (here.some(([, { gone }]) => gone)) {
    location.assign(place.dataset.next);
  } else {
    location.reload();
  }
});
const Work = task.kind === "detection" ? Detection : Classification;
const work = new Work(place, task, base, { outbox, zoom, tags, onChange: render });
new Gestures(stage, zoom, work.canvas);

function render() {
  tags.render();
  notTaken.render();
  nothing &&= work.empty && !outbox.refused.has(`${base}/nothing`);
  get("nothing").hidden = nothing || !work.empty;
  get("marked").hidden = !nothing;
}

async function finish(next) {
  const done = get("done");
  done.disabled = true;
  await outbox.empty();
  try {
    await call("POST", place.dataset.done);
    location.assign(next);
  } catch (problem) {
    tell(problem.message, place);
    done.disabled = false;
  }
}

/** A true negative: the model learns from it what is none of its tags. */
function sayNothing() {
  nothing = true;
  outbox.put("PUT", `${base}/nothing`, { nothing: true });
  (get("next-untagged") ?? get("done")).click();
}

async function deleteImage() {
  try {
    await outbox.empty();
    const { undo } = await call("DELETE", place.dataset.image);
    offerUndo(ngettext("{num} image deleted.", "{num} images deleted.", 1), undo);
    location.assign(place.dataset.next);
  } catch (problem) {
    tell(problem.message, place);
  }
}

const PAGE_KEYS = {
  "?": () => keys.showModal(),
  ArrowLeft: () => document.querySelector(".foot [rel=prev]")?.click(),
  ArrowRight: () => document.querySelector(".foot [rel=next]")?.click(),
};

function onKey(event) {
  if (keys.open || event.target.closest("select, input")) {
    return;
  }
  const onControl = event.target.closest("button, a, summary") !== null;
  const known = work.onKey(event, onControl);
  if (!known && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.key in PAGE_KEYS) {
      event.preventDefault();
      PAGE_KEYS[event.key]();
    } else if (zoom.onKey(event.key)) {
      event.preventDefault();
    }
  } else if (known && event.key !== "Tab") {
    event.preventDefault();
  }
}

for (const link of document.querySelectorAll(".foot [rel]")) {
  link.addEventListener("click", () => fetch(place.dataset.done, { method: "POST", keepalive: true }));
}
get("show-keys").addEventListener("click", () => keys.showModal());
get("nothing").addEventListener("click", sayNothing);
get("done").addEventListener("click", () => finish(place.dataset.library));
get("capture-another")?.addEventListener("click", (event) => {
  event.preventDefault();
  finish(event.currentTarget.href);
});
get("delete-image").addEventListener("click", deleteImage);
document.addEventListener("keydown", onKey);
work.render();
outbox.drain();
