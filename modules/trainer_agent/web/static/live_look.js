// A closer look at the live picture: how sure a model must be, holding the picture still, and saying that it is wrong.

import { call, tell } from "./api.js";
import { _ } from "./words.js";

/** The slider: what is less sure is not shown. Until it is moved, what the model reports is. */
export class Least {
  constructor(slider, said, below, changed) {
    Object.assign(this, { slider, said, below, moved: false, reported: Number(slider.value) });
    slider.addEventListener("input", () => {
      this.moved = true;
      this.say();
      changed();
    });
    this.say();
  }

  /** `threshold`: what the model reports is at least so sure, 0 to 1. */
  reach(threshold) {
    this.reported = Math.floor(threshold * 100);
    this.slider.min = String(Math.min(Number(this.slider.min), this.reported));
    if (!this.moved) {
      this.slider.value = String(this.reported);
    }
    this.say();
  }

  shown({ detections, weak }) {
    if (!this.moved) {
      return detections;
    }
    return [...detections, ...weak].filter(({ confidence }) => confidence * 100 >= Number(this.slider.value));
  }

  say() {
    this.said.textContent = `${this.slider.value} %`;
    this.below.hidden = Number(this.slider.value) >= this.reported;
    this.below.textContent = _(
      "What is less than {share} % sure is shown here only; the model does not report it.",
      { share: this.reported },
    );
  }
}

/** The picture held still, and sent to be checked. `last()`: the shown picture with its facts. */
export class Frozen {
  constructor(place, last) {
    Object.assign(this, { place, last, now: false, sent: null });
    this.button = place.querySelector("#freeze");
    this.wrong = place.querySelector("#wrong");
    this.told = place.querySelector("#told");
    this.button.addEventListener("click", () => this.hold(!this.now));
    this.wrong.addEventListener("click", () => this.send());
  }

  hold(now) {
    this.now = now;
    this.button.setAttribute("aria-pressed", String(now));
    this.button.textContent = now ? _("Go on") : _("Freeze");
    if (now) {
      // What comes in meanwhile is not shown, so neither is how the camera is doing.
      const phase = this.place.querySelector("#phase");
      [phase.textContent, phase.className] = [_("held still"), "mark busy"];
    } else {
      this.told.hidden = true;
      tell("", this.place);
    }
  }

  end() {
    this.hold(false);
    this.button.disabled = true;
    this.wrong.disabled = true;
  }

  /** There is a picture: it can be held, and sent if a model looked at it. */
  allow() {
    const { facts } = this.last();
    this.button.disabled = false;
    this.wrong.disabled = facts.model_id === null || facts.detections === null || this.sent === facts.frame_id;
  }

  async send() {
    this.hold(true);
    const { facts, jpeg } = this.last();
    const form = new FormData();
    form.append("frame", new Blob([jpeg], { type: "image/jpeg" }), "frame.jpg");
    form.append("camera", facts.camera);
    // A number of nanoseconds is too large for JavaScript; the frame's id begins with its digits.
    form.append("taken_ns", facts.frame_id.split("-")[0]);
    form.append("seen", JSON.stringify(facts.detections));
    form.append("version", facts.model_version);
    this.wrong.disabled = true;
    try {
      await call("POST", this.place.dataset.wrong.replace("MODEL", facts.model_id), form);
      this.sent = facts.frame_id;
      const link = document.createElement("a");
      link.href = this.place.dataset.check.replace("MODEL", facts.model_id);
      link.textContent = _("To check");
      this.told.replaceChildren(_("Thank you. The picture waits for you under:"), " ", link);
      this.told.hidden = false;
    } catch (problem) {
      this.wrong.disabled = problem.status === 409;
      tell(problem.message, this.place);
    }
  }
}
