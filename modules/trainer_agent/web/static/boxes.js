// Boxes as fractions of the picture, [x0, y0, x1, y1]: pure maths, no page.

const within = (value) => Math.min(Math.max(value, 0), 1);

export const CORNERS = { nw: [0, 1], ne: [2, 1], se: [2, 3], sw: [0, 3] };

/** The box between two points, inside the picture. */
export function between([ax, ay], [bx, by]) {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(within);
}

/** The box moved by a distance, as far as the picture goes. */
export function moved([x0, y0, x1, y1], [dx, dy]) {
  const right = Math.min(Math.max(dx, -x0), 1 - x1);
  const down = Math.min(Math.max(dy, -y0), 1 - y1);
  return [x0 + right, y0 + down, x1 + right, y1 + down];
}

/** The box with one corner pulled to a point; the opposite corner stays. */
export function pulled(box, corner, point) {
  const [cx, cy] = CORNERS[corner];
  const opposite = [box[cx === 0 ? 2 : 0], box[cy === 1 ? 3 : 1]];
  return between(opposite, point);
}

export function contains([x0, y0, x1, y1], [x, y]) {
  return x0 <= x && x <= x1 && y0 <= y && y <= y1;
}

export const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);

/** Intersection over union of two boxes. */
export function overlap([ax0, ay0, ax1, ay1], [bx0, by0, bx1, by1]) {
  const width = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0));
  const height = Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  const shared = width * height;
  return shared / (area([ax0, ay0, ax1, ay1]) + area([bx0, by0, bx1, by1]) - shared || 1);
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
