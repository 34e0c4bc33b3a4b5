// The boxes of one image with their history: every change goes to the outbox at once, undone ones too.

import { overlap } from "./boxes.js";
import { EMPTY, additions, applied, back, forth, inverse, recorded, removals, replacement } from "./history.js";

// As in proposals.py: a proposal that overlaps a drawn box this much is answered already.
const SAME = 0.4;

/** What of an item the device keeps; null for none. */
const kept = (item) => (item === null || item.proposed ? null : { tag: item.tag, box: item.box });

/** The ids of proposals that a box answers. */
export function answered(items) {
  const boxes = items.filter(({ proposed }) => !proposed);
  const open = items.filter(({ proposed }) => proposed);
  return open.filter(({ box }) => boxes.some((one) => overlap(one.box, box) >= SAME)).map(({ id }) => id);
}

export class Drawing {
  /** `items`: [{id, tag, box}], proposals with `proposed` true. `onChange()` after each change. */
  constructor(items, outbox, base, onChange) {
    Object.assign(this, { items, outbox, base, onChange, history: EMPTY });
  }

  get boxes() {
    return this.items.filter(({ proposed }) => !proposed);
  }

  get proposals() {
    return this.items.filter(({ proposed }) => proposed);
  }

  get canUndo() {
    return this.history.past.length > 0;
  }

  get canRedo() {
    return this.history.future.length > 0;
  }

  find(id) {
    return this.items.find((one) => one.id === id);
  }

  pathOf(id) {
    return `${this.base}/boxes/${id}`;
  }

  /** Show what the device or a model says; no step of the history, nothing to send. */
  reset(items) {
    this.items = items;
    this.onChange();
  }

  add(items) {
    this.step(additions(this.items, items));
  }

  remove(ids) {
    this.step(removals(this.items, ids));
  }

  /** Changes of one `run` are undone together. */
  change(id, difference, run = null) {
    this.step([replacement(this.items, { ...this.find(id), ...difference })], run);
  }

  /** Make boxes of proposals. */
  accept(ids) {
    this.step(ids.map((id) => replacement(this.items, { id, ...kept({ ...this.find(id), proposed: false }) })));
  }

  /** What the changes answer, proposals in the place of a box, goes with them, and comes back with an undo. */
  step(changes, run = null) {
    if (changes.length > 0) {
      const after = applied(this.items, changes);
      const gone = removals(after, answered(after));
      this.history = recorded(this.history, [...changes, ...gone], gone.length > 0 ? null : run);
      this.apply([...changes, ...gone]);
    }
  }

  /** Show what was changed elsewhere; it can be undone, but it is on the device already. */
  follow(changes) {
    this.history = recorded(this.history, changes);
    this.reset(applied(this.items, changes));
  }

  /** Take back these changes, whatever was done since. */
  undoStep(changes) {
    this.step(inverse(changes));
  }

  undo() {
    this.travel(this.canUndo, back);
  }

  redo() {
    this.travel(this.canRedo, forth);
  }

  travel(can, way) {
    if (can) {
      const [history, changes] = way(this.history);
      this.history = history;
      this.apply(changes);
    }
  }

  apply(changes) {
    this.items = applied(this.items, changes);
    for (const { id, before, after } of changes) {
      if (kept(after) !== null) {
        this.outbox.put("PUT", this.pathOf(id), kept(after));
      } else if (kept(before) !== null) {
        this.outbox.put("DELETE", this.pathOf(id));
      }
    }
    this.onChange();
  }
}
