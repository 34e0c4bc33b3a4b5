// What was saved or deleted on another screen while a skill was changed here: told, with the ways on. Nothing is lost.

import { _ } from "./words.js";

export const GONE = 404;
const CHANGED = 409;

export class SkillElsewhere {
  /**
   * `onTheirs(now)`: go on from what is saved by now. `onMine(now)`: save all the same. `now`: {document, edition}, null
   * after it was deleted.
   */
  constructor(place, { onTheirs, onMine }) {
    Object.assign(this, { place, now: null });
    this.theirs = place.querySelector("[data-theirs]");
    this.mine = place.querySelector("[data-mine]");
    this.theirs.addEventListener("click", () => this.end(onTheirs));
    this.mine.addEventListener("click", () => this.end(onMine));
  }

  /** Whether this is why something was not saved. */
  tells({ status, message, answer }) {
    if (status !== GONE && (status !== CHANGED || answer.document === undefined)) {
      return false;
    }
    this.now = status === GONE ? null : { document: answer.document, edition: answer.edition };
    const told = this.now === null ? _("This skill was deleted on another screen meanwhile.") : message;
    this.place.querySelector("[data-changes]").textContent = _("{told} Not saved yet; yours is still here.", { told });
    this.theirs.hidden = this.now === null;
    this.mine.textContent = this.now === null ? _("Save it as a new skill") : _("Save mine over it");
    this.place.hidden = false;
    return true;
  }

  hide() {
    this.place.hidden = true;
  }

  end(act) {
    this.hide();
    act(this.now);
  }
}
