// What was changed in this image on another screen meanwhile: shown, with a way back to one's own.

import { call } from "./api.js";
import { _, ngettext } from "./words.js";

const EQUAL = 1e-6;

function same(one, other) {
  const both = one !== null && other !== null;
  return both && one.tag === other.tag && one.box.every((edge, index) => Math.abs(edge - other.box[index]) < EQUAL);
}

/** The changes that lead from the boxes as they were known to those that the device has now; pending ones are left. */
export function differences(known, now, pending) {
  const ids = new Set([...known, ...now].map(({ id }) => id).filter((id) => !pending(id)));
  const find = (boxes, id) => boxes.find((one) => one.id === id) ?? null;
  return [...ids]
    .map((id) => ({ id, before: find(known, id), after: find(now, id), place: Infinity }))
    .filter(({ before, after }) => !same(before, after));
}

/** In words: "one added, 2 changed". */
export function told(changes) {
  const kinds = { added: ({ before }) => before === null, deleted: ({ after }) => after === null };
  const count = (name) => changes.filter(kinds[name]).length;
  const counts = { added: count("added"), deleted: count("deleted") };
  counts.changed = changes.length - counts.added - counts.deleted;
  const words = {
    added: (number) => ngettext("one added", "{num} added", number),
    changed: (number) => ngettext("one changed", "{num} changed", number),
    deleted: (number) => ngettext("one deleted", "{num} deleted", number),
  };
  const parts = Object.keys(words).filter((name) => counts[name] > 0);
  return parts.map((name) => words[name](counts[name])).join(", ");
}

export class Elsewhere {
  /** Looks when the page is shown again and when `look()` is called. `place` tells. */
  constructor(place, drawing, outbox, base) {
    Object.assign(this, { place, drawing, outbox, base, step: null });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look());
    window.addEventListener("focus", () => this.look());
    window.addEventListener("online", () => this.look());
    place.querySelector("[data-mine]").addEventListener("click", () => this.keepMine());
    place.querySelector("[data-theirs]").addEventListener("click", () => this.hide());
  }

  async look() {
    // What is sent or drawn while the answer is on its way is newer than the answer.
    const items = this.drawing.items;
    const ours = new Set(this.outbox.letters().map(([path]) => path));
    let now;
    try {
      now = (await call("GET", `${this.base}/boxes`)).boxes;
    } catch (problem) {
      if (problem.status === 404) {
        this.show(_("This image was deleted on another screen."), false);
      }
      return;
    }
    if (this.drawing.items !== items || this.outbox.waiting.size > 0) {
      return;
    }
    const changes = differences(this.drawing.boxes, now, (id) => ours.has(this.drawing.pathOf(id)));
    if (changes.length > 0) {
      this.drawing.follow(changes);
      this.step = changes;
      this.show(_("Changed on another screen: {changes}.", { changes: told(changes) }), true);
    }
  }

  show(text, choice) {
    this.place.querySelector("[data-changes]").textContent = text;
    this.place.querySelector("[data-choice]").hidden = !choice;
    this.place.hidden = false;
  }

  keepMine() {
    this.drawing.undoStep(this.step);
    this.hide();
  }

  hide() {
    this.step = null;
    this.place.hidden = true;
  }
}
