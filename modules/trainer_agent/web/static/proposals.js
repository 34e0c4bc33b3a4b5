// What the model would tag in this image: fetched, shown dashed, accepted or rejected one by one or all.

import { call } from "./api.js";
import { uuid } from "./boxes.js";
import { answered } from "./drawing.js";
import { _, ngettext } from "./words.js";

export class Proposals {
  /** `place`: the part of the page about them; they stand in the drawing like boxes, with `proposed` true. */
  constructor(place, path, drawing) {
    Object.assign(this, { place, path, drawing, source: null, any: false });
    place.querySelector("[data-propose]").addEventListener("click", () => this.fetch());
    place.querySelector("[data-accept]").addEventListener("click", () => this.acceptAll());
    place.querySelector("[data-reject]").addEventListener("click", () => this.reject(this.ids()));
  }

  ids() {
    return this.drawing.proposals.map(({ id }) => id);
  }

  /** Ask the model; says so when it sees nothing, or when there is no model yet. */
  async fetch() {
    this.say(_("Looking…"));
    try {
      const { source, proposals } = await call("GET", this.path);
      this.source = source;
      this.any = proposals.length > 0;
      const open = proposals.map((one) => ({ ...one, id: uuid(), proposed: true }));
      const items = [...this.drawing.boxes, ...open];
      const closed = answered(items);
      this.drawing.reset(items.filter(({ id }) => !closed.includes(id)));
    } catch (problem) {
      this.say(_("No proposals: {problem}", { problem: problem.message }));
    }
  }

  accept(id) {
    this.drawing.accept([id]);
  }

  acceptAll() {
    this.drawing.accept(this.ids());
  }

  reject(ids) {
    this.drawing.remove(ids);
  }

  /** Tell how many are open. */
  render() {
    if (this.source === null) {
      return;
    }
    const count = this.drawing.proposals.length;
    const by = this.source === "draft" ? _("A first draft of the model") : _("The model");
    if (count > 0) {
      this.say(
        ngettext("{by} proposes one. Tap one to accept it.", "{by} proposes {num}. Tap one to accept it.", count, { by }),
      );
    } else if (this.source === "none") {
      this.say(_("Proposals come once a few images are tagged."));
    } else {
      this.say(this.any ? _("{by} proposes nothing more here.", { by }) : _("{by} proposes nothing here.", { by }));
    }
    const held = this.place.contains(document.activeElement);
    const propose = this.place.querySelector("[data-propose]");
    const swapped = propose.hidden !== count > 0;
    this.place.querySelector("[data-open]").hidden = count === 0;
    propose.hidden = count > 0;
    if (held && swapped) {
      // What was pressed is gone; the keyboard goes on from what is in its place.
      (count > 0 ? this.place.querySelector("[data-accept]") : propose).focus();
    }
  }

  say(text) {
    const said = this.place.querySelector("[data-said]");
    if (said.textContent !== text) {
      said.textContent = text;
    }
  }
}
