// Tagging by boxes: what is chosen, drawn, changed, copied and proposed in one image, and its keys.

import { call, tell } from "./api.js";
import { amid, grown, moved, overlap, uuid } from "./boxes.js";
import { BoxList } from "./box_list.js";
import { Canvas, NARROWEST_PX } from "./canvas.js";
import { Drawing } from "./drawing.js";
import { Elsewhere } from "./elsewhere.js";
import { Proposals } from "./proposals.js";
import { inSight } from "./zoom.js";
import { _, ngettext } from "./words.js";

const STEP = 0.02;
const NEW_SHARE = 0.3;
const SAME = 0.8;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const get = (id) => document.getElementById(id);

export class Detection {
  /** `tags`: the tag choice, with `tag`, `pick(id)`, `name(id)`, `look(id)`. `onChange()` when the rest may change. */
  constructor(place, task, base, { outbox, zoom, tags, onChange }) {
    Object.assign(this, { place, task, base, outbox, zoom, tags, onChange });
    Object.assign(this, { chosen: null, draft: null, leaving: false, left: -1 });
    this.drawing = new Drawing(this.resumed(task.boxes), outbox, base, () => this.render());
    this.proposals = new Proposals(get("proposals"), `${base}/proposals`, this.drawing);
    this.list = new BoxList(get("drawn"), tags, (id) => this.choose(id === this.chosen ? null : id));
    this.elsewhere = new Elsewhere(get("elsewhere"), this.drawing, outbox, base);
    const size = [task.image.width, task.image.height];
    // One pixel more than the least, which rounding may fall short of.
    this.least = size.map((length) => (NARROWEST_PX + 1) / length);
    this.canvas = new Canvas(get("layer"), get("labels"), size, (id) => tags.look(id), () => tags.tag, {
      drawn: (box) => this.draw(box),
      changed: (id, box) => this.put(id, box),
      chosen: (id) => this.choose(id),
      accepted: (id) => this.proposals.accept(id),
      rejected: (id) => this.proposals.reject([id]),
      tooSmall: () => tell(_("That box is too small. Draw it around the whole area."), place),
    });
    get("delete-box").addEventListener("click", () => this.deleteChosen());
    get("accept-one").addEventListener("click", () => this.proposals.accept(this.chosen));
    get("reject-one").addEventListener("click", () => this.proposals.reject([this.chosen]));
    get("undo").addEventListener("click", () => this.drawing.undo());
    get("redo").addEventListener("click", () => this.drawing.redo());
    get("copy")?.addEventListener("click", () => this.copy());
    get("retag").addEventListener("change", (event) => this.retag(Number(event.target.value)));
    get("stage").addEventListener("focus", () => { this.leaving = false; });
    if (!task.image.tagged) {
      this.proposals.fetch();
    }
  }

  /** The boxes with what was drawn here before a reload and is not on the device yet. */
  resumed(boxes) {
    const found = new Map(boxes.map((one) => [one.id, one]));
    const start = `${this.base}/boxes/`;
    for (const [path, { method, body }] of this.outbox.letters().filter(([one]) => one.startsWith(start))) {
      const id = path.slice(start.length);
      found.delete(id);
      if (method === "PUT") {
        found.set(id, { id, ...body });
      }
    }
    return [...found.values()];
  }

  get empty() {
    return this.drawing.boxes.length === 0;
  }

  draw(box) {
    this.keepDraft();
    // Not chosen: its grips would catch the start of the next box, right beside it.
    this.chosen = null;
    tell("", this.place);
    this.drawing.add([{ id: uuid(), tag: this.tags.tag, box }]);
  }

  /** A box has another place; `run` joins small steps to one that is undone at once. */
  put(id, box, run = null) {
    tell("", this.place);
    if (id === this.draft?.id) {
      this.draft = { ...this.draft, box };
      this.render();
    } else {
      this.drawing.change(id, { box }, run);
    }
  }

  retag(tag) {
    if (this.chosen === this.draft?.id) {
      this.draft = { ...this.draft, tag };
      this.render();
    } else {
      this.drawing.change(this.chosen, { tag });
    }
  }

  choose(id) {
    if (id !== this.chosen) {
      this.keepDraft();
    }
    this.chosen = id;
    this.render();
  }

  deleteChosen() {
    if (this.chosen !== null && this.chosen === this.draft?.id) {
      this.draft = null;
      this.choose(null);
    } else if (this.chosen !== null) {
      // From here Tab goes on.
      this.left = this.drawing.items.findIndex(({ id }) => id === this.chosen) - 1;
      this.drawing.remove([this.chosen]);
    }
  }

  /** A box in the middle of what is in sight, for the keys to move; not kept before it is right. */
  startDraft() {
    const draft = { id: uuid(), tag: this.tags.tag, box: amid(inSight(this.zoom.view), NEW_SHARE), draft: true };
    this.choose(null);
    Object.assign(this, { draft, chosen: draft.id });
    get("stage").focus({ preventScroll: true });
    this.render();
  }

  keepDraft() {
    if (this.draft !== null) {
      const { id, tag, box } = this.draft;
      this.draft = null;
      this.drawing.add([{ id, tag, box }]);
    }
  }

  /** The boxes of the image before, without those that are here already, as one step. */
  async copy() {
    tell("", this.place);
    try {
      const { boxes } = await call("GET", this.place.dataset.before);
      const here = this.drawing.boxes;
      const isHere = ({ tag, box }) => here.some((one) => one.tag === tag && overlap(one.box, box) > SAME);
      const fresh = boxes.filter((one) => !isHere(one));
      if (boxes.length === 0) {
        this.say(_("The image before has no boxes."));
      } else if (fresh.length === 0) {
        this.say(_("They are all here already."));
      } else {
        this.say(ngettext("One box copied.", "{num} boxes copied.", fresh.length));
      }
      this.drawing.add(fresh.map(({ tag, box }) => ({ id: uuid(), tag, box })));
    } catch (problem) {
      tell(_("Nothing copied: {problem}", { problem: problem.message }), this.place);
    }
  }

  say(text) {
    get("told").textContent = text;
  }

  render() {
    const { drawing, outbox } = this;
    const items = this.draft === null ? drawing.items : [...drawing.items, this.draft];
    const shown = items.map((one) => ({
      ...one,
      unsaved: !one.draft && outbox.has(drawing.pathOf(one.id)),
      refused: outbox.refused.has(drawing.pathOf(one.id)),
    }));
    const chosen = shown.find(({ id }) => id === this.chosen);
    this.chosen = chosen?.id ?? null;
    this.canvas.show(shown, this.chosen);
    this.proposals.render();
    const boxes = shown.filter(({ proposed }) => !proposed);
    this.list.show(boxes, this.chosen);
    get("undo").disabled = !drawing.canUndo;
    get("redo").disabled = !drawing.canRedo;
    get("selection").hidden = boxes.length === 0 && chosen === undefined;
    get("unselected").hidden = chosen !== undefined;
    get("selected").hidden = chosen === undefined || chosen.proposed === true;
    get("proposal").hidden = chosen?.proposed !== true;
    if (chosen !== undefined && !chosen.proposed) {
      get("retag").value = String(chosen.tag);
    }
    this.onChange();
  }

  /** Tab from one box to the next; after the last, and after Escape, it leaves the picture as everywhere. */
  walk(event) {
    const items = this.drawing.items;
    const at = this.chosen === null ? this.left : items.findIndex(({ id }) => id === this.chosen);
    const next = items[event.shiftKey ? (at < 0 ? items.length : at) - 1 : at + 1];
    if (this.leaving || next === undefined) {
      return;
    }
    event.preventDefault();
    this.left = -1;
    this.choose(next.id);
    this.zoom.reveal(next.box);
    const number = _("{number} of {all}", { number: items.indexOf(next) + 1, all: items.length });
    const box = _("Box: arrows move it, Delete deletes it.");
    const what = next.proposed ? _("Proposal: Enter accepts it, Delete rejects it.") : box;
    this.say(`${this.tags.name(next.tag)}, ${number}. ${what}`);
  }

  /** Arrows move the chosen box, with Shift they change its size, with Ctrl by one pixel of the picture. */
  nudge(chosen, arrow, { shiftKey, ctrlKey, metaKey }) {
    const size = [this.task.image.width, this.task.image.height];
    const step = size.map((length) => (ctrlKey || metaKey ? 1 / length : STEP / this.zoom.view.scale));
    const way = [arrow[0] * step[0], arrow[1] * step[1]];
    const box = shiftKey ? grown(chosen.box, way, this.least) : moved(chosen.box, way);
    this.put(chosen.id, box, `keys ${chosen.id}`);
    this.zoom.reveal(box);
  }

  /** Whether the key was one of these. `onControl`: a button or link has the focus and takes Enter itself. */
  onKey(event, onControl) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const chosen = this.chosen === this.draft?.id ? this.draft : this.drawing.find(this.chosen);
    if (key === "Tab") {
      if (event.target.id === "stage") {
        this.walk(event);
      }
      return true;
    }
    if (key in ARROWS && chosen && !chosen.proposed && !event.altKey) {
      this.nudge(chosen, ARROWS[key], event);
    } else if (event.altKey) {
      return false;
    } else if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") {
        return false;
      }
      this.drawing[key === "y" || event.shiftKey ? "redo" : "undo"]();
    } else if (key === "Delete" || key === "Backspace") {
      this.deleteChosen();
    } else if (key === "Escape") {
      this.draft = null;
      this.leaving = true;
      this.choose(null);
    } else if (this.draft !== null && key === "Enter") {
      this.keepDraft();
      this.choose(null);
      this.say(_("Box kept."));
    } else if (chosen?.proposed && key === "Enter" && !onControl) {
      this.proposals.accept(chosen.id);
    } else if (key === "b" || (key === "Enter" && !onControl)) {
      this.startDraft();
      this.say(_("A new box. Arrows move it, Shift and arrows change its size, Enter keeps it."));
    } else if (key === "a") {
      this.proposals.acceptAll();
    } else if (key === "c") {
      get("copy")?.click();
    } else if (this.task.tags[Number(key) - 1] !== undefined) {
      const { id } = this.task.tags[Number(key) - 1];
      this.tags.pick(id);
      if (chosen && !chosen.proposed) {
        this.retag(id);
      }
    } else {
      return false;
    }
    return true;
  }
}
