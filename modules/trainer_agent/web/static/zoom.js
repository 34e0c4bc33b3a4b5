// How near the picture is looked at and which part of it: maths on values, and the sheet that shows them.

// A view is {scale, x, y}: the sheet is `scale` times as wide as the stage, its corner at x, y of it (1 is its width).

const NEAREST = 12;
const STEP = 1.5;
const WHEEL_PX = 240;
const LINE_PX = 33;
export const WHOLE = { scale: 1, x: 0, y: 0 };

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/** The nearest view that shows the picture everywhere. */
function bounded({ scale, x, y }) {
  const near = clamp(scale, 1, NEAREST);
  return { scale: near, x: clamp(x, 1 - near, 0), y: clamp(y, 1 - near, 0) };
}

/** `factor` nearer; what is at a point of the stage stays there. */
export function zoomed({ scale, x, y }, factor, [px, py]) {
  const near = clamp(scale * factor, 1, NEAREST);
  const by = near / scale;
  return bounded({ scale: near, x: px - (px - x) * by, y: py - (py - y) * by });
}

export const panned = ({ scale, x, y }, [dx, dy]) => bounded({ scale, x: x + dx, y: y + dy });

/** The part of the picture in sight, as a box. */
export const inSight = ({ scale, x, y }) => [-x / scale, -y / scale, (1 - x) / scale, (1 - y) / scale];

/** Panned as little as brings a box into sight; what is larger than the stage is centred. */
export function revealed(view, [x0, y0, x1, y1]) {
  const shift = (from, to, at) => {
    const [start, end] = [from * view.scale + at, to * view.scale + at];
    return end - start > 1 ? 0.5 - (start + end) / 2 : Math.max(0, -start) + Math.min(0, 1 - end);
  };
  return panned(view, [shift(x0, x1, view.x), shift(y0, y1, view.y)]);
}

export class Zoom {
  /** `stage` clips the `sheet` with all that is shown, the page has buttons for it; `onChange(view)`. */
  constructor(stage, sheet, onChange = () => {}) {
    Object.assign(this, { stage, sheet, onChange, view: WHOLE });
    this.buttons = Object.fromEntries(["nearer", "farther", "whole"].map((id) => [id, document.getElementById(id)]));
    for (const [act, button] of Object.entries(this.buttons)) {
      button.addEventListener("click", () => this[act]());
    }
    stage.addEventListener("wheel", (event) => this.turn(event), { passive: false });
  }

  /** Whether the key was one of its own. */
  onKey(key) {
    const act = { "+": "nearer", "=": "nearer", "-": "farther", _: "farther", 0: "whole" }[key];
    if (act !== undefined) {
      this[act]();
    }
    return act !== undefined;
  }

  show(view) {
    this.view = view;
    this.stage.classList.toggle("near", view.scale > 1);
    this.sheet.style.width = this.sheet.style.height = `${view.scale * 100}%`;
    this.sheet.style.left = `${view.x * 100}%`;
    this.sheet.style.top = `${view.y * 100}%`;
    this.buttons.farther.disabled = this.buttons.whole.disabled = view.scale === 1;
    this.onChange(view);
  }

  /** A point of the window as one of the stage. */
  at([x, y]) {
    const edge = this.stage.getBoundingClientRect();
    return [(x - edge.left) / edge.width, (y - edge.top) / edge.height];
  }

  nearer(middle = [0.5, 0.5]) {
    this.show(zoomed(this.view, STEP, middle));
  }

  farther(middle = [0.5, 0.5]) {
    this.show(zoomed(this.view, 1 / STEP, middle));
  }

  whole() {
    this.show(WHOLE);
  }

  reveal(box) {
    this.show(revealed(this.view, box));
  }

  /** Follow a pointer from one point of the window to another. */
  drag(from, to) {
    const [[ax, ay], [bx, by]] = [this.at(from), this.at(to)];
    this.show(panned(this.view, [bx - ax, by - ay]));
  }

  /** Follow two fingers, each from one point of the window to another. */
  pinch([a, b], [c, d]) {
    const length = ([x, y], [u, v]) => Math.max(1, Math.hypot(x - u, y - v));
    const middle = ([x, y], [u, v]) => [(x + u) / 2, (y + v) / 2];
    this.show(zoomed(this.view, length(c, d) / length(a, b), this.at(middle(a, b))));
    this.drag(middle(a, b), middle(c, d));
  }

  /** Wheel: nearer or farther at the pointer; with Shift, or sideways: pan. At the end the page may scroll. */
  turn(event) {
    const unit = event.deltaMode === 0 ? 1 : LINE_PX;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    const pan = !event.ctrlKey && (event.shiftKey || Math.abs(dx) > Math.abs(dy));
    const before = this.view;
    const at = [event.clientX, event.clientY];
    if (pan) {
      this.drag([0, 0], event.shiftKey && dx === 0 ? [-dy, 0] : [-dx, -dy]);
    } else {
      // A touchpad's pinch comes as small turns with Ctrl.
      const gain = event.ctrlKey ? 4 : 1;
      this.show(zoomed(before, 2 ** clamp((-dy * gain) / WHEEL_PX, -1, 1), this.at(at)));
    }
    const { scale, x, y } = this.view;
    if (event.ctrlKey || scale !== before.scale || x !== before.x || y !== before.y) {
      event.preventDefault();
    }
  }
}
