// Boxes as fractions of the picture, [x0, y0, x1, y1]: pure maths, no page.

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
const within = (value) => clamp(value, 0, 1);

export const CORNERS = { nw: [0, 1], ne: [2, 1], se: [2, 3], sw: [0, 3] };

/** The box between two points, inside the picture. */
export function between([ax, ay], [bx, by]) {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(within);
}

/** The box moved by a distance, as far as the picture goes. */
export function moved([x0, y0, x1, y1], [dx, dy]) {
  const right = clamp(dx, -x0, 1 - x1);
  const down = clamp(dy, -y0, 1 - y1);
  return [x0 + right, y0 + down, x1 + right, y1 + down];
}

/** The box with one corner moved by a distance; the opposite corner stays. */
export function pulled(box, corner, [dx, dy]) {
  const [cx, cy] = CORNERS[corner];
  const opposite = [box[cx === 0 ? 2 : 0], box[cy === 1 ? 3 : 1]];
  return between(opposite, [box[cx] + dx, box[cy] + dy]);
}

/** The box made wider and higher at its right and lower edge, at least as large as `least` [width, height]. */
export function grown([x0, y0, x1, y1], [dx, dy], [leastWidth, leastHeight]) {
  return [x0, y0, clamp(x1 + dx, Math.min(x0 + leastWidth, x1), 1), clamp(y1 + dy, Math.min(y0 + leastHeight, y1), 1)];
}

/** A box in the middle of an area, with a share of its width and height. */
export function amid([x0, y0, x1, y1], share) {
  const [right, down] = [((x1 - x0) * (1 - share)) / 2, ((y1 - y0) * (1 - share)) / 2];
  return [x0 + right, y0 + down, x1 - right, y1 - down];
}

export function contains([x0, y0, x1, y1], [x, y]) {
  return x0 <= x && x <= x1 && y0 <= y && y <= y1;
}

export const area = ([x0, y0, x1, y1]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

/** Intersection over union. */
export function overlap(one, other) {
  const [x0, y0] = [Math.max(one[0], other[0]), Math.max(one[1], other[1])];
  const [x1, y1] = [Math.min(one[2], other[2]), Math.min(one[3], other[3])];
  const shared = area([x0, y0, x1, y1]);
  return shared / (area(one) + area(other) - shared || 1);
}

/** Whether it is at least `least` px a side in a picture of this size. */
export function largeEnough([x0, y0, x1, y1], width, height, least) {
  return (x1 - x0) * width >= least && (y1 - y0) * height >= least;
}

/** A random UUID; crypto.randomUUID is not there on a page without TLS. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
