// Requests to the device, and their problems in words.

import { askToSignIn, letIn } from "./signed_out.js";
import { _ } from "./words.js";

export class Problem extends Error {
  /** `answer`: what the device said of it, whole. */
  constructor(message, status, answer = {}) {
    super(message);
    Object.assign(this, { status, answer });
  }

  /** The device was not reached, could not just now, or asks to sign in: the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 401 || this.status >= 500;
  }
}

/**
 * Send a request and return the JSON of its answer (null if it has none); throws Problem. `body`: JSON or FormData;
 * `signal`: gives up.
 */
export async function call(method, path, body, signal) {
  const options = { method, signal };
  if (body instanceof FormData) {
    options.body = body;
  } else if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Problem(_("The device cannot be reached."), 0);
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  letIn();
  try {
    return response.status === 204 ? null : await response.json();
  } catch {
    throw new Problem(_("The device cannot be reached."), 0);
  }
}

/** The problem that an answer tells; that of an ended session asks to sign in again. */
export async function problemOf(response) {
  if (response.status === 401) {
    askToSignIn();
  }
  try {
    const answer = await response.json();
    return new Problem(answer.message, response.status, answer);
  } catch {
    return new Problem(_("The device answered with {status}.", { status: response.status }), response.status);
  }
}

/** Show a problem in the nearest place for it, or take it away with "". */
export function tell(message, near = document) {
  const place = near.querySelector("[data-problem]") ?? document.querySelector("[data-problem]");
  place.textContent = message;
  place.hidden = message === "";
}

/** Fetch this page again and put its parts with these ids in place of the shown ones. */
export async function refresh(...ids) {
  const response = await fetch(location.href);
  if (!response.ok) {
    throw await problemOf(response);
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ids) {
    document.getElementById(id)?.replaceWith(fresh.getElementById(id));
  }
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
