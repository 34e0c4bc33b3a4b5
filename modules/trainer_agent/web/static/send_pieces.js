// Sends a large file piece by piece, and goes on after a broken line or a session that ended.

import { call, pause, problemOf } from "./api.js";
import { signedIn } from "./signed_out.js";
import { _ } from "./words.js";

const TRIES = 5;

async function send(path, part) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(path, { method: "PUT", body: part });
      if (response.ok) {
        return await response.json();
      }
      throw await problemOf(response);
    } catch (problem) {
      if (problem.status === 401) {
        await signedIn();
        continue;
      }
      if (problem.status) {
        throw problem;
      }
      if (attempt === TRIES) {
        throw new Error(_("The device cannot be reached."));
      }
      await pause(attempt);
    }
  }
}

/** Announces the file at `path`, sends it, and gives the address that it got; `told(bytes)` hears how much is there. */
export async function sendPieces(path, file, piece, told) {
  const { id } = await call("POST", path, { name: file.name, size: file.size });
  const own = `${path}/${id}`;
  for (let start = 0; start < file.size; start += piece) {
    await send(`${own}?start=${start}`, file.slice(start, start + piece));
    told(Math.min(file.size, start + piece));
  }
  return own;
}
