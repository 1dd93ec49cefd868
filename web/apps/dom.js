// @ts-check
// Elements made by hand: text is only ever text, whoever wrote it. Loaded on its own it does nothing.
import { app } from "../../../scripts/app.js";
import { say } from "../words.js";

/** @typedef {string | Node | null | undefined | false} Child */

/**
 * An element. Attributes that are functions are listeners, `true` and `false` set and leave out.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {Child[]} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value") /** @type {any} */ (element).value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, `${value}`);
  }
  element.append(
    .../** @type {(string | Node)[]} */ (
      children.filter((child) => child !== null && child !== undefined && child !== false)
    ),
  );
  return element;
}

/** @param {string} name  of PrimeIcons, which the front end brings along */
export function icon(name) {
  return make("i", { class: `pi pi-${name}`, "aria-hidden": "true" });
}

/**
 * @param {string} label
 * @param {(event: any) => void} onclick
 * @param {{kind?: "primary" | "danger" | "plain", icon?: string, title?: string, disabled?: boolean}} look
 * @returns {HTMLButtonElement}
 */
export function button(label, onclick, look = {}) {
  const { kind = "", title, disabled = false } = look;
  const attributes = { type: "button", class: `lectern-button ${kind}`, title, disabled, onclick };
  return make("button", attributes, look.icon && icon(look.icon), make("span", {}, label));
}

/**
 * @param {string} label  what a screen reader and the tooltip say
 * @param {string} picture
 * @param {(event: any) => void} onclick
 * @param {Record<string, any>} attributes
 * @returns {HTMLButtonElement}
 */
export function iconButton(label, picture, onclick, attributes = {}) {
  const all = {
    type: "button",
    class: "lectern-icon-button",
    title: label,
    "aria-label": label,
    onclick,
    ...attributes,
  };
  return make("button", all, icon(picture));
}

/**
 * @param {string} label
 * @param {string} picture
 * @param {string} href
 * @param {string} kind
 */
export function linkButton(label, picture, href, kind = "") {
  const attributes = { class: `lectern-button ${kind}`, href, target: "_blank", rel: "noopener" };
  return make("a", attributes, icon(picture), make("span", {}, label));
}

/** @param {string} text */
export function note(text) {
  return make("p", { class: "lectern-note" }, text);
}

/** Puts our style sheet on the page, once. */
export function dress() {
  const href = new URL("./apps.css", import.meta.url).href;
  const there = [...document.styleSheets].some((sheet) => sheet.href === href);
  if (!there && !document.querySelector("link[data-lectern-apps]")) {
    document.head.append(make("link", { rel: "stylesheet", href, "data-lectern-apps": true }));
  }
}

/**
 * @param {"success" | "info" | "error"} severity
 * @param {string} text
 */
export function toast(severity, text) {
  app.extensionManager.toast.add({
    severity,
    summary: "Lectern",
    detail: text,
    life: severity === "error" ? 8000 : 3000,
  });
}

/**
 * @param {string} text
 * @param {string} told  what was copied
 */
export async function copy(text, told) {
  const done = await write(text);
  toast(done ? "info" : "error", done ? told : say("The browser does not let this page copy; copy it by hand."));
}

/** @param {string} text */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeByHand(text); // the clipboard is for https and this machine only
  }
}

/** @param {string} text */
function writeByHand(text) {
  const area = make("textarea", { value: text, "aria-hidden": "true", class: "lectern-offstage" });
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  (focused?.closest("[role=dialog]") ?? document.body).append(area); // a dialog keeps the focus to itself
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

/**
 * @param {string} text
 * @param {string} name  of the file
 */
export function download(text, name) {
  const href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

/**
 * A date as people write it.
 * @param {string} iso
 */
export function when(iso) {
  const locale = app.extensionManager.setting.get("Comfy.Locale") || undefined;
  return new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}
