// Loaded last: a press before the page's script listens would be lost without a word, so until then none is taken.

// Scripts that speak wait for their words; this one waits with them, and so stays the last.
import "./words.js";

document.getElementById("content").inert = false;
document.querySelector("[data-first]")?.focus();
