// All models: bring a deleted one back.

import { call, tell } from "./api.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-restore]");
  if (button === null) {
    return;
  }
  button.disabled = true;
  try {
    const model = await call("POST", button.dataset.restore);
    location.assign(model.page);
  } catch (problem) {
    tell(problem.message, document.getElementById("bin"));
    button.disabled = false;
  }
});
