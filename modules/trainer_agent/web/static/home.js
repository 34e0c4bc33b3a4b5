// Home: a still picture of each camera, and what needs attention, fetched anew while somebody looks.

import { pause, problemOf } from "./api.js";
import { _ } from "./words.js";

const PICTURE_EVERY_S = 3;
const PAGE_EVERY_S = 5;

async function follow(picture) {
  const waiting = picture.parentElement.querySelector("[data-waiting]");
  while (picture.isConnected) {
    if (!document.hidden) {
      try {
        const response = await fetch(picture.dataset.frame);
        if (!response.ok) {
          throw await problemOf(response);
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
        waiting.textContent = problem instanceof TypeError ? _("The device cannot be reached.") : problem.message;
      }
    }
    await pause(PICTURE_EVERY_S);
  }
}

const followAll = () => document.querySelectorAll("[data-frame]").forEach(follow);

/** Put what is new of a part in its place; what is the same stays, and so does where somebody is in it. */
function renew(fresh, id, same) {
  const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
  if (old !== null && now !== null && !same(old, now) && !old.contains(document.activeElement)) {
    old.replaceWith(now);
    return true;
  }
  return false;
}

async function renewPage() {
  const response = await fetch(location.href);
  if (!response.ok) {
    throw await problemOf(response);
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const alike = (old, now) => old.innerHTML === now.innerHTML;
  renew(fresh, "attention-place", alike);
  renew(fresh, "running", alike);
  if (renew(fresh, "sights", (old, now) => old.dataset.cameras === now.dataset.cameras)) {
    followAll();
  }
}

followAll();
for (;;) {
  await pause(PAGE_EVERY_S);
  if (!document.hidden) {
    // A device that cannot be reached is told of beside its pictures.
    await renewPage().catch(() => {});
  }
}
