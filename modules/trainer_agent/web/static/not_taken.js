// What the device did not take, because the image or the tag has gone meanwhile: shown and kept until dismissed.

import { ngettext } from "./words.js";

function inWords(count, here, reason) {
  return here
    ? ngettext(
        "One change is not saved here. Not taken: {reason}",
        "{num} changes are not saved here. Not taken: {reason}",
        count,
        { reason },
      )
    : ngettext(
        "One change is not saved in another image. Not taken: {reason}",
        "{num} changes are not saved in another image. Not taken: {reason}",
        count,
        { reason },
      );
}

export class NotTaken {
  /** `onDismissed(letters)`: staff threw these [path, letter] away. */
  constructor(place, outbox, base, onDismissed) {
    Object.assign(this, { place, outbox, base, shown: null });
    place.querySelector("[data-again]").addEventListener("click", () => outbox.retry([...outbox.refused.keys()]));
    place.querySelector("[data-dismiss]").addEventListener("click", () => {
      const letters = [...outbox.refused];
      outbox.dismiss(letters.map(([path]) => path));
      onDismissed(letters);
    });
  }

  render() {
    const letters = [...this.outbox.refused];
    const reasons = new Map();
    for (const [path, { message }] of letters) {
      const key = JSON.stringify([path.startsWith(`${this.base}/`), message]);
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
    }
    const sentences = [...reasons].map(([key, count]) => inWords(count, ...JSON.parse(key)));
    const text = sentences.join("\n");
    if (text !== this.shown) {
      this.shown = text;
      this.place.querySelector("[data-reasons]").textContent = text;
      this.place.hidden = text === "";
    }
  }
}
