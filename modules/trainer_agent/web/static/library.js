// The library: filters, deleting with undo, checking what the model saw, training.

import { call, refresh, tell } from "./api.js";
import { follow } from "./library_scroll.js";
import { allowSelecting } from "./library_selection.js";
import { offerUndo } from "./toast.js";
import "./train.js";
import { _, ngettext } from "./words.js";

const library = document.getElementById("library");

async function remove(ids) {
  try {
    const { deleted, undo } = await call("POST", library.dataset.deleteMany, { images: ids });
    takeAway(ids);
    offerUndo(ngettext("{num} image deleted.", "{num} images deleted.", deleted), undo, renew);
    await refresh("tabs", "side", "progress");
    await fillUp();
    return true;
  } catch (problem) {
    tell(problem.message);
    return false;
  }
}

/** What is left stays where it is: with images beyond a first page shown, they are not all fetched again. */
function takeAway(ids) {
  for (const id of ids) {
    document.querySelector(`[data-image="${id}"]`)?.remove();
  }
}

async function fillUp() {
  if (document.querySelector("[data-image]") === null) {
    await renew();
  }
}

async function renew() {
  await refresh("tabs", "side", "progress", "images");
  follow();
}

async function confirmRight(button) {
  button.disabled = true;
  try {
    const { undo } = await call("POST", button.dataset.right);
    const item = button.closest("[data-image]");
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    next?.querySelector("[data-right]").focus();
    offerUndo(_("Accepted: the model will learn from it."), undo, renew);
    await refresh("tabs", "side", "progress");
    await fillUp();
  } catch (problem) {
    button.disabled = false;
    tell(problem.message);
  }
}

document.addEventListener("click", (event) => {
  const remover = event.target.closest("[data-delete]");
  const right = event.target.closest("[data-right]");
  if (remover !== null) {
    remove([Number(remover.dataset.delete)]);
  } else if (right !== null) {
    confirmRight(right);
  }
});

const form = document.querySelector("#filter form");
form.addEventListener("change", () => form.requestSubmit());
form.addEventListener("submit", () => {
  // What leaves out nothing stays out of the address.
  for (const field of form.elements) {
    field.disabled = field.name !== "" && field.value === "";
  }
});
if (document.getElementById("select") !== null) {
  allowSelecting(remove);
}
