// What the device did not take, because the image or the tag has gone meanwhile: shown and kept until dismissed.

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
      const where = path.startsWith(`${this.base}/`) ? "here" : "in another image";
      const said = `${where}. Not taken: ${message}`;
      reasons.set(said, (reasons.get(said) ?? 0) + 1);
    }
    const amount = (count) => (count === 1 ? "One change is" : `${count} changes are`);
    const sentences = [...reasons].map(([said, count]) => `${amount(count)} not saved ${said}`);
    const text = sentences.join("\n");
    if (text !== this.shown) {
      this.shown = text;
      this.place.querySelector("[data-reasons]").textContent = text;
      this.place.hidden = text === "";
    }
  }
}
