// @ts-check
// A window over the page: the browser's own modal dialog, which keeps the focus and gives it back.
import { el } from "./dom.mjs";
import { icon } from "./icons.mjs";
import { say } from "./words.mjs";

/**
 * @param {string} name  how a screen reader calls it
 * @param {string} kind  its class
 * @returns {HTMLDialogElement}
 */
export function openDialog(name, kind) {
  const dialog = el("dialog", { class: kind, "aria-label": name });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {HTMLDialogElement} dialog */
export function closeButton(dialog) {
  return iconButton("close", say("Close"), () => dialog.close());
}

/** @param {string} image @param {string} name @param {() => void} onclick */
export function iconButton(image, name, onclick) {
  return el("button", { type: "button", class: "icon-button", "aria-label": name, title: name, onclick }, icon(image));
}
