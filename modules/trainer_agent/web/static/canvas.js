// The picture to draw on: pointers become new, chosen, moved and resized boxes; boxes become shapes.

import { CORNERS, area, between, contains, largeEnough, moved, pulled } from "./boxes.js";

const SVG = "http://www.w3.org/2000/svg";
const TAP_PX = 6;
const GRIP_PX = 7;
const REACH_PX = 22;
const NARROWEST_PX = 4;

function shape(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  return made;
}

export class Canvas {
  /**
   * `look(tag)` gives {name, colour} of a tag. `on.drawn(corners)`, `on.changed(id, corners)`, `on.chosen(id | null)`,
   * `on.accepted(id)` of a proposal and `on.tooSmall()` tell what the user did.
   */
  constructor(layer, labels, [width, height], look, on) {
    Object.assign(this, { layer, labels, width, height, look, on, boxes: [], proposed: [], chosen: null, drag: null });
    layer.addEventListener("pointerdown", (event) => this.press(event));
    layer.addEventListener("pointermove", (event) => this.pull(event));
    layer.addEventListener("pointerup", (event) => this.release(event));
    layer.addEventListener("pointercancel", () => this.drop());
    new ResizeObserver(() => this.draw()).observe(layer);
  }

  /** `proposed`: boxes that are not drawn but may be accepted by a tap. */
  show(boxes, chosen, proposed) {
    this.boxes = boxes;
    this.proposed = proposed;
    this.chosen = chosen;
    this.draw();
  }

  point(event) {
    const edge = this.layer.getBoundingClientRect();
    return [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height];
  }

  press(event) {
    if (this.drag !== null || event.button !== 0) {
      return;
    }
    event.preventDefault();
    this.layer.setPointerCapture(event.pointerId);
    const from = this.point(event);
    const box = this.boxes.find(({ id }) => id === this.chosen);
    const corner = event.target.dataset.corner;
    let action = "draw";
    if (box && corner) {
      action = "resize";
    } else if (box && contains(box.box, from)) {
      action = "move";
    }
    this.drag = { action, corner, from, box, pointer: event.pointerId, start: [event.clientX, event.clientY], now: null };
  }

  pull(event) {
    const drag = this.drag;
    if (drag === null || event.pointerId !== drag.pointer) {
      return;
    }
    const [x, y] = drag.start;
    if (drag.now === null && Math.hypot(event.clientX - x, event.clientY - y) < TAP_PX) {
      return;
    }
    const to = this.point(event);
    if (drag.action === "draw") {
      drag.now = between(drag.from, to);
    } else if (drag.action === "resize") {
      drag.now = pulled(drag.box.box, drag.corner, to);
    } else {
      drag.now = moved(drag.box.box, [to[0] - drag.from[0], to[1] - drag.from[1]]);
    }
    this.draw();
  }

  release(event) {
    const drag = this.drag;
    if (drag === null || event.pointerId !== drag.pointer) {
      return;
    }
    this.drop();
    if (drag.now === null) {
      this.tap(drag.from);
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
    this.draw();
  }

  tap(point) {
    const at = (boxes) => boxes.filter(({ box }) => contains(box, point)).sort((a, b) => area(a.box) - area(b.box));
    const hit = at(this.boxes);
    const [proposal] = at(this.proposed);
    if (hit.length === 0 && proposal !== undefined) {
      this.on.accepted(proposal.id);
      return;
    }
    const next = hit[(hit.findIndex(({ id }) => id === this.chosen) + 1) % (hit.length || 1)];
    this.on.chosen(next?.id ?? null);
  }

  draw() {
    const scale = this.width / (this.layer.getBoundingClientRect().width || this.width);
    const shapes = [];
    const names = [];
    for (const one of [...this.proposed, ...this.boxes]) {
      const held = this.drag?.now && this.drag.box?.id === one.id;
      const box = held ? this.drag.now : one.box;
      shapes.push(this.shapesOf(one, box, scale));
      names.push(this.labelOf(one, box));
    }
    if (this.drag?.now && this.drag.action === "draw") {
      shapes.push(this.shapesOf({ tag: null }, this.drag.now, scale));
    }
    this.layer.replaceChildren(...shapes);
    this.labels.replaceChildren(...names);
  }

  shapesOf({ id, tag, unsaved, proposed }, [x0, y0, x1, y1], scale) {
    const edges = { x: x0 * this.width, y: y0 * this.height, width: (x1 - x0) * this.width, height: (y1 - y0) * this.height };
    const chosen = id !== undefined && id === this.chosen;
    const state = [chosen && "chosen", unsaved && "unsaved", proposed && "proposed"].filter(Boolean).join(" ");
    const group = shape("g", { class: `${this.look(tag).colour} ${state}` });
    group.append(shape("rect", { ...edges, class: "edge" }), shape("rect", { ...edges, class: "line" }));
    for (const [corner, [cx, cy]] of chosen ? Object.entries(CORNERS) : []) {
      const centre = { cx: [x0, 0, x1][cx] * this.width, cy: [0, y0, 0, y1][cy] * this.height };
      const way = corner === "nw" || corner === "se" ? "nwse" : "nesw";
      const reach = shape("circle", { ...centre, r: REACH_PX * scale, class: `reach ${way}` });
      reach.dataset.corner = corner;
      group.append(shape("circle", { ...centre, r: GRIP_PX * scale, class: "grip" }), reach);
    }
    return group;
  }

  labelOf({ tag, proposed, confidence }, [x0, y0, x1]) {
    const { name, colour } = this.look(tag);
    const label = document.createElement("span");
    const named = document.createElement("b");
    named.textContent = proposed ? `${name}?` : name;
    label.append(named, ...(proposed ? [` ${Math.round(confidence * 100)} %`] : []));
    label.style.setProperty("--wide", `${(x1 - x0) * 100}%`);
    label.className = y0 > 0.08 ? `${colour} above` : colour;
    label.style.left = `${x0 * 100}%`;
    label.style.top = `${y0 * 100}%`;
    return label;
  }
}
