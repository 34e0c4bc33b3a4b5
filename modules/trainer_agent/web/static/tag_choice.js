// The tags to choose from, as chips; the one chosen is remembered for the next image of the model.

export class TagChoice {
  /** `onPick(id)` takes the place of choosing when it is set, and `isPicked(id)` that of being the chosen one. */
  constructor(chips, tags, remembered) {
    Object.assign(this, { chips, tags, remembered, onPick: null, isPicked: (id) => id === this.tag });
    this.tag = Number(sessionStorage.getItem(remembered));
    if (!tags.some(({ id }) => id === this.tag)) {
      this.tag = tags[0].id;
    }
    for (const chip of chips) {
      chip.addEventListener("click", () => this.pick(Number(chip.dataset.tag)));
    }
  }

  pick(id) {
    if (this.onPick !== null) {
      this.onPick(id);
      return;
    }
    this.tag = id;
    sessionStorage.setItem(this.remembered, String(id));
    this.render();
  }

  name(id) {
    return this.tags.find((one) => one.id === id)?.name ?? "";
  }

  look(id) {
    const place = this.tags.findIndex((one) => one.id === id);
    return { name: this.name(id), colour: `tag-${Math.max(0, place) % 8}` };
  }

  render() {
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(this.isPicked(Number(chip.dataset.tag))));
    }
  }
}
