// What was tagged but is not on the device yet: sent one by one, tried again, kept over a reload of the page.

import { call, pause } from "./api.js";
import { signedIn } from "./signed_out.js";

const WAITING = "fifteen unsaved ";
const REFUSED = "fifteen refused ";
const FIRST_PAUSE_S = 0.5;
const LONGEST_PAUSE_S = 8;
/** A line that is neither cut nor carries anything holds up what is tagged no longer; to send it twice does no harm. */
const ANSWERED_WITHIN_MS = 10_000;

/** What this browser keeps under a mark, as path -> letter. */
function kept(mark) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(mark));
  const letters = names.map((name) => [name.slice(mark.length), JSON.parse(localStorage.getItem(name))]);
  // In the order in which they were put: one may take back what another says.
  return new Map(letters.sort(([, first], [, second]) => (first.at ?? 0) - (second.at ?? 0)));
}

export class Outbox {
  /** `onChange(count, problem)`: how many wait and why, if there is a reason; also when `refused` changed. */
  constructor(onChange) {
    Object.assign(this, { onChange, sending: false, waiting: kept(WAITING), refused: kept(REFUSED) });
  }

  /** What is not on the device, refused or not tried yet, as [path, {method, body}]. */
  letters() {
    return [...this.refused, ...this.waiting];
  }

  /** Send soon; what still waits for the same path is replaced. */
  put(method, path, body) {
    const letter = { method, body, at: Date.now() };
    this.dismiss([path]);
    this.waiting.delete(path);
    this.waiting.set(path, letter);
    localStorage.setItem(WAITING + path, JSON.stringify(letter));
    this.drain();
  }

  has(path) {
    return this.waiting.has(path);
  }

  /** Send again what the device did not take. */
  retry(paths) {
    for (const path of paths) {
      const { method, body } = this.refused.get(path);
      this.put(method, path, body);
    }
  }

  /** Forget what the device did not take. */
  dismiss(paths) {
    for (const path of paths) {
      this.refused.delete(path);
      localStorage.removeItem(REFUSED + path);
    }
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
        await call(letter.method, path, letter.body, AbortSignal.timeout(ANSWERED_WITHIN_MS));
        this.settle(path, letter);
        rest = FIRST_PAUSE_S;
      } catch (problem) {
        if (problem.passing) {
          this.onChange(this.waiting.size, problem);
          await (problem.status === 401 ? signedIn() : pause(rest));
          rest = Math.min(rest * 2, LONGEST_PAUSE_S);
        } else {
          this.refuse(path, letter, problem);
        }
      }
    }
    this.sending = false;
    this.onChange(0, null);
  }

  settle(path, letter) {
    if (this.waiting.get(path) === letter) {
      this.waiting.delete(path);
      localStorage.removeItem(WAITING + path);
    }
  }

  /** Keep what the device does not take, unless something newer waits for its place. */
  refuse(path, letter, problem) {
    if (this.waiting.get(path) === letter) {
      const told = { ...letter, message: problem.message, gone: problem.status === 404 };
      this.refused.set(path, told);
      localStorage.setItem(REFUSED + path, JSON.stringify(told));
      this.settle(path, letter);
    }
  }
}
