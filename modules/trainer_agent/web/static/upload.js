// Upload: one file after the other, each with its own answer.

import { call } from "./api.js";

const place = document.getElementById("upload");
const field = document.getElementById("files");
const drop = document.getElementById("drop");
const list = document.getElementById("list");
const said = document.getElementById("said");
const largest = Number(place.dataset.largest);
const tally = { stored: 0, refused: 0 };
let turn = Promise.resolve();

function rowFor(file) {
  const row = document.createElement("li");
  const picture = document.createElement("span");
  picture.className = "blank";
  const name = document.createElement("span");
  name.className = "file-name";
  name.textContent = file.name;
  const state = document.createElement("span");
  state.className = "quiet";
  state.textContent = "Waiting";
  row.append(picture, name, state);
  list.append(row);
  return { picture, state };
}

function settle(row, good, message) {
  row.state.className = good ? "good" : "bad";
  row.state.textContent = message;
  tally[good ? "stored" : "refused"] += 1;
  const refused = tally.refused ? `, ${tally.refused} not taken` : "";
  said.textContent = `${tally.stored} stored${refused}.`;
}

async function send(file, row) {
  if (file.size > largest) {
    settle(row, false, `Too large: ${(file.size / 1e6).toFixed(1)} MB; at most ${largest / 1e6} MB can be taken.`);
    return;
  }
  row.state.textContent = "Uploading…";
  const form = new FormData();
  form.append("file", file);
  try {
    const image = await call("POST", place.dataset.path, form);
    const picture = document.createElement("img");
    picture.src = image.thumbnail;
    picture.alt = "";
    row.picture.replaceWith(picture);
    settle(row, true, "Stored");
  } catch (problem) {
    settle(row, false, problem.message);
  }
}

function take(files) {
  for (const file of files) {
    const row = rowFor(file);
    turn = turn.then(() => send(file, row));
  }
}

field.addEventListener("change", () => {
  take([...field.files]);
  field.value = "";
});
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
