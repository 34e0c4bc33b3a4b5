// When a session has ended in the middle of something: the PIN is asked for on top of the page, and all goes on.

const dialog = () => document.getElementById("signed-out");

/** The device does not let this page in any more. */
export function askToSignIn() {
  if (dialog()?.open === false) {
    dialog().showModal();
  }
}

/** The device let this page in, be it after a sign-in in another tab. */
export function letIn() {
  if (dialog()?.open) {
    dialog().close();
    document.dispatchEvent(new Event("signed-in"));
  }
}

/** Resolves when somebody has signed in again. */
export const signedIn = () =>
  new Promise((resolve) => document.addEventListener("signed-in", resolve, { once: true }));

// Escape would leave a page that looks as if it worked.
dialog()?.addEventListener("cancel", (event) => event.preventDefault());
