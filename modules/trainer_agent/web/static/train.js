// The buttons that train a model and put a version in use, wherever they stand.

import { call, tell } from "./api.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-train]");
  if (button === null) {
    return;
  }
  button.disabled = true;
  try {
    await call("POST", button.dataset.train);
    location.assign(button.dataset.page);
  } catch (problem) {
    tell(problem.message, button.closest("#train"));
    button.disabled = false;
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-live]");
  if (button === null) {
    return;
  }
  button.disabled = true;
  try {
    await call("PUT", button.dataset.live, { version: button.dataset.version });
    location.reload();
  } catch (problem) {
    tell(problem.message, button.closest("section"));
    button.disabled = false;
  }
});
