// The list of the boxes in the picture, one button each; what did not change is not touched.

import { _ } from "./words.js";

export class BoxList {
  /** `tags` gives `name(tag)` and `look(tag)`; `onPress(id)`. */
  constructor(list, tags, onPress) {
    Object.assign(this, { list, tags, onPress, shown: new Map() });
  }

  show(boxes, chosen) {
    const ids = new Set(boxes.map(({ id }) => id));
    for (const [id, { item }] of this.shown) {
      if (!ids.has(id)) {
        item.remove();
        this.shown.delete(id);
      }
    }
    boxes.forEach((box, index) => {
      const { item, button, dot, text } = this.shown.get(box.id) ?? this.made(box.id);
      const words = `${index + 1}. ${this.tags.name(box.tag)}${box.refused ? ` (${_("not saved")})` : ""}`;
      if (text.data !== words) {
        text.data = words;
        dot.className = `dot ${this.tags.look(box.tag).colour}`;
      }
      button.setAttribute("aria-pressed", String(box.id === chosen));
      // One stop for Tab: the boxes are walked in the picture.
      button.tabIndex = box.id === chosen || (index === 0 && !ids.has(chosen)) ? 0 : -1;
      if (this.list.children[index] !== item) {
        this.list.insertBefore(item, this.list.children[index] ?? null);
      }
    });
  }

  made(id) {
    const [item, button, dot] = ["li", "button", "span"].map((kind) => document.createElement(kind));
    const text = document.createTextNode("");
    button.type = "button";
    button.className = "chip";
    button.dataset.box = id;
    button.append(dot, text);
    button.addEventListener("click", () => this.onPress(id));
    item.append(button);
    const one = { item, button, dot, text };
    this.shown.set(id, one);
    return one;
  }
}
