// The dialogs where the kind of a new step or action is chosen.

const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
const at = (id) => document.getElementById(id);

export class SkillKinds {
  /** `ask(change)`: resolves when the cards show it; `skill()`: the document. */
  constructor(ask, skill) {
    Object.assign(this, { ask, skill, place: 0 });
    document.addEventListener("click", ({ target }) => this.choose(target.closest("dialog button")));
  }

  openSteps({ dataset }) {
    const dialog = at("add-step");
    this.place = Number(dataset.addStep);
    const fits = dataset.fits.split(" ");
    for (const kind of dialog.querySelectorAll("[data-step-kind]")) {
      kind.closest("li").hidden = !fits.includes(kind.dataset.stepKind);
    }
    dialog.showModal();
  }

  openActions() {
    at("add-action").showModal();
  }

  choose(button) {
    const { stepKind, actionKind, close } = button?.dataset ?? {};
    if (stepKind !== undefined) {
      const before = new Set(this.skill().steps.map(({ id }) => id));
      const place = () => `steps.${this.skill().steps.findLastIndex(({ id }) => !before.has(id))}`;
      this.add(at("add-step"), { kind: "add_step", do: stepKind, at: this.place, time_zone: TIME_ZONE }, place);
    } else if (actionKind !== undefined) {
      const place = () => `actions.${this.skill().actions.length - 1}`;
      this.add(at("add-action"), { kind: "add_action", do: actionKind }, place);
    } else if (close !== undefined) {
      button.closest("dialog").close();
    }
  }

  async add(dialog, change, place) {
    dialog.close();
    await this.ask(change);
    const card = at("cards").querySelector(`[data-place="${place()}"]`);
    card?.scrollIntoView({ block: "center" });
    card?.querySelector("input, select, button")?.focus({ preventScroll: true });
  }
}
