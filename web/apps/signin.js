// @ts-check
// Asks for an API key where Lectern is for holders of keys only. Loaded on its own it does nothing.
import { say } from "../words.js";
import { call, signInBy } from "./client.js";
import { openDialog } from "./dialog.js";
import { button, make } from "./dom.js";

/** @type {Promise<boolean> | undefined} */
let asking; // one dialog for all calls that need it
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * @param {() => void} listener  called when somebody signed in
 * @returns {() => void}  ends that
 */
export function onSignedIn(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @returns {Promise<boolean>}  whether somebody signed in */
export function signIn() {
  asking ??= ask().then((done) => {
    asking = undefined;
    if (done) for (const listener of listeners) listener();
    return done;
  });
  return asking;
}

/** @returns {Promise<boolean>} */
function ask() {
  return new Promise((resolve) => {
    const field = make("input", {
      type: "password",
      class: "lectern-input",
      autocomplete: "current-password",
      placeholder: "lct_…",
      autofocus: true,
      required: true,
      "aria-label": say("API key"),
    });
    const problem = make("p", { class: "lectern-problem", role: "alert" });
    const submit = make("button", { type: "submit", class: "lectern-button primary" }, say("Sign in"));
    const form = make(
      "form",
      { class: "lectern-dialog lectern-sign-in", onsubmit },
      make(
        "p",
        { class: "lectern-note" },
        say("These apps ask for an API key. It stays in this browser until you sign out."),
      ),
      field,
      problem,
      make(
        "div",
        { class: "lectern-footer" },
        button(say("Cancel"), () => close()),
        submit,
      ),
    );
    let done = false;
    const close = openDialog(say("Sign in to Lectern"), form, { size: "sm", closed: () => resolve(done) });

    /** @param {Event} event */
    async function onsubmit(event) {
      event.preventDefault();
      submit.disabled = true;
      try {
        await call("POST", "/session", { body: { key: field.value.trim() }, quiet: true });
        done = true;
        close();
      } catch (error) {
        problem.textContent = /** @type {Error} */ (error).message;
        field.select();
      }
      submit.disabled = false;
    }
  });
}

signInBy(signIn);
