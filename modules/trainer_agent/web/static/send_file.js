// One file to the device, with progress; `fetch` cannot tell how much of a request has gone out.

import { Problem } from "./api.js";
import { askToSignIn } from "./signed_out.js";
import { _ } from "./words.js";

const SILENCE_MS = 120_000;

/** Send a form and return the JSON of its answer; throws Problem, with `image` if the answer names one. */
export function sendForm(path, form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.timeout = SILENCE_MS;
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    const unreached = () => reject(new Problem(_("The device cannot be reached."), 0));
    for (const end of ["error", "abort", "timeout"]) {
      request.addEventListener(end, unreached);
    }
    request.addEventListener("load", () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // Told below by the status alone.
      }
      if (request.status >= 200 && request.status < 300 && answer !== null) {
        resolve(answer);
      } else {
        if (request.status === 401) {
          askToSignIn();
        }
        const { status } = request;
        const message = answer?.message ?? _("The device answered with {status}.", { status });
        const problem = new Problem(message, status);
        reject(Object.assign(problem, { image: answer?.image }));
      }
    });
    request.send(form);
  });
}

/** Whether the browser can read the file: a dropped folder looks like one, and a file may be gone by now. */
export async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
