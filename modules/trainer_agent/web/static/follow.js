// What the device sends of something as it changes; when that line is cut, the page asks every few seconds.

import { call } from "./api.js";

const ASK_EVERY_MS = 5000;

/** Call `show(state)` now and at every change; `onLost()` when the device cannot be asked. Returns what ends it. */
export function follow(eventsPath, statePath, show, onLost = () => {}) {
  const events = new EventSource(eventsPath);
  events.addEventListener("message", (event) => show(JSON.parse(event.data)));
  const asking = setInterval(async () => {
    if (events.readyState === EventSource.OPEN || document.hidden) {
      return;
    }
    try {
      show(await call("GET", statePath));
    } catch {
      onLost();
    }
  }, ASK_EVERY_MS);
  return () => {
    events.close();
    clearInterval(asking);
  };
}
