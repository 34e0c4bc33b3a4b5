// The library: deleting images, training.

import { call, refresh, tell } from "./api.js";
import "./train.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (button === null || !confirm(`Delete ${button.dataset.name} and what is tagged in it?`)) {
    return;
  }
  try {
    await call("DELETE", button.dataset.delete);
    await refresh("images", "side");
  } catch (problem) {
    tell(problem.message);
  }
});
