// @ts-check
// What stands around every control: its label, its help, its limits and what is wrong with it.
import { el, fill, freshId } from "../parts/dom.mjs";
import { icon } from "../parts/icons.mjs";
import { say } from "../parts/words.mjs";

/**
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {HTMLElement} target  what takes the focus and is named by the label
 * @property {() => unknown} value  undefined when nothing was given
 * @property {(value: unknown) => void} set  undefined: as if nothing had ever been given
 * @property {() => string | null} [check]  what is wrong with it, beside being needed and not given
 * @property {boolean} [group]  several controls that share the label
 * @property {(file: File) => void} [take]  a file that was pasted into the page
 * @property {boolean} [wide]
 */

/**
 * @typedef {object} Context  what a control knows of its form
 * @property {string} name
 * @property {string} label
 * @property {import("../types.mjs").Schema} schema
 * @property {boolean} required
 * @property {() => void} changed  to be called after each change that a person makes
 * @property {(name: string) => Field | undefined} sibling
 */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {HTMLElement} element
 * @property {Control} control
 * @property {(message: string | null) => void} complain
 * @property {() => string | null} problem
 */

/** @param {Context} context @param {Control} control @returns {Field} */
export function framed(context, control) {
  const { schema, required } = context;
  const ids = { help: freshId("help"), error: freshId("error"), label: freshId("label") };
  const words = schema["x-mask-of"] ? say(schema.description ?? "") : schema.description; // a mask's are our own
  const help = words && el("p", { class: "help", id: ids.help }, words);
  const error = el("p", { class: "error", id: ids.error, hidden: true });
  const limits = limitText(schema);
  const label = labelled(context, control, ids.label, required);
  const top = el("div", { class: "field-top" }, label, limits && el("span", { class: "limits" }, limits));
  const element = el("div", { class: "field", "data-name": context.name }, top, help, control.element, error);
  describe(control.target, help && ids.help, ids.error);
  if (required && !control.group) control.target.setAttribute("aria-required", "true");
  return {
    name: context.name,
    element,
    control,
    complain: (message) => complain(element, control.target, error, message),
    problem: () => (required && isEmpty(control.value()) ? say("This is needed.") : (control.check?.() ?? null)),
  };
}

/** @param {Context} context @param {Control} control @param {string} id @param {boolean} required */
function labelled(context, control, id, required) {
  const text = [context.label, required && el("span", { class: "required" }, say("needed"))];
  if (control.group) {
    control.element.setAttribute("role", control.element.getAttribute("role") ?? "group");
    control.element.setAttribute("aria-labelledby", id);
    return el("span", { class: "label", id }, ...text);
  }
  control.target.id ||= freshId("input");
  return el("label", { class: "label", id, for: control.target.id }, ...text);
}

/** @param {HTMLElement} target @param {...(string | undefined | "")} ids */
function describe(target, ...ids) {
  const before = target.getAttribute("aria-describedby");
  target.setAttribute("aria-describedby", [before, ...ids].filter(Boolean).join(" "));
}

/** @param {HTMLElement} element @param {HTMLElement} target @param {HTMLElement} error @param {string | null} message */
function complain(element, target, error, message) {
  element.classList.toggle("wrong", message !== null);
  if (message === null) target.removeAttribute("aria-invalid");
  else target.setAttribute("aria-invalid", "true");
  error.hidden = message === null;
  if (message === null) fill(error);
  else fill(error, icon("warning"), message);
}

/** @param {unknown} value */
function isEmpty(value) {
  return value === undefined || (typeof value === "string" && !value.trim());
}

/** @param {import("../types.mjs").Schema} schema */
function limitText({ type, minimum, maximum, "x-max-mb": megabytes, "x-media": media }) {
  if (media) return megabytes ? say("up to {mb} MB", { mb: megabytes }) : null;
  if (type !== "integer" && type !== "number") return null;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} – ${maximum}`;
  if (minimum !== undefined) return `≥ ${minimum}`;
  return maximum === undefined ? null : `≤ ${maximum}`;
}
