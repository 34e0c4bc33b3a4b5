// Numbers over the time of a video as a drawing, with the parts in which a skill had raised behind them.

import { _ } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 120;
const EDGE = 18;

/** Minutes and seconds, as players show them. */
export const clock = (seconds) => {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const part = (name, attributes) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
};

const text = (words, attributes) => {
  const made = part("text", attributes);
  made.textContent = words;
  return made;
};

/** `seconds`: how numbers stood; `changes`: when something was raised or cleared. */
export function timeline(seconds, changes) {
  const end = seconds.at(-1).at_s;
  const most = Math.max(1, ...seconds.flatMap(({ numbers }) => Object.values(numbers)));
  const across = (at) => (at / end) * WIDTH;
  const down = (value) => HEIGHT - EDGE - (Math.max(0, value) / most) * (HEIGHT - 2 * EDGE);
  const drawing = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "timeline", role: "img" });
  drawing.setAttribute("aria-label", described(changes));
  for (const [from, to] of raisedParts(changes, end)) {
    drawing.append(part("rect", { x: across(from), y: 0, width: across(to) - across(from), height: HEIGHT - EDGE }));
  }
  Object.keys(seconds[0].numbers).forEach((step, index) => {
    const points = seconds.map(({ at_s: at, numbers }) => `${across(at)},${down(numbers[step])}`);
    drawing.append(part("polyline", { points: points.join(" "), class: `line-${index % 4}` }));
    drawing.append(text(step, { x: 6 + 120 * index, y: 13, class: `line-${index % 4}` }));
  });
  drawing.append(text("0:00", { x: 0, y: HEIGHT - 3 }));
  drawing.append(text(clock(end), { x: WIDTH, y: HEIGHT - 3, "text-anchor": "end" }));
  return drawing;
}

function raisedParts(changes, end) {
  const parts = [];
  for (const { step, phase, at_s: at } of changes) {
    if (phase === "raised") {
      parts.push([at, end, step]);
    } else {
      const open = parts.findLast((one) => one[2] === step);
      if (open) {
        open[1] = at;
      }
    }
  }
  return parts;
}

function described(changes) {
  const told = changes.map(
    ({ phase, at_s: at }) => `${clock(at)} ${phase === "raised" ? _("raised") : _("cleared")}`,
  );
  return told.length ? told.join(", ") : _("Nothing was raised.");
}
