// Draws a picture with what was found in it, sharp on any screen and readable on any ground.

import { WHOLE } from "./zoom.js";

// Eight colours that people with any kind of colour vision can tell apart, by Okabe and Ito; black is left out.
const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#ffffff"];
const DARK = "#10161d";
const NARROW_PX = 520;

/** The colour of a label: by its place among the labels of the model, so it stays the same. */
export function colourOf(label, labels) {
  return COLOURS[Math.max(0, labels.indexOf(label)) % COLOURS.length];
}

/**
 * Draw a decoded picture; boxes are fractions of it, detections without a box are listed in its corner. Of the picture
 * the part in sight is drawn, a view as in `zoom.js`.
 */
export function draw(canvas, picture, detections, labels, view = WHOLE) {
  const ratio = window.devicePixelRatio || 1;
  const room = canvas.parentElement.clientWidth;
  const width = Math.min(room, (window.innerHeight * 0.78 * picture.width) / picture.height);
  const height = (width * picture.height) / picture.width;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    [canvas.width, canvas.height] = [across, down];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(picture, view.x * across, view.y * down, view.scale * across, view.scale * down);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const narrow = width < NARROW_PX;
  const sheet = { pen, width, height, line: narrow ? 2 : 3, font: narrow ? 11 : 14, tall: narrow ? 17 : 22 };
  pen.font = `650 ${sheet.font}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  // The surest is drawn last, over the others, and every name over every box.
  const boxed = detections
    .filter((one) => one.box)
    .map((one) => ({ ...one, box: seenAt(one.box, view) }))
    .filter(({ box: [x0, y0, x1, y1] }) => x0 < 1 && y0 < 1 && x1 > 0 && y1 > 0)
    .reverse();
  for (const found of boxed) {
    drawBox(sheet, found.box, colourOf(found.label, labels));
  }
  for (const found of boxed) {
    const [x0, y0, x1] = found.box;
    const room = Math.max((x1 - x0) * width, 0.4 * width);
    drawTag(sheet, found, colourOf(found.label, labels), x0 * width, y0 * height - sheet.tall, room);
  }
  detections
    .filter((one) => !one.box)
    .forEach((found, row) => {
      drawTag(sheet, found, colourOf(found.label, labels), 8, 8 + row * (sheet.tall + 4), width - 16);
    });
}

const seenAt = ([x0, y0, x1, y1], { scale, x, y }) => [x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y];

function drawBox({ pen, width, height, line }, [x0, y0, x1, y1], colour) {
  const edges = [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height];
  pen.strokeStyle = DARK;
  pen.lineWidth = line + 3;
  pen.strokeRect(...edges);
  pen.strokeStyle = colour;
  pen.lineWidth = line;
  pen.strokeRect(...edges);
}

function drawTag({ pen, width, height, line, tall }, { label, confidence }, colour, x, y, room) {
  const text = shortened(pen, label, ` ${Math.round(confidence * 100)} %`, room - 12);
  const wide = pen.measureText(text).width + 12;
  const left = Math.max(0, Math.min(x - line / 2, width - wide));
  const top = Math.max(0, Math.min(y, height - tall));
  pen.fillStyle = colour;
  pen.fillRect(left, top, wide, tall);
  pen.strokeStyle = DARK;
  pen.lineWidth = 1;
  pen.strokeRect(left + 0.5, top + 0.5, wide - 1, tall - 1);
  pen.fillStyle = isLight(colour) ? DARK : "#fff";
  pen.fillText(text, left + 6, top + tall / 2 + 1);
}

/** The label and what follows it, the label cut so that both fit. */
function shortened(pen, label, after, room) {
  let kept = [...label];
  while (kept.length > 3 && pen.measureText(mark(kept, label) + after).width > room) {
    kept = kept.slice(0, -1);
  }
  return mark(kept, label) + after;
}

function mark(kept, label) {
  const text = kept.join("");
  return text === label ? label : `${text.trimEnd()}…`;
}

function isLight(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 100;
}
