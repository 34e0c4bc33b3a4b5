// A closer look at the live picture: how sure a model must be, holding the picture still, and saying that it is wrong.

import { call, tell } from "./api.js";

const LOWEST = 50;

/** The slider: what is less sure is not shown. Where the device reports less sure things, it reaches down to them. */
export class Least {
  constructor(slider, said, changed) {
    Object.assign(this, { slider, said });
    slider.addEventListener("input", () => {
      this.say();
      changed();
    });
    this.say();
  }

  reach(detections) {
    const weakest = Math.floor(Math.min(LOWEST / 100, ...detections.map(({ confidence }) => confidence)) * 100);
    if (weakest < Number(this.slider.min)) {
      const atLowest = this.slider.value === this.slider.min;
      this.slider.min = String(weakest);
      this.slider.value = atLowest ? this.slider.min : this.slider.value;
      this.say();
    }
  }

  shown(detections) {
    return detections.filter(({ confidence }) => confidence * 100 >= Number(this.slider.value));
  }

  say() {
    this.said.textContent = `${this.slider.value} %`;
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
    this.button.textContent = now ? "Go on" : "Freeze";
    if (now) {
      // What comes in meanwhile is not shown, so neither is how the camera is doing.
      const phase = this.place.querySelector("#phase");
      [phase.textContent, phase.className] = ["held still", "mark busy"];
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
      link.textContent = "To check";
      this.told.replaceChildren("Thank you. The picture waits for you under ", link, ".");
      this.told.hidden = false;
    } catch (problem) {
      this.wrong.disabled = problem.status === 409;
      tell(problem.message, this.place);
    }
  }
}
