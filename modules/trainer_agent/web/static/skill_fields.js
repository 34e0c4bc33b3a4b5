// The inputs of a skill's cards as values of its document, and problems shown at them.

/** The value at a path such as `steps.2.than`, on a copy of the document. */
export function withValue(document, path, value) {
  const copy = structuredClone(document);
  const keys = path.split(".");
  const last = keys.pop();
  const part = keys.reduce((at, key) => at[key], copy);
  part[last] = value;
  return copy;
}

/** What is in a field, as its document has it; what is empty is null. */
export function valueOf(field) {
  const input = field.querySelector("input, select");
  const typed = input === null || input.value === "" ? null : input.value;
  switch (field.dataset.kind) {
    case "flag":
      return input.checked;
    case "tags":
    case "days":
    case "from_many":
    case "cameras":
      return [...field.querySelectorAll("input:checked")].map(({ value }) => value);
    case "typed":
      return (typed ?? "").split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
    case "number":
      return typed === null ? null : Number(typed);
    case "percent":
      return typed === null ? null : Number((Number(typed) / 100).toFixed(6));
    case "duration":
      return typed === null ? null : Number(typed) * Number(field.querySelector("[data-unit]").value);
    case "text":
      return typed ?? "";
    default:
      return typed;
  }
}

/** Kinds of which a change changes what other cards offer. */
export const RENEWS = new Set(["model", "from", "from_many", "zone", "cameras"]);

/** Show each problem at its field, or at what is around that; returns the places where they are, in their order. */
export function showProblems(form, problems) {
  const texts = new Map();
  for (const { place, text } of problems) {
    const shown = placeOf(form, place);
    if (shown !== null) {
      texts.set(shown, [...(texts.get(shown) ?? []), text]);
    }
  }
  for (const fault of form.querySelectorAll("[data-fault]")) {
    const said = texts.get(fault) ?? [];
    fault.textContent = said.join(" ");
    fault.hidden = said.length === 0;
    markInput(fault, said.length > 0);
  }
  return [...form.querySelectorAll("[data-fault]:not([hidden])")];
}

function placeOf(form, place) {
  const keys = place.split(".");
  while (keys.length > 0) {
    const found = form.querySelector(`[data-fault="${CSS.escape(keys.join("."))}"]`);
    if (found !== null) {
      return found;
    }
    keys.pop();
  }
  return form.querySelector('[data-fault="steps"]');
}

function markInput(fault, wrong) {
  const input = fault.closest(".field")?.querySelector("input:not([type=checkbox]), select, fieldset");
  if (!input) {
    return;
  }
  fault.id = `${input.id}-fault`;
  if (wrong) {
    input.setAttribute("aria-describedby", fault.id);
    fault.closest("details")?.setAttribute("open", "");
  } else {
    input.removeAttribute("aria-describedby");
  }
  if (input.tagName !== "FIELDSET") {
    input.toggleAttribute("aria-invalid", wrong);
    if (wrong) {
      input.setAttribute("aria-invalid", "true");
    }
  }
}

/** Put the focus where a problem can be mended. */
export function goTo(fault) {
  const field = fault.closest(".field");
  const target = field?.querySelector("input, select") ?? fault.closest("li")?.querySelector("select, input, button");
  (target ?? fault).scrollIntoView({ block: "center" });
  target?.focus({ preventScroll: true });
}
