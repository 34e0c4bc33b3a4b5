// Tagging the whole picture: one press per tag, several if the model allows; undone and redone without limit.

import { EMPTY, back, forth, recorded, replacement } from "./history.js";

const PICTURE = "picture";

export class Classification {
  constructor(place, task, base, { outbox, tags, onChange }) {
    const unsent = outbox.letters().find(([path]) => path === `${base}/tags`);
    const chosen = unsent === undefined ? task.image.tags : unsent[1].body.tags;
    Object.assign(this, { task, base, outbox, tags, onChange, chosen, canvas: null, history: EMPTY });
    tags.isPicked = (id) => this.chosen.includes(id);
    tags.onPick = (id) => this.pick(id);
    for (const way of ["undo", "redo"]) {
      document.getElementById(way).addEventListener("click", () => this.travel(way));
    }
  }

  get empty() {
    return this.chosen.length === 0;
  }

  /** The tag, or no more when it is pressed again; without those there were where one is all that may be. */
  pick(id) {
    const others = this.chosen.filter((one) => one !== id && this.task.several);
    const tags = this.chosen.includes(id) ? others : [...others, id];
    const change = replacement([{ id: PICTURE, tags: this.chosen }], { id: PICTURE, tags });
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
    this.chosen = after.tags;
    this.outbox.put("PUT", `${this.base}/tags`, { tags: after.tags });
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
