// Tagging the whole picture: one press per tag, every change undone and redone without limit.

import { EMPTY, back, forth, recorded, replacement } from "./history.js";

const PICTURE = "picture";

export class Classification {
  constructor(place, task, base, { outbox, tags, onChange }) {
    const unsent = outbox.letters().find(([path]) => path === `${base}/tag`);
    Object.assign(this, { task, base, outbox, tags, onChange, canvas: null, history: EMPTY });
    tags.tag = unsent === undefined ? task.image.tag : unsent[1].body.tag;
    tags.onPick = (id) => this.pick(id);
    for (const way of ["undo", "redo"]) {
      document.getElementById(way).addEventListener("click", () => this.travel(way));
    }
  }

  get empty() {
    return this.tags.tag === null;
  }

  /** The tag, or none when it is pressed again. */
  pick(id) {
    const before = { id: PICTURE, tag: this.tags.tag };
    const change = replacement([before], { id: PICTURE, tag: this.tags.tag === id ? null : id });
    this.history = recorded(this.history, [change]);
    this.set(change);
  }

  travel(way) {
    if (this.history[way === "undo" ? "past" : "future"].length > 0) {
      const [history, [change]] = (way === "undo" ? back : forth)(this.history);
      this.history = history;
      this.set(change);
    }
  }

  set({ after }) {
    this.tags.tag = after.tag;
    this.outbox.put("PUT", `${this.base}/tag`, { tag: after.tag });
    this.render();
  }

  render() {
    document.getElementById("undo").disabled = this.history.past.length === 0;
    document.getElementById("redo").disabled = this.history.future.length === 0;
    this.onChange();
  }

  onKey(event) {
    const key = event.key.toLowerCase();
    if (event.altKey) {
      return false;
    }
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") {
        return false;
      }
      this.travel(key === "y" || event.shiftKey ? "redo" : "undo");
      return true;
    }
    const tag = this.task.tags[Number(key) - 1];
    if (tag === undefined) {
      return false;
    }
    this.tags.pick(tag.id);
    return true;
  }
}
