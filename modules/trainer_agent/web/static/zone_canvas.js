// Zones and lines over the live picture: moved whole, points moved, added and taken away, by one pointer and by keys.

import { LEAST, added, line, middles, moved, rectangle, removed, shifted } from "./zones.js";
import { _ } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01;
const LONG_STEP = 0.05;
const DRAG_PX = 8;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ZoneCanvas {
  /**
   * `onChange(zone, points, run)`: changes of one run are undone together. `onPoint(index)`: -1 when none has the focus.
   * What the pointer does comes by press, pull, release and drop.
   */
  constructor(place, { onChange, onPoint }) {
    Object.assign(this, { place, onChange, onPoint, zones: {}, chosen: null, lines: new Set(), anew: null, drag: null });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("viewBox", "0 0 1 1");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("aria-hidden", "true");
    this.handles = document.createElement("div");
    place.append(this.svg, this.handles);
    this.handles.addEventListener("keydown", (event) => this.key(event));
    this.handles.addEventListener("focusin", ({ target }) => this.onPoint(Number(target.dataset.point ?? -1)));
    this.runs = 0;
  }

  /** `zones`: outlines on this camera, by name; `lines`: the names of those that are lines. */
  show(zones, lines, chosen) {
    if (this.drag === null) {
      Object.assign(this, { zones, lines, chosen });
      this.render();
    }
  }

  get points() {
    return this.zones[this.chosen] ?? [];
  }

  get isLine() {
    return this.lines.has(this.chosen);
  }

  /** From now on presses make a new outline: a drag a rectangle or a line, taps a point each. */
  drawAnew(on) {
    this.anew = on ? [] : null;
    this.render();
  }

  dropPoint(index) {
    if (this.points.length > LEAST[this.isLine ? "line" : "area"] && index >= 0) {
      this.change(removed(this.points, index), null);
      this.focusPoint(Math.min(index, this.points.length - 1));
    }
  }

  change(points, run) {
    this.zones = { ...this.zones, [this.chosen]: points };
    this.render();
    this.onChange(this.chosen, points, run);
  }

  at({ clientX, clientY }) {
    const edge = this.place.getBoundingClientRect();
    return [(clientX - edge.left) / edge.width, (clientY - edge.top) / edge.height];
  }

  /** False where there is nothing to take hold of. */
  press(event) {
    const drag = this.chosen === null ? null : this.begun(event);
    if (drag === null) {
      return false;
    }
    this.drag = drag;
    if (drag.new) {
      this.zones = { ...this.zones, [this.chosen]: drag.before };
      this.render();
    }
    if (drag.kind === "point") {
      this.focusPoint(drag.index);
    }
    return true;
  }

  begun(event) {
    const { point, middle, zone } = event.target.dataset;
    const from = this.at(event);
    const drag = { from, start: [event.clientX, event.clientY], before: this.points, far: false };
    if (this.anew !== null) {
      return { ...drag, kind: "anew" };
    }
    if (point !== undefined) {
      return { ...drag, kind: "point", index: Number(point) };
    }
    if (middle !== undefined) {
      return { ...drag, kind: "point", index: Number(middle), new: true, before: added(this.points, Number(middle), from) };
    }
    return zone === this.chosen ? { ...drag, kind: "whole" } : null;
  }

  pull(event) {
    const { drag } = this;
    if (drag === null) {
      return;
    }
    drag.far ||= Math.hypot(event.clientX - drag.start[0], event.clientY - drag.start[1]) > DRAG_PX;
    const to = this.at(event);
    let points = null;
    if (drag.kind === "point" && (drag.far || event.pointerType === "mouse")) {
      points = moved(drag.before, drag.index, to);
    } else if (drag.kind === "whole" && drag.far) {
      points = shifted(drag.before, [to[0] - drag.from[0], to[1] - drag.from[1]]);
    } else if (drag.kind === "anew" && drag.far && this.anew.length === 0) {
      points = this.isLine ? line(drag.from, to) : rectangle(drag.from, to);
    }
    if (points !== null) {
      drag.points = points;
      this.zones = { ...this.zones, [this.chosen]: points };
      this.render();
    }
  }

  release() {
    const { drag } = this;
    if (drag === null) {
      return;
    }
    this.drag = null;
    if (drag.kind === "anew" && !drag.points) {
      this.tap(drag.from);
    } else if (drag.points || drag.new) {
      this.anew = null;
      this.change(drag.points ?? drag.before, null);
    }
    if (drag.kind === "point") {
      this.focusPoint(drag.index);
    }
  }

  /** Forget the pointer; what it was doing is undone. */
  drop() {
    if (this.drag !== null) {
      this.zones = { ...this.zones, [this.chosen]: this.drag.new ? removed(this.drag.before, this.drag.index) : this.drag.before };
      this.drag = null;
      this.render();
    }
  }

  tap(point) {
    this.anew = added(this.anew, this.anew.length, point);
    const enough = this.anew.length >= LEAST[this.isLine ? "line" : "area"];
    if (enough) {
      this.change(this.anew, this.runOfAnew());
    }
    if (enough && this.isLine) {
      this.anew = null;
    }
    this.render();
  }

  /** Taps around one area are undone as one. */
  runOfAnew() {
    this.runs += this.anew.length === LEAST.area ? 1 : 0;
    return `anew ${this.runs}`;
  }

  key(event) {
    const { point, middle } = event.target.dataset;
    const way = WAYS[event.key];
    if (point !== undefined && way) {
      event.preventDefault();
      const length = event.shiftKey ? LONG_STEP : STEP;
      const index = Number(point);
      const [x, y] = this.points[index];
      this.change(moved(this.points, index, [x + way[0] * length, y + way[1] * length]), `${this.chosen} ${index}`);
      this.onPoint(index);
    } else if (point !== undefined && (event.key === "Delete" || event.key === "Backspace")) {
      event.preventDefault();
      this.dropPoint(Number(point));
    } else if (middle !== undefined && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      const { at, index } = middles(this.points).find((one) => one.index === Number(middle));
      this.change(added(this.points, index, at), null);
      this.focusPoint(index);
    }
  }

  focusPoint(index) {
    this.handles.querySelector(`[data-point="${index}"]`)?.focus({ preventScroll: true });
  }

  render() {
    this.place.classList.toggle("drawing", this.anew !== null);
    const shapes = Object.entries(this.zones).map(([name, points]) => this.shape(name, points));
    const started = this.anew?.length ? [this.outline("polyline", "zone open", this.anew)] : [];
    this.svg.replaceChildren(...shapes, ...this.reach(), ...started);
    this.renderHandles();
  }

  shape(name, points) {
    const kind = this.lines.has(name) ? "polyline" : "polygon";
    const drawn = this.outline(kind, name === this.chosen ? "zone chosen" : "zone", points);
    drawn.dataset.zone = name;
    return drawn;
  }

  /** Around the chosen line, which is too thin for a finger. */
  reach() {
    if (!this.isLine) {
      return [];
    }
    const around = this.outline("polyline", "reach", this.points);
    around.dataset.zone = this.chosen;
    return [around];
  }

  outline(kind, look, points) {
    const drawn = document.createElementNS(SVG, kind);
    drawn.setAttribute("points", points.map((point) => point.join()).join(" "));
    drawn.setAttribute("class", look);
    return drawn;
  }

  /** Buttons keep their places in the page while a point moves, so that the focus stays. */
  renderHandles() {
    const shown = this.chosen === null || this.anew !== null ? [] : this.points;
    const between = this.drag === null && !this.isLine ? middles(shown) : [];
    const wanted = [
      ...shown.map((at, index) => ({ kind: "point", index, at })),
      ...between.map(({ at, index }) => ({ kind: "middle", index, at })),
      ...(this.anew ?? []).map((at, index) => ({ kind: "tapped", index, at })),
    ];
    while (this.handles.children.length > wanted.length) {
      this.handles.lastElementChild.remove();
    }
    wanted.forEach((one, index) => this.handle(one, this.handles.children[index], shown.length));
  }

  handle({ kind, index, at }, before, count) {
    const button = before ?? document.createElement("button");
    button.type = "button";
    button.className = `handle ${kind}`;
    for (const name of Object.keys(button.dataset)) {
      delete button.dataset[name];
    }
    // Which way a line goes says what is left of it.
    button.textContent = kind === "point" && this.isLine ? String(index + 1) : "";
    button.dataset[kind] = String(index);
    const [across, down] = at.map((share) => Math.round(share * 100));
    const where = { number: index + 1, count, across, down };
    button.setAttribute(
      "aria-label",
      kind === "middle"
        ? _("Add a point after point {number}", { number: index })
        : _("Point {number} of {count}: {across} % across, {down} % down", where),
    );
    [button.style.left, button.style.top] = [`${at[0] * 100}%`, `${at[1] * 100}%`];
    if (before === undefined) {
      this.handles.append(button);
    }
  }
}
