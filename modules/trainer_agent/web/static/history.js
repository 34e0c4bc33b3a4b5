// Undo and redo without limit, as values: steps made of changes to items, each {id, before, after, place}. No page.

// `before` null means that the change adds the item, `after` null that it removes it; `place` is where it stands.

export const EMPTY = { past: [], future: [] };

/** The items after the changes. */
export function applied(items, changes) {
  const next = [...items];
  for (const { id, after, place } of changes) {
    const index = next.findIndex((one) => one.id === id);
    if (index < 0 && after !== null) {
      next.splice(Math.min(place, next.length), 0, after);
    } else if (index >= 0) {
      next.splice(index, 1, ...(after === null ? [] : [after]));
    }
  }
  return next;
}

/** The changes that lead back. */
export function inverse(changes) {
  return changes.map(({ id, before, after, place }) => ({ id, before: after, after: before, place })).reverse();
}

/** The changes that add items behind those that are there. */
export function additions(items, added) {
  return added.map((after, index) => ({ id: after.id, before: null, after, place: items.length + index }));
}

/** The changes that take items away. */
export function removals(items, ids) {
  let left = items;
  return ids.map((id) => {
    const place = left.findIndex((one) => one.id === id);
    const before = left[place];
    left = left.filter((one) => one.id !== id);
    return { id, before, after: null, place };
  });
}

/** The change that puts `after` in place of the item with its id. */
export function replacement(items, after) {
  const place = items.findIndex((one) => one.id === after.id);
  return { id: after.id, before: items[place], after, place };
}

/** The history with one step more. Steps of one run (not null), each changing the same one item, are undone as one. */
export function recorded({ past }, changes, run = null) {
  const last = past.at(-1);
  if (run !== null && last?.run === run) {
    const joined = [{ ...changes[0], before: last.changes[0].before }];
    return { past: [...past.slice(0, -1), { changes: joined, run }], future: [] };
  }
  return { past: [...past, { changes, run }], future: [] };
}

/** [the history one step back, the changes that lead there]. */
export function back({ past, future }) {
  const step = past.at(-1);
  return [{ past: past.slice(0, -1), future: [...future, step] }, inverse(step.changes)];
}

/** [the history one step on, the changes that lead there]. */
export function forth({ past, future }) {
  const step = future.at(-1);
  return [{ past: [...past, { ...step, run: null }], future: future.slice(0, -1) }, step.changes];
}
