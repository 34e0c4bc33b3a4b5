// Which zone is drawn on which camera: the choice of both, its name, drawing anew, taking points away, a nearer look.

import { Gestures } from "./gestures.js";
import { ZoneCanvas } from "./zone_canvas.js";
import { Zoom } from "./zoom.js";
import { LEAST } from "./zones.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);

export class ZoneTools {
  /** `onDrawn(zone, camera, points, run)`, `onNamed(old, new)`, `onCamera(camera)`, `onZoom(view)`. */
  constructor(form, { onDrawn, onNamed, onCamera, onZoom }) {
    Object.assign(this, { form, onNamed, onCamera, document: null, camera: null, zone: null, point: -1 });
    this.canvas = new ZoneCanvas(at("overlay"), {
      onChange: (zone, points, run) => onDrawn(zone, this.camera, points, run),
      onPoint: (index) => this.reach(index),
    });
    this.zoom = new Zoom(at("stage"), at("overlay"), onZoom);
    new Gestures(at("stage"), this.zoom, this.canvas);
    at("stage").addEventListener("keydown", (event) => this.key(event));
    at("views").addEventListener("click", ({ target }) => this.look(target.dataset.camera));
    at("zone-choice").addEventListener("click", ({ target }) => this.choose(target.dataset.zone));
    at("anew").addEventListener("click", () => this.drawAnew(this.canvas.anew === null));
    at("drop-point").addEventListener("click", () => this.canvas.dropPoint(this.point));
    at("zone-name").addEventListener("change", ({ target }) => this.rename(target.value));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.canvas.anew && this.drawAnew(false));
  }

  show(skill) {
    this.document = skill;
    const names = Object.keys(skill.zones);
    if (!skill.cameras.includes(this.camera)) {
      this.camera = skill.cameras[0] ?? null;
    }
    if (!names.includes(this.zone)) {
      this.zone = names[0] ?? null;
    }
    this.onCamera(this.camera);
    this.showChoices(names);
    this.showZone();
  }

  /** The stage lies on the picture. */
  fit({ style: { width, height } }) {
    Object.assign(at("stage").style, { width, height });
  }

  key(event) {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && this.zoom.onKey(event.key)) {
      event.preventDefault();
    }
  }

  /** Show the zone that a step uses. */
  choose(zone) {
    if (zone && this.document.zones[zone] && zone !== this.zone) {
      this.zone = zone;
      this.drawAnew(false);
      this.show(this.document);
    }
  }

  look(camera) {
    if (camera && camera !== this.camera) {
      this.camera = camera;
      this.zoom.whole();
      this.drawAnew(false);
      this.show(this.document);
    }
  }

  drawAnew(on) {
    this.canvas.drawAnew(on);
    this.showHint();
  }

  showChoices(names) {
    const called = (camera) => this.form.querySelector(`#cameras input[value="${camera}"]`)?.nextElementSibling.textContent;
    const { cameras } = this.document;
    const views = cameras.length > 1 ? cameras : [];
    fill(at("views"), views.map((camera) => ({ name: "camera", id: camera, text: called(camera) })), this.camera);
    at("views").hidden = views.length === 0;
    at("zones").hidden = names.length === 0;
    fill(at("zone-choice"), names.map((name) => ({ name: "zone", id: name, text: name })), this.zone);
  }

  showZone() {
    const { zones, steps } = this.document;
    const here = Object.entries(zones).map(([name, drawn]) => [name, drawn[this.camera] ?? []]);
    const lines = new Set(steps.filter((step) => step.do === "crossings").map(({ zone }) => zone));
    this.canvas.show(Object.fromEntries(here), lines, this.zone);
    at("zone-tools").hidden = this.zone === null;
    if (document.activeElement !== at("zone-name")) {
      at("zone-name").value = this.zone ?? "";
    }
    this.showPoint(this.point);
    this.showHint();
  }

  /** Tab, and keys that move a point, may lead out of sight. */
  reach(index) {
    this.showPoint(index);
    if (index >= 0 && this.canvas.drag === null) {
      const [x, y] = this.canvas.points[index];
      this.zoom.reveal([x, y, x, y]);
    }
  }

  showPoint(index) {
    this.point = index;
    const least = LEAST[this.canvas.isLine ? "line" : "area"];
    at("drop-point").disabled = index < 0 || this.canvas.points.length <= least;
  }

  showHint() {
    const drawing = this.canvas.anew !== null;
    at("anew").setAttribute("aria-pressed", String(drawing));
    at("anew").lastChild.textContent = drawing ? _("Done") : _("Draw anew");
    const line = this.canvas.isLine;
    const hints = {
      drawing: line ? _("Draw the line across the picture.") : _("Tap around the area, or pull a rectangle."),
      still: _("Pull the points, or the whole zone. Two fingers or the wheel show it nearer. With keys: Tab to a point, then the arrows."),
    };
    at("zone-hint").textContent = hints[drawing ? "drawing" : "still"];
  }

  rename(typed) {
    const name = plain(typed);
    const taken = name !== this.zone && Object.hasOwn(this.document.zones, name);
    at("zone-name").value = taken ? this.zone : name || this.zone;
    if (taken) {
      at("zone-hint").textContent = _("There is a zone {name} already.", { name });
    } else if (name && name !== this.zone) {
      const old = this.zone;
      this.zone = name;
      this.onNamed(old, name);
    }
  }
}

/** As names of zones may be written: small letters, digits and hyphens. */
export function plain(text) {
  const letters = text.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replaceAll(/[^a-z0-9]+/g, " ");
  return letters.trim().replaceAll(" ", "-").replace(/^[^a-z]+/, "").slice(0, 32);
}

function fill(list, wanted, chosen) {
  const focused = document.activeElement?.closest("ul") === list ? document.activeElement.dataset : null;
  list.replaceChildren(
    ...wanted.map(({ name, id, text }) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "chip", textContent: text });
      button.dataset[name] = id;
      button.setAttribute("aria-pressed", String(id === chosen));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  if (focused !== null) {
    [...list.querySelectorAll("button")].find(({ dataset }) => dataset.zone === focused.zone && dataset.camera === focused.camera)?.focus();
  }
}
