// The choice of the language, for this browser; the page comes again in it.

import { call, tell } from "./api.js";

const choice = document.getElementById("language");

choice.addEventListener("change", async () => {
  try {
    await call("PUT", choice.dataset.path, { language: choice.value });
    location.reload();
  } catch (problem) {
    tell(problem.message, choice.closest("section"));
  }
});
