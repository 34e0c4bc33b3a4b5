// The Train button, wherever it stands.

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
