// Home: a still picture of each camera, fetched anew while somebody looks.

import { pause } from "./api.js";

const EVERY_S = 3;

async function follow(picture) {
  const waiting = picture.parentElement.querySelector("[data-waiting]");
  for (;;) {
    if (!document.hidden) {
      try {
        const response = await fetch(`${picture.dataset.frame}?after=0`);
        if (!response.ok) {
          throw new Error((await response.json()).message);
        }
        const before = picture.src;
        picture.src = URL.createObjectURL(await response.blob());
        await picture.decode();
        URL.revokeObjectURL(before);
        picture.hidden = false;
        waiting.hidden = true;
      } catch (problem) {
        picture.hidden = true;
        waiting.hidden = false;
        waiting.textContent = problem instanceof TypeError ? "The device cannot be reached." : problem.message;
      }
    }
    await pause(EVERY_S);
  }
}

document.querySelectorAll("[data-frame]").forEach(follow);
