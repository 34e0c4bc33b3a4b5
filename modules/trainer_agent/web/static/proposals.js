// What the model would tag in this image: fetched, shown dashed, accepted one by one or all, or put aside.

import { call } from "./api.js";
import { overlap, uuid } from "./boxes.js";

// As in proposals.py: a proposal that overlaps a drawn box this much is answered already.
const SAME = 0.4;

export class Proposals {
  /** `place`: the part of the page about them. `on.accepted(proposals)`, `on.changed()`; `on.drawn()`: the boxes. */
  constructor(place, path, on) {
    Object.assign(this, { place, path, on, open: [] });
    place.querySelector("[data-propose]").addEventListener("click", () => this.fetch());
    place.querySelector("[data-accept]").addEventListener("click", () => this.accept(this.open));
    place.querySelector("[data-reject]").addEventListener("click", () => this.reject(this.open));
  }

  /** Ask the model; says so when it sees nothing, or when there is no model yet. */
  async fetch() {
    this.say("Looking…");
    try {
      const { source, proposals } = await call("GET", this.path);
      this.open = proposals.map((one) => ({ ...one, id: uuid(), proposed: true }));
      this.source = source;
      this.any = proposals.length > 0;
      this.open = this.unanswered();
      this.changed();
    } catch (problem) {
      this.say(`No proposals: ${problem.message}`);
    }
  }

  accept(chosen) {
    if (chosen.length === 0) {
      return;
    }
    this.drop(chosen);
    this.on.accepted(chosen.map(({ id, tag, box }) => ({ id, tag, box })));
  }

  reject(chosen) {
    this.drop(chosen);
  }

  /** A box was drawn or changed: what it answers is not open any more. */
  answer() {
    const open = this.unanswered();
    if (open.length < this.open.length) {
      this.open = open;
      this.changed();
    }
  }

  unanswered() {
    const drawn = this.on.drawn();
    return this.open.filter(({ box }) => !drawn.some((one) => overlap(one.box, box) >= SAME));
  }

  drop(chosen) {
    this.open = this.open.filter((one) => !chosen.includes(one));
    this.changed();
  }

  changed() {
    const count = this.open.length;
    const by = this.source === "draft" ? "A first draft of the model" : "The model";
    if (count > 0) {
      this.say(`${by} proposes ${count === 1 ? "one" : count}. Tap one to accept it.`);
    } else if (this.source === "none") {
      this.say("Proposals come once a few images are tagged.");
    } else {
      this.say(`${by} proposes nothing${this.any ? " more" : ""} here.`);
    }
    const held = this.place.contains(document.activeElement);
    const propose = this.place.querySelector("[data-propose]");
    this.place.querySelector("[data-open]").hidden = count === 0;
    propose.hidden = count > 0;
    if (held) {
      // What was pressed may be gone; the keyboard goes on from what is in its place.
      (count > 0 ? this.place.querySelector("[data-accept]") : propose).focus();
    }
    this.on.changed();
  }

  say(text) {
    this.place.querySelector("[data-said]").textContent = text;
  }
}
