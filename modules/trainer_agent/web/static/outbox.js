// What was tagged but is not on the device yet: sent one by one, tried again, kept over a reload of the page.

import { call, pause } from "./api.js";

const MARK = "fifteen unsaved ";
const FIRST_PAUSE_S = 0.5;
const LONGEST_PAUSE_S = 8;

export class Outbox {
  /** `onChange(count, problem)`: how many wait and why, if there is a reason. `onRefused(path, problem)`: given up. */
  constructor(onChange, onRefused) {
    this.onChange = onChange;
    this.onRefused = onRefused;
    this.sending = false;
    const kept = Object.keys(localStorage)
      .filter((name) => name.startsWith(MARK))
      .map((name) => [name.slice(MARK.length), JSON.parse(localStorage.getItem(name))]);
    // In the order in which they were put: one may take back what another says.
    this.waiting = new Map(kept.sort(([, first], [, second]) => (first.at ?? 0) - (second.at ?? 0)));
  }

  /** What waits, as [path, {method, body}]. */
  letters() {
    return [...this.waiting];
  }

  /** Send soon; what still waits for the same path is replaced. */
  put(method, path, body) {
    const letter = { method, body, at: Date.now() };
    this.waiting.set(path, letter);
    localStorage.setItem(MARK + path, JSON.stringify(letter));
    this.drain();
  }

  has(path) {
    return this.waiting.has(path);
  }

  /** Resolves when nothing waits any more. */
  async empty() {
    while (this.waiting.size > 0) {
      await pause(0.05);
    }
  }

  async drain() {
    if (this.sending) {
      return;
    }
    this.sending = true;
    let rest = FIRST_PAUSE_S;
    while (this.waiting.size > 0) {
      const [path, letter] = this.waiting.entries().next().value;
      this.onChange(this.waiting.size, null);
      try {
        await call(letter.method, path, letter.body);
        this.settle(path, letter);
        rest = FIRST_PAUSE_S;
      } catch (problem) {
        if (problem.passing) {
          this.onChange(this.waiting.size, problem);
          await pause(rest);
          rest = Math.min(rest * 2, LONGEST_PAUSE_S);
        } else {
          this.settle(path, letter);
          this.onRefused(path, problem);
        }
      }
    }
    this.sending = false;
    this.onChange(0, null);
  }

  settle(path, letter) {
    if (this.waiting.get(path) === letter) {
      this.waiting.delete(path);
      localStorage.removeItem(MARK + path);
    }
  }
}
