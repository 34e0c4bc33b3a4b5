// Boxes as shapes and labels over the picture. What did not change is not touched, so that a stroke costs one box.

import { CORNERS } from "./boxes.js";

const SVG = "http://www.w3.org/2000/svg";
const GRIP_PX = 7;
const REACH_PX = 22;
const CROSS_PX = 11;
const LABEL_PX = 18;

function shape(kind, attributes, ...inside) {
  const made = document.createElementNS(SVG, kind);
  set(made, attributes);
  made.append(...inside);
  return made;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
}

export class Shapes {
  /** `look(tag)` gives {name, colour} of a tag. */
  constructor(layer, labels, [width, height], look) {
    Object.assign(this, { layer, labels, width, height, look, shown: new Map(), gripped: null });
    this.under = shape("g", {});
    this.over = shape("g", {});
    this.grips = shape("g", {});
    this.stroke = null;
    layer.append(this.under, this.over, this.grips);
    this.measure();
    new ResizeObserver(() => this.measure()).observe(layer);
  }

  /** Grips, crosses and labels have one size on the screen, however near the picture is. */
  measure() {
    this.unit = this.width / (this.layer.getBoundingClientRect().width || this.width);
    for (const one of this.shown.values()) {
      this.place(one, one.box);
    }
  }

  show(items, chosen) {
    const gone = new Set(this.shown.keys());
    for (const item of items) {
      gone.delete(item.id);
      this.update(item, item.id === chosen);
    }
    for (const id of gone) {
      this.remove(id);
    }
    const gripped = items.find(({ id, proposed }) => id === chosen && !proposed)?.id ?? null;
    if (gripped !== this.gripped) {
      this.gripped = gripped;
      this.renewGrips();
    }
  }

  /** Show one box at another place for now; `show` puts it back. */
  hold(id, box) {
    this.place(this.shown.get(id), box);
  }

  /** Show the box that is being drawn with a tag; null: none. */
  sketch(box, tag) {
    if (box === null) {
      this.stroke?.group.remove();
      this.stroke = null;
      return;
    }
    if (this.stroke === null) {
      this.stroke = this.bare();
      set(this.stroke.group, { class: this.look(tag).colour });
      this.over.append(this.stroke.group);
    }
    this.place(this.stroke, box);
  }

  bare() {
    const [edge, line] = [shape("rect", { class: "edge" }), shape("rect", { class: "line" })];
    return { edge, line, group: shape("g", {}, edge, line), label: null, cross: null, grips: null, box: null };
  }

  update(item, chosen) {
    let one = this.shown.get(item.id);
    if (one === undefined) {
      one = { ...this.bare(), label: document.createElement("span") };
      this.shown.set(item.id, one);
      this.labels.append(one.label);
    }
    const { name, colour } = this.look(item.tag);
    const states = ["unsaved", "refused", "proposed", "draft"].filter((state) => item[state]);
    const dress = [colour, chosen && "chosen", ...states].filter(Boolean).join(" ");
    const text = item.proposed ? `${name}? ${Math.round(item.confidence * 100)} %` : name;
    if (one.dress !== dress || one.text !== text) {
      Object.assign(one, { dress, text, colour });
      set(one.group, { class: dress });
      const named = document.createElement("b");
      named.textContent = item.proposed ? `${name}?` : name;
      one.label.replaceChildren(named, ...(item.proposed ? [` ${Math.round(item.confidence * 100)} %`] : []));
      this.cross(one, item.id, item.proposed);
      (item.proposed ? this.under : this.over).append(one.group);
      one.box = null;
    }
    if (one.box !== item.box) {
      this.place(one, item.box);
    }
  }

  remove(id) {
    const one = this.shown.get(id);
    one.group.remove();
    one.label.remove();
    this.shown.delete(id);
  }

  /** The small cross that rejects a proposal. */
  cross(one, id, wanted) {
    one.cross?.remove();
    one.cross = null;
    if (wanted) {
      const reach = shape("circle", { r: REACH_PX, class: "reach" });
      reach.dataset.reject = id;
      const r = CROSS_PX;
      const sign = shape("path", { d: `M${-r / 3} ${-r / 3}L${r / 3} ${r / 3}M${r / 3} ${-r / 3}L${-r / 3} ${r / 3}` });
      one.cross = shape("g", { class: "cross" }, shape("circle", { r }), sign, reach);
      one.group.append(one.cross);
    }
  }

  renewGrips() {
    const one = this.shown.get(this.gripped);
    this.grips.replaceChildren();
    for (const other of this.shown.values()) {
      other.grips = null;
    }
    if (one === undefined) {
      return;
    }
    one.grips = Object.keys(CORNERS).map((corner) => {
      const reach = shape("circle", { class: `reach ${corner === "nw" || corner === "se" ? "nwse" : "nesw"}` });
      reach.dataset.corner = corner;
      const grip = shape("circle", { class: "grip" });
      this.grips.append(grip, reach);
      return [corner, grip, reach];
    });
    this.place(one, one.box);
  }

  place(one, box) {
    const [x0, y0, x1, y1] = box;
    one.box = box;
    const [width, height] = [(x1 - x0) * this.width, (y1 - y0) * this.height];
    const edges = { x: x0 * this.width, y: y0 * this.height, width, height };
    set(one.edge, edges);
    set(one.line, edges);
    if (one.label !== null) {
      // A proposal's stands at its lower edge: the cross is at the upper.
      const y = one.cross === null ? y0 : y1;
      one.label.className = (y * this.height) / this.unit > LABEL_PX ? `${one.colour} above` : one.colour;
      one.label.style.setProperty("--wide", `${(x1 - x0) * 100}%`);
      one.label.style.left = `${x0 * 100}%`;
      one.label.style.top = `${y * 100}%`;
    }
    if (one.cross !== null) {
      // Outside the box, so that a small one can still be tapped; but in the picture.
      const rim = CROSS_PX * this.unit;
      const x = Math.min(x1 * this.width + rim / 2, this.width - rim);
      const y = Math.max(y0 * this.height - rim / 2, rim);
      set(one.cross, { transform: `translate(${x} ${y}) scale(${this.unit})` });
    }
    if (one.grips !== null) {
      set(this.grips, { class: one.colour });
      for (const [corner, grip, reach] of one.grips) {
        const [cx, cy] = [box[CORNERS[corner][0]] * this.width, box[CORNERS[corner][1]] * this.height];
        set(grip, { cx, cy, r: GRIP_PX * this.unit });
        set(reach, { cx, cy, r: REACH_PX * this.unit });
      }
    }
  }
}
