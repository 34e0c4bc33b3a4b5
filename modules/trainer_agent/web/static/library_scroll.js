// Images of the library come in as one scrolls, and are there again when one comes back to the page.

import { problemOf, tell } from "./api.js";
import { _ } from "./words.js";

const AHEAD = "1500px";
const images = () => document.getElementById("images");
const list = () => images().querySelector("[data-images]");
const place = `fifteen library ${location.search}`;
let watcher = null;
let loading = null;

/** Look for the end of the list from now on. */
export function follow() {
  watcher?.disconnect();
  watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loadMore(), {
    rootMargin: AHEAD,
  });
  const end = images().querySelector("[data-following]");
  if (end !== null) {
    watcher.observe(end);
  }
}

/** Append the images that follow; false when there are none. */
export function loadMore() {
  loading ??= append().finally(() => {
    loading = null;
  });
  return loading;
}

async function append() {
  const end = images().querySelector("[data-following]");
  if (end === null) {
    return false;
  }
  try {
    const response = await fetch(end.querySelector("a").dataset.more);
    if (!response.ok) {
      throw await problemOf(response);
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    list().append(...fresh.querySelector("[data-images]").children);
    const next = fresh.querySelector("[data-following]");
    next === null ? end.remove() : end.replaceWith(next);
    images().dispatchEvent(new CustomEvent("more"));
    follow();
    return true;
  } catch (problem) {
    tell(_("No more images came: {problem}", { problem: problem.message }));
    return false;
  }
}

async function comeBack() {
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
  if (kept === null || performance.getEntriesByType("navigation")[0]?.type !== "back_forward") {
    return;
  }
  while (list().children.length < kept.count && (await loadMore())) {
    // One page after the other.
  }
  scrollTo(0, kept.top);
}

if (list() !== null) {
  addEventListener("pagehide", () => {
    sessionStorage.setItem(place, JSON.stringify({ count: list()?.children.length ?? 0, top: scrollY }));
  });
  comeBack().then(follow);
}
