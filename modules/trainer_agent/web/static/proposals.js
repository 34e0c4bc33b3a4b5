// What the model would tag in this image: fetched, shown dashed, accepted one by one or all, or put aside.

import { call } from "./api.js";
import { uuid } from "./boxes.js";

export class Proposals {
  /** `place`: the part of the page about them. `on.accepted(proposals)`, `on.changed()`. */
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
      this.changed();
    } catch (problem) {
      this.say(`No proposals: ${problem.message}`);
    }
  }

  accept(chosen) {
    this.drop(chosen);
    this.on.accepted(chosen.map(({ id, tag, box }) => ({ id, tag, box })));
  }

  reject(chosen) {
    this.drop(chosen);
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
    this.place.querySelector("[data-open]").hidden = count === 0;
    this.on.changed();
  }

  say(text) {
    this.place.querySelector("[data-said]").textContent = text;
  }
}
