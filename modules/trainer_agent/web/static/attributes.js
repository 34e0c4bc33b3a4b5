// Rows of name and value: adding, removing and reading them.

import { _ } from "./words.js";

/** The editor in `place`; `changed` is called at every change. */
export function attributesEditor(place, changed = () => {}) {
  const list = place.querySelector("[data-rows]");
  const pattern = place.querySelector("template");
  const more = place.querySelector("[data-more]");
  const most = Number(place.dataset.most);

  function add(name = "", text = "") {
    const row = pattern.content.cloneNode(true).firstElementChild;
    row.querySelector("[data-name]").value = name;
    row.querySelector("[data-text]").value = text;
    list.append(row);
    more.hidden = list.children.length >= most;
    return row;
  }

  function rows() {
    return [...list.querySelectorAll(".attribute")].map((row) => [
      row.querySelector("[data-name]").value.trim(),
      row.querySelector("[data-text]").value.trim(),
    ]);
  }

  function fill(pairs) {
    list.replaceChildren();
    pairs.forEach(([name, text]) => add(name, text));
    more.hidden = list.children.length >= most;
  }

  fill([...list.children].map(({ dataset }) => [dataset.key, dataset.value]));
  more.addEventListener("click", () => {
    add().querySelector("input").focus();
    changed();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drop]");
    if (button !== null) {
      button.closest("li").remove();
      more.hidden = false;
      more.focus();
      changed();
    }
  });
  list.addEventListener("input", changed);
  return {
    fill,
    rows,
    /** What is filled in; throws when a name comes twice or one of a pair is missing. */
    read() {
      const read = {};
      for (const [name, text] of rows()) {
        if (name === "" && text === "") {
          continue;
        }
        if (name === "" || text === "") {
          const missing = name === "" ? _("Tags: a name is missing for '{text}'.", { text }) : null;
          throw new Error(missing ?? _("Tags: '{name}' has no value.", { name }));
        }
        if (Object.hasOwn(read, name)) {
          throw new Error(_("Tags: the name '{name}' comes twice.", { name }));
        }
        read[name] = text;
      }
      return read;
    },
  };
}
