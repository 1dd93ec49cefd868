// @ts-check
// What a person sees who may not see the apps: a field for their key, or where the apps can be opened from.
import { ApiError, call } from "./api.mjs";
import { openDialog } from "./dialog.mjs";
import { el, fill, freshId } from "./dom.mjs";
import { icon } from "./icons.mjs";
import { say } from "./words.mjs";

/** @param {() => void} entered */
export function keyForm(entered) {
  const id = freshId("key");
  const problem = el("p", { class: "error", role: "alert", hidden: true });
  const input = el("input", { class: "input", id, type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
  const form = el("form", {
    class: "door",
    onsubmit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      try {
        await call("POST", "v1/session", { json: { key: input.value.trim() } });
        entered();
      } catch (error) {
        fill(problem, icon("warning"), refusal(error));
        problem.hidden = false;
        input.select();
      }
    },
  }, el("h1", {}, say("Sign in")), el("p", { class: "quiet-text" }, say("These apps need a key. The person who runs this server has one for you.")),
  el("label", { class: "label", for: id }, say("Key")), input, problem, el("button", { class: "button" }, say("Sign in")));
  return form;
}

/** @param {unknown} error */
function refusal(error) {
  if (!(error instanceof ApiError) || !error.status) return say("The server cannot be reached.");
  if (error.status === 401) return say("This key is not known, or no longer valid.");
  return error.status === 429 ? say("Too many tries. Wait a minute.") : error.message;
}

/** Over the page, for a session that ended meanwhile; resolves once the key was right. @returns {Promise<void>} */
export function askForKey() {
  const dialog = openDialog(say("Sign in"), "asking");
  return new Promise((resolve) => dialog.append(keyForm(() => { dialog.close(); resolve(); })));
}

/** @returns {Promise<{access: string, signed_in: boolean} | null>}  null: unknown; the page itself then says what is wrong */
export function readSession() {
  return call("GET", "v1/session").catch(() => null);
}

/** What stands in the page's place when it cannot be shown. @param {unknown} error @returns {HTMLElement} */
export function closedDoor(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 401) return keyForm(() => location.reload());
  if (error.code === "not_this_machine") {
    return message(say("Only on its own machine"), say("These apps can be opened on the machine that ComfyUI runs on. To open them from others, set access to \"keys\" under [apps] in lectern.toml."));
  }
  if (error.status === 404) return message(say("There is no such app"), say("It may have been renamed or deleted."));
  if (!error.status) return message(say("The server cannot be reached"), say("Is ComfyUI running?"), true);
  return message(say("This did not work"), error.message, true);
}

/** @param {string} title @param {string} text @param {boolean} [again] */
function message(title, text, again = false) {
  return el("div", { class: "door" }, el("h1", {}, title), el("p", { class: "quiet-text" }, text),
    again && el("button", { type: "button", class: "button", onclick: () => location.reload() }, say("Try again")));
}
