// A camera's form: fields for its kind, test before saving, save.

import { call, tell } from "./api.js";
import { sendPieces } from "./send_pieces.js";
import { _, decimal } from "./words.js";

const form = document.getElementById("camera-form");
const trial = document.getElementById("trial");
const said = document.getElementById("trial-said");
const picture = document.getElementById("trial-picture");
const fields = form.elements;
const video = document.getElementById("video");
const videoFile = document.getElementById("video-file");
const videoBar = document.getElementById("video-bar");
const videoSaid = document.getElementById("video-said");

function showKind() {
  for (const help of form.querySelectorAll("[data-help]")) {
    help.hidden = help.dataset.help !== fields.kind.value;
    help.id = help.hidden ? "" : "address-help";
  }
  document.getElementById("sign-in").hidden = fields.kind.value !== "rtsp";
  video.hidden = fields.kind.value !== "file";
  if (fields.kind.value === "sim" && fields.address.value === "") {
    fields.address.value = "shelf";
  }
}

function typed() {
  return {
    name: fields.name.value,
    location: fields.location.value,
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

async function send(file) {
  tell("", form);
  const largest = Number(video.dataset.largest);
  if (file.size > largest) {
    const values = { name: file.name, size: decimal(file.size / 1e9, 1), largest: largest / 1e9 };
    tell(_("{name} is too large: {size} GB; at most {largest} GB can be taken.", values), form);
    return;
  }
  videoFile.disabled = true;
  videoBar.hidden = false;
  videoSaid.textContent = _("Sending {name}", { name: file.name });
  try {
    const sent = await sendPieces(video.dataset.path, file, Number(video.dataset.piece), (bytes) => {
      videoBar.value = bytes / file.size;
    });
    const { address } = await call("POST", `${sent}/keep`, { name: file.name });
    fields.address.value = address;
    fields.name.value ||= file.name.replace(/\.[^.]*$/, "").slice(0, fields.name.maxLength);
    videoSaid.textContent = _("{name} is on the device.", { name: file.name });
    await test(document.getElementById("test"));
  } catch (problem) {
    videoSaid.textContent = "";
    tell(problem.message, form);
  }
  videoFile.disabled = false;
  videoBar.hidden = true;
}

videoFile.addEventListener("change", () => {
  const [file] = videoFile.files;
  videoFile.value = "";
  if (file !== undefined) {
    send(file);
  }
});
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
