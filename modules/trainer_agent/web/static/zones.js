// Outlines of zones and lines as values, in shares of the picture. No page.

export const LEAST = { area: 3, line: 2 };
export const MOST_POINTS = 32;
const clamp = (value) => Math.min(1, Math.max(0, value));
/** A ten-thousandth of the picture is finer than anybody can point. */
const rounded = (value) => Math.round(clamp(value) * 10_000) / 10_000;

export const moved = (points, index, [x, y]) => points.with(index, [rounded(x), rounded(y)]);

/** All points by the same way, as far as the picture goes. */
export function shifted(points, [dx, dy]) {
  const along = (axis, by) => {
    const values = points.map((point) => point[axis]);
    return Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
  };
  const [x, y] = [along(0, dx), along(1, dy)];
  return points.map(([px, py]) => [rounded(px + x), rounded(py + y)]);
}

export const added = (points, index, [x, y]) => points.toSpliced(index, 0, [rounded(x), rounded(y)]);

export const removed = (points, index) => points.toSpliced(index, 1);

/** The middle of each edge, with the place where a point there would go; a line has none. */
export function middles(points) {
  if (points.length < 3 || points.length >= MOST_POINTS) {
    return [];
  }
  return points.map(([x, y], index) => {
    const [u, v] = points[(index + 1) % points.length];
    return { at: [(x + u) / 2, (y + v) / 2], index: index + 1 };
  });
}

/** The area between two corners. */
export function rectangle([x, y], [u, v]) {
  const [left, right] = [Math.min(x, u), Math.max(x, u)];
  const [top, bottom] = [Math.min(y, v), Math.max(y, v)];
  return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([px, py]) => [rounded(px), rounded(py)]);
}

export const line = (from, to) => [from, to].map(([x, y]) => [rounded(x), rounded(y)]);
