// Properties of a model: rename it, rename, merge or delete a tag, delete the model, undo.

import { call, refresh, tell } from "./api.js";
import { attributesEditor } from "./attributes.js";
import { offerUndo, say } from "./toast.js";
import { _, ngettext } from "./words.js";

const tagDialog = document.getElementById("edit-tag");
const tagForm = tagDialog.querySelector("form");
const modelForm = document.querySelector("#edit-model form");
const deleteForm = document.querySelector("#delete-model form");
const attributes = attributesEditor(modelForm.querySelector("[data-attributes]"));
let tagPath = "";

const renew = () => refresh("tags", "train");

function openTag({ dataset }) {
  tagPath = dataset.editTag;
  tagForm.elements.name.value = dataset.name;
  const others = [...document.querySelectorAll("[data-edit-tag]")].filter((one) => one.dataset.tag !== dataset.tag);
  tagForm.elements.into.replaceChildren(...others.map((one) => new Option(one.dataset.name, one.dataset.tag)));
  tagForm.querySelector("[data-merge]").hidden = others.length === 0;
  tagForm.querySelector("[data-delete-tag]").hidden = others.length === 0;
  const images = Number(dataset.images);
  document.getElementById("tag-delete-note").textContent =
    images === 0
      ? _("No image has this tag.")
      : ngettext(
          "It is in {num} image. What is tagged with it goes, too; you can undo it.",
          "It is in {num} images. What is tagged with it goes, too; you can undo it.",
          images,
        );
  tell("", tagForm);
  tagDialog.showModal();
}

async function changeTag(action) {
  try {
    await action();
    tagDialog.close();
    await renew();
  } catch (problem) {
    tell(problem.message, tagForm);
  }
}

document.addEventListener("click", async (event) => {
  const target = event.target.closest("button");
  if (target === null) {
    return;
  }
  if (target.dataset.open !== undefined) {
    document.getElementById(target.dataset.open).showModal();
  } else if (target.dataset.close !== undefined) {
    target.closest("dialog").close();
  } else if (target.dataset.editTag !== undefined) {
    openTag(target);
  } else if (target.dataset.do !== undefined) {
    const merging = target.dataset.do === "merge";
    await changeTag(async () => {
      const into = Number(tagForm.elements.into.value);
      const kept = await call("POST", `${tagPath}/${target.dataset.do}`, merging ? { into } : undefined);
      const undo = `${tagPath.split("/tags/")[0]}/binned-tags/${kept.id}/restore`;
      const { name } = kept;
      offerUndo(merging ? _("'{name}' was merged.", { name }) : _("'{name}' was deleted.", { name }), undo, renew);
    });
  } else if (target.dataset.restore !== undefined) {
    try {
      await call("POST", target.dataset.restore);
      await renew();
    } catch (problem) {
      say(problem.message);
    }
  }
});

tagForm.addEventListener("submit", (event) => {
  event.preventDefault();
  changeTag(() => call("PATCH", tagPath, { name: tagForm.elements.name.value }));
});

modelForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const name = modelForm.elements.name.value;
    await call("PATCH", modelForm.dataset.path, { name, attributes: attributes.read() });
    location.reload();
  } catch (problem) {
    tell(problem.message, modelForm);
  }
});

deleteForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("POST", deleteForm.dataset.path);
    location.assign(deleteForm.dataset.next);
  } catch (problem) {
    tell(problem.message, deleteForm);
  }
});
