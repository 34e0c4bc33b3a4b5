// Upload: many files one after the other, each with its progress and its own answer; tried again after a lost line.

import { pause } from "./api.js";
import { isReadable, sendForm } from "./send_file.js";
import { signedIn } from "./signed_out.js";
import { _, decimal } from "./words.js";

const FIRST_PAUSE_S = 2;
const LONGEST_PAUSE_S = 16;
const MOST_TRIES = 8;
const place = document.getElementById("upload");
const drop = document.getElementById("drop");
const list = document.getElementById("list");
const said = document.getElementById("said");
const largest = Number(place.dataset.largest);
const tally = { stored: 0, repeated: 0, refused: 0 };
let waiting = 0;
let turn = Promise.resolve();

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function rowFor(file) {
  const state = element("span", "quiet", _("Waiting"));
  const row = { item: element("li", ""), picture: element("span", "blank"), state };
  row.bar = document.createElement("progress");
  row.bar.hidden = true;
  row.bar.setAttribute("aria-label", _("{name} sent", { name: file.name }));
  row.item.append(row.picture, element("span", "file-name", file.name), row.state, row.bar);
  list.append(row.item);
  return row;
}

function settle(row, outcome, message) {
  row.bar.hidden = true;
  row.state.className = outcome === "refused" ? "bad" : "good";
  row.state.textContent = message;
  tally[outcome] += 1;
  count();
}

function count() {
  const parts = [_("{count} stored", { count: tally.stored })];
  parts.push(...(tally.repeated ? [_("{count} there already", { count: tally.repeated })] : []));
  parts.push(...(tally.refused ? [_("{count} not taken", { count: tally.refused })] : []));
  const left = waiting ? ` ${_("{count} to go.", { count: waiting })}` : "";
  said.textContent = `${parts.join(", ")}.${left}`;
}

function showPicture(row, image) {
  const picture = document.createElement("img");
  picture.src = image.thumbnail;
  picture.alt = "";
  row.picture.replaceWith(picture);
}

async function send(file, row) {
  if (file.size > largest) {
    const values = { size: decimal(file.size / 1e6, 1), largest: largest / 1e6 };
    const why = _("Too large: {size} MB; at most {largest} MB can be taken. Save it smaller and upload that.", values);
    settle(row, "refused", why);
    return;
  }
  if (!(await isReadable(file))) {
    settle(row, "refused", _("This cannot be read. Is it a folder? Choose the images in it."));
    return;
  }
  const form = new FormData();
  form.append("file", file);
  for (let tries = 1; ; tries += 1) {
    row.state.className = "quiet";
    row.state.textContent = _("Uploading…");
    row.bar.hidden = false;
    try {
      const image = await sendForm(place.dataset.path, form, (share) => {
        row.bar.value = share;
        const percent = Math.round(share * 100);
        row.state.textContent = share < 1 ? _("Uploading… {percent} %", { percent }) : _("The device looks at it…");
      });
      showPicture(row, image);
      settle(row, "stored", _("Stored"));
      return;
    } catch (problem) {
      if (problem.image) {
        repeated(file, row, problem, tries);
        return;
      }
      if (problem.status === 401) {
        row.state.textContent = _("Waits until you have signed in.");
        await signedIn();
        continue;
      }
      if (!problem.passing || tries === MOST_TRIES) {
        settle(row, "refused", problem.message);
        if (problem.passing) {
          offerAgain(file, row);
        }
        return;
      }
      const rest = Math.min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S);
      row.state.className = "bad";
      row.state.textContent = _("{problem} Trying again in {count} seconds.", {
        problem: problem.message,
        count: rest,
      });
      await pause(rest);
    }
  }
}

/** The device has the picture: as another image, or because only its answer to an earlier try was lost. */
function repeated(file, row, { image }, tries) {
  showPicture(row, image);
  if (tries > 1 && image.name === file.name) {
    settle(row, "stored", _("Stored"));
    return;
  }
  settle(row, "repeated", _("There already: the same picture as "));
  const link = element("a", "", image.caption);
  link.href = image.page;
  row.state.append(link);
}

function offerAgain(file, row) {
  const button = element("button", "button", _("Try again"));
  button.type = "button";
  button.addEventListener("click", () => {
    button.remove();
    tally.refused -= 1;
    line(file, row);
  });
  row.item.append(button);
}

function line(file, row) {
  waiting += 1;
  row.state.className = "quiet";
  row.state.textContent = _("Waiting");
  turn = turn.then(async () => {
    waiting -= 1;
    await send(file, row);
  });
}

function take(files) {
  for (const file of files) {
    line(file, rowFor(file));
  }
}

for (const field of [document.getElementById("files"), document.getElementById("photo")]) {
  field.addEventListener("change", () => {
    take([...field.files]);
    field.value = "";
  });
}
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
window.addEventListener("beforeunload", (event) => {
  if (waiting > 0) {
    event.preventDefault();
  }
});
