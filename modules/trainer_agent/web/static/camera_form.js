// A camera's form: fields for its kind, test before saving, save.

import { call, tell } from "./api.js";
import { _ } from "./words.js";

const form = document.getElementById("camera-form");
const trial = document.getElementById("trial");
const said = document.getElementById("trial-said");
const picture = document.getElementById("trial-picture");
const fields = form.elements;

function showKind() {
  for (const help of form.querySelectorAll("[data-help]")) {
    help.hidden = help.dataset.help !== fields.kind.value;
    help.id = help.hidden ? "" : "address-help";
  }
  document.getElementById("sign-in").hidden = fields.kind.value !== "rtsp";
  if (fields.kind.value === "sim" && fields.address.value === "") {
    fields.address.value = "shelf";
  }
}

function typed() {
  return {
    name: fields.name.value,
    kind: fields.kind.value,
    address: fields.address.value,
    user: fields.user.value,
    password: fields.password.value,
    forget: fields.forget.checked,
    frames_per_s: fields.frames_per_s.valueAsNumber,
    enabled: fields.enabled.checked,
  };
}

async function test(button) {
  tell("", form);
  button.disabled = true;
  trial.hidden = false;
  picture.hidden = true;
  said.className = "";
  said.textContent = _("Testing… this can take some seconds.");
  try {
    const { reason, width, height, jpeg } = await call("POST", form.dataset.test, {
      ...typed(),
      camera: form.dataset.camera,
    });
    said.className = reason ? "bad" : "good";
    said.textContent = reason
      ? _("No picture. {reason}", { reason })
      : _("It works: a picture of {width} × {height} came.", { width, height });
    if (jpeg) {
      await showJpeg(jpeg);
    }
  } catch (problem) {
    trial.hidden = true;
    tell(problem.message, form);
  }
  button.disabled = false;
}

async function showJpeg(jpeg) {
  const bytes = Uint8Array.from(atob(jpeg), (sign) => sign.charCodeAt(0));
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  await picture.decode();
  picture.hidden = false;
}

fields.kind.addEventListener("change", showKind);
document.getElementById("test").addEventListener("click", ({ target }) => test(target));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  tell("", form);
  try {
    await call(form.dataset.method, form.dataset.path, typed());
    location.assign(form.dataset.list);
  } catch (problem) {
    tell(problem.message, form);
  }
});
showKind();
