// The picture to draw on: what one pointer does becomes new, chosen, moved and resized boxes.

import { area, between, contains, largeEnough, moved, pulled } from "./boxes.js";
import { Shapes } from "./shapes.js";

const TAP_PX = 6;
export const NARROWEST_PX = 4;

export class Canvas {
  /**
   * `look(tag)` gives {name, colour} of a tag, `tag()` the one that is drawn with. `on.drawn(corners)`,
   * `on.changed(id, corners)`, `on.chosen(id | null)`, `on.accepted(id)` and `on.rejected(id)` of a proposal and
   * `on.tooSmall()` tell what the user did.
   */
  constructor(layer, labels, [width, height], look, tag, on) {
    Object.assign(this, { layer, width, height, tag, on, items: [], chosen: null, drag: null });
    this.shapes = new Shapes(layer, labels, [width, height], look);
  }

  show(items, chosen) {
    Object.assign(this, { items, chosen });
    this.shapes.show(items, chosen);
    const held = this.drag?.box;
    if (held && !items.some(({ id }) => id === held.id)) {
      this.drop();
    } else if (held && this.drag.now) {
      this.shapes.hold(held.id, this.drag.now);
    }
  }

  point([x, y]) {
    const edge = this.layer.getBoundingClientRect();
    return [(x - edge.left) / edge.width, (y - edge.top) / edge.height];
  }

  press(event) {
    const start = [event.clientX, event.clientY];
    const from = this.point(start);
    const { corner, reject } = event.target.dataset;
    const box = this.items.find(({ id, proposed }) => id === this.chosen && !proposed);
    let action = "draw";
    if (box && corner) {
      action = "resize";
    } else if (box && contains(box.box, from)) {
      action = "move";
    }
    this.drag = { action, corner, reject, from, box: action === "draw" ? null : box, start, now: null };
  }

  pull(event) {
    const drag = this.drag;
    if (drag === null) {
      return;
    }
    const at = [event.clientX, event.clientY];
    if (drag.now === null && Math.hypot(at[0] - drag.start[0], at[1] - drag.start[1]) < TAP_PX) {
      return;
    }
    const to = this.point(at);
    const way = [to[0] - drag.from[0], to[1] - drag.from[1]];
    if (drag.action === "draw") {
      drag.now = between(drag.from, to);
      this.shapes.sketch(drag.now, this.tag());
    } else {
      drag.now = drag.action === "resize" ? pulled(drag.box.box, drag.corner, way) : moved(drag.box.box, way);
      this.shapes.hold(drag.box.id, drag.now);
    }
  }

  release() {
    const drag = this.drag;
    if (drag === null) {
      return;
    }
    this.drop();
    if (drag.now === null) {
      this.tap(drag);
    } else if (!largeEnough(drag.now, this.width, this.height, NARROWEST_PX)) {
      this.on.tooSmall();
    } else if (drag.action === "draw") {
      this.on.drawn(drag.now);
    } else {
      this.on.changed(drag.box.id, drag.now);
    }
  }

  /** Forget the pointer; what it was doing is undone. */
  drop() {
    this.drag = null;
    this.shapes.sketch(null);
    this.shapes.show(this.items, this.chosen);
  }

  tap({ reject, from }) {
    if (reject !== undefined) {
      this.on.rejected(reject);
      return;
    }
    const at = this.items.filter(({ box }) => contains(box, from)).sort((a, b) => area(a.box) - area(b.box));
    const hit = at.filter(({ proposed }) => !proposed);
    const proposal = at.find(({ proposed }) => proposed);
    if (hit.length === 0 && proposal !== undefined) {
      this.on.accepted(proposal.id);
      return;
    }
    const next = hit[(hit.findIndex(({ id }) => id === this.chosen) + 1) % (hit.length || 1)];
    this.on.chosen(next?.id ?? null);
  }
}
