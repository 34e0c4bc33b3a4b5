// Which pointers do what: one draws (or, where nothing is drawn, pans), two fingers pan and pinch, the middle button
// or the space bar pans.

const place = (event) => [event.clientX, event.clientY];
const CONTROLS = "button, a, summary, select, input, dialog";

export class Gestures {
  /**
   * `stroke`: what one pointer does, with press(event), pull(event), release(event) and drop(). Where it is null, or its
   * press gives false, the pointer pans.
   */
  constructor(stage, zoom, stroke) {
    Object.assign(this, { stage, zoom, stroke, down: new Map(), doing: null, space: false, panned: false });
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.pull(event));
    stage.addEventListener("pointerup", (event) => this.release(event));
    stage.addEventListener("pointercancel", (event) => this.lose(event));
    // Without this the middle button would start the browser's own scrolling.
    stage.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault());
    document.addEventListener("keydown", (event) => event.key === " " && this.hold(event));
    document.addEventListener("keyup", (event) => event.key === " " && this.letGo(event));
    document.addEventListener("keydown", () => stage.classList.remove("pointed"));
    window.addEventListener("blur", () => this.letGo(null));
  }

  press(event) {
    const second = this.down.size === 1 && event.pointerType === "touch";
    const pan = event.button === 1 || (event.button === 0 && (this.space || this.stroke === null));
    if ((this.down.size > 0 && !second) || (event.button !== 0 && !pan)) {
      return;
    }
    event.preventDefault();
    // The ring of the focus is for keys.
    this.stage.classList.add("pointed");
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, place(event));
    if (second) {
      if (this.doing === "stroke") {
        this.stroke.drop();
      }
      this.doing = "pinch";
    } else if (pan) {
      this.doing = "pan";
    } else {
      this.doing = this.stroke.press(event) === false ? "pan" : "stroke";
    }
  }

  pull(event) {
    const from = this.down.get(event.pointerId);
    if (from === undefined) {
      return;
    }
    const to = place(event);
    if (this.doing === "stroke") {
      this.stroke.pull(event);
    } else if (this.doing === "pan") {
      this.panned = true;
      this.zoom.drag(from, to);
    } else if (this.doing === "pinch") {
      const other = [...this.down].find(([id]) => id !== event.pointerId)[1];
      this.zoom.pinch([from, other], [to, other]);
    }
    this.down.set(event.pointerId, to);
  }

  release(event) {
    if (this.down.delete(event.pointerId)) {
      if (this.doing === "stroke") {
        this.stroke.release(event);
      }
      // The finger that is left after a pinch does nothing until it is lifted.
      this.doing = null;
    }
  }

  lose(event) {
    if (this.down.delete(event.pointerId)) {
      if (this.doing === "stroke") {
        this.stroke.drop();
      }
      this.doing = null;
    }
  }

  hold(event) {
    if (event.target.closest("select, input, dialog")) {
      return;
    }
    this.panned = this.space && this.panned;
    this.space = true;
    this.stage.classList.add("pan");
    if (!event.target.closest(CONTROLS)) {
      event.preventDefault();
    }
  }

  letGo(event) {
    if (this.panned) {
      // The button that has the focus is not meant.
      event?.preventDefault();
    }
    this.space = this.panned = false;
    this.stage.classList.remove("pan");
  }
}
