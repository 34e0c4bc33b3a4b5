// Loaded last: a press before the page's script listens would be lost without a word, so until then none is taken.

document.getElementById("content").inert = false;
document.querySelector("[data-first]")?.focus();
