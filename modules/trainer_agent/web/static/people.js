// The settings of sign-in: how long a session lasts, signing out here and everywhere.

import { call, tell } from "./api.js";
import { say } from "./toast.js";
import { _ } from "./words.js";

const section = document.getElementById("people");
const hours = document.getElementById("hours");

async function change(act) {
  tell("", section);
  try {
    await act();
  } catch (problem) {
    tell(problem.message, section);
  }
}

hours?.addEventListener("change", () =>
  change(async () => {
    await call("PUT", hours.dataset.path, { hours: Number(hours.value) });
    say(_("Saved."));
  }),
);
section.addEventListener("click", ({ target }) => {
  if (target.dataset.signOut) {
    change(async () => {
      await call("POST", target.dataset.signOut, { everywhere: "everywhere" in target.dataset });
      location.assign("/sign-in");
    });
  }
});
