// What the device sends of something as it changes; when that line is cut, the page asks every few seconds.

import { call } from "./api.js";

const ASK_EVERY_MS = 5000;

/** Call `show(state)` now and at every change; `onLost()` when the device cannot be asked. Returns what ends it. */
export function follow(eventsPath, statePath, show, onLost = () => {}) {
  let events = null;
  // A browser has few connections to a device for all its tabs: a hidden one keeps none.
  const listen = () => {
    events?.close();
    events = null;
    if (!document.hidden) {
      events = new EventSource(eventsPath);
      events.addEventListener("message", (event) => show(JSON.parse(event.data)));
    }
  };
  const asking = setInterval(async () => {
    if (document.hidden || events?.readyState === EventSource.OPEN) {
      return;
    }
    try {
      show(await call("GET", statePath));
    } catch {
      onLost();
    }
  }, ASK_EVERY_MS);
  document.addEventListener("visibilitychange", listen);
  document.addEventListener("signed-in", listen);
  listen();
  return () => {
    document.removeEventListener("visibilitychange", listen);
    document.removeEventListener("signed-in", listen);
    events?.close();
    clearInterval(asking);
  };
}
