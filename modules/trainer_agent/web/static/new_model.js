// Create: reads the objects as they are typed, sends the form, goes to the new model.

import { call, tell } from "./api.js";

const form = document.getElementById("new-model");
const read = document.getElementById("objects-read");

form.elements.objects.addEventListener("input", () => {
  const names = form.elements.objects.value.match(/"[^"]*"|[^,"]+/g) ?? [];
  const shown = names.map((name) => name.replaceAll('"', "").trim()).filter((name) => name !== "");
  read.replaceChildren(
    ...shown.map((name, index) => {
      const item = document.createElement("li");
      const dot = document.createElement("span");
      dot.className = `dot tag-${index % 8}`;
      item.append(dot, name);
      return item;
    }),
  );
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = form.elements;
  try {
    const model = await call("POST", "/api/models", {
      name: fields.name.value,
      kind: fields.kind.value,
      objects: fields.objects.value,
      automatic: fields.automatic.checked,
    });
    location.assign(model.page);
  } catch (problem) {
    tell(problem.message, form);
  }
});
