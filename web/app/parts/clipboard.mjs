// @ts-check
// Copies a text. A page that came by plain HTTP from another machine has no clipboard of its own.
import { el } from "./dom.mjs";

/** @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = el("textarea", { class: "unseen", readonly: true });
  area.value = text;
  document.body.append(area);
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  area.select();
  document.execCommand("copy");
  area.remove();
  before?.focus();
}
