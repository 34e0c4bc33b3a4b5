// The live picture of the editor: what a camera sees, the boxes that the chosen step lets through, and its cards' numbers.

import { pause, problemOf } from "./api.js";
import { draw } from "./live_canvas.js";
import { readParts } from "./live_stream.js";
import { WHOLE } from "./zoom.js";
import { _, decimal } from "./words.js";

const LONGEST_PAUSE_S = 10;
const TRACE_LASTS_MS = 3000;
const at = (id) => document.getElementById(id);

export class SkillView {
  /** `onSize()` after the picture was drawn anew in another size. */
  constructor(path, onSize) {
    Object.assign(this, { path, onSize, camera: "", chosen: null, traces: new Map(), picture: null, whens: [] });
    this.part = WHOLE;
    this.connection = new AbortController();
    this.labels = [];
    document.addEventListener("visibilitychange", () => (document.hidden ? this.connection.abort() : this.watch()));
    window.addEventListener("resize", () => this.render());
    setInterval(() => this.showNumbers(), 1000);
  }

  look(camera) {
    if (camera === this.camera) {
      return;
    }
    this.camera = camera;
    this.say(_("Waiting for a picture…"));
    this.watch();
    this.showNumbers();
  }

  /** Draw the boxes of one step, by its id. */
  choose(step) {
    this.chosen = step;
    this.render();
    for (const button of document.querySelectorAll("[data-choose]")) {
      button.setAttribute("aria-pressed", String(button.dataset.choose === this.shownStep()));
    }
  }

  /** Which part of the picture is in sight, as a view of `zoom.js`. */
  lookAt(view) {
    this.part = view;
    this.render();
  }

  /** `traces`: how the steps stand, on each camera of which something is new. */
  hear(traces) {
    for (const { camera, steps } of traces) {
      this.traces.set(camera, { steps, at: performance.now() });
    }
    this.showNumbers();
    this.render();
  }

  /** `whens`: the conditions that something is done about. */
  watchFor(whens) {
    this.whens = whens;
    this.showNumbers();
  }

  trace() {
    const heard = this.traces.get(this.camera);
    return heard && performance.now() - heard.at < TRACE_LASTS_MS ? heard.steps : null;
  }

  /** The step whose boxes are drawn: the chosen one, else the last that gives any. */
  shownStep() {
    const ids = [...document.querySelectorAll("[data-choose]")].map(({ dataset }) => dataset.choose);
    return ids.includes(this.chosen) ? this.chosen : ids.at(-1);
  }

  async watch() {
    this.connection.abort();
    const mine = (this.connection = new AbortController());
    let wait_s = 0.5;
    while (!mine.signal.aborted && !document.hidden && this.camera) {
      try {
        const response = await fetch(`${this.path}?${new URLSearchParams({ camera: this.camera })}`, {
          signal: mine.signal,
        });
        if (!response.ok) {
          throw await problemOf(response);
        }
        await readParts(response, async (facts, jpeg) => {
          wait_s = 0.5;
          await this.show(facts, jpeg, mine.signal);
        });
      } catch (problem) {
        if (mine.signal.aborted) {
          return;
        }
        this.say(problem.status ? problem.message : _("The device cannot be reached; trying again…"));
      }
      await pause(wait_s);
      wait_s = Math.min(2 * wait_s, LONGEST_PAUSE_S);
    }
  }

  async show(facts, jpeg, signal) {
    if (jpeg.length === 0) {
      this.say(facts.phase === "live" ? _("Waiting for a picture…") : _("The camera gives no picture"));
      return;
    }
    const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    if (signal.aborted) {
      picture.close();
      return;
    }
    this.picture?.close();
    this.picture = picture;
    at("screen").classList.add("shown");
    this.say("");
    this.render();
  }

  render() {
    if (this.picture === null) {
      return;
    }
    const boxes = this.trace()?.[this.shownStep()]?.boxes ?? [];
    this.labels = [...new Set([...this.labels, ...boxes.map(({ label }) => label)])];
    const canvas = at("picture");
    const before = canvas.style.width + canvas.style.height;
    draw(canvas, this.picture, boxes, this.labels, this.part);
    if (canvas.style.width + canvas.style.height !== before) {
      this.onSize();
    }
  }

  /** What each step lets through now, and whether anything would be done. */
  showNumbers() {
    const steps = this.trace();
    for (const card of document.querySelectorAll("[data-step]")) {
      const badge = card.querySelector("[data-lets]");
      const state = steps?.[card.dataset.step];
      const text = state ? said(state) : "–";
      if (badge.textContent !== text) {
        badge.textContent = text;
      }
      const place = badge.closest(".lets");
      place.classList.toggle("yes", state?.condition === true);
      place.classList.toggle("heard", state !== undefined);
    }
    this.showNow(steps);
  }

  showNow(steps) {
    const fires = this.whens.some((when) => steps?.[when]?.condition === true);
    const phases = {
      waiting: _("Waiting for the first result…"),
      fires: _("It would raise the alarm now"),
      quiet: _("All quiet now"),
      counts: _("It looks, and does nothing yet"),
    };
    const phase = steps === null ? "waiting" : fires ? "fires" : this.whens.length > 0 ? "quiet" : "counts";
    const place = at("now");
    if (place.dataset.phase !== phase || place.dataset.said !== phase) {
      place.dataset.phase = place.dataset.said = phase;
      place.lastElementChild.textContent = phases[phase];
    }
  }

  say(message) {
    at("over").textContent = message;
    at("over").hidden = message === "";
    at("screen").classList.toggle("old", message !== "");
  }
}

function said({ boxes, number, condition }) {
  if (condition !== null) {
    return condition ? _("yes") : _("no");
  }
  const value = number ?? boxes?.length ?? 0;
  return decimal(value, Number.isInteger(value) ? 0 : 2);
}
