// @ts-check
// The form of an app, from its contract: one field for each input, in the contract's order.
import { el } from "../parts/dom.mjs";
import { say } from "../parts/words.mjs";
import { choiceControl } from "./choice.mjs";
import { framed } from "./frame.mjs";
import { maskControl } from "./mask.mjs";
import { mediaControl } from "./media.mjs";
import { numberControl } from "./number.mjs";
import { seedControl } from "./seed.mjs";
import { textControl } from "./text.mjs";
import { switchControl } from "./toggle.mjs";

/** @param {import("../types.mjs").Schema} schema */
function controlFor(schema) {
  if (schema["x-media"] === "mask" && schema["x-mask-of"]) return maskControl;
  if (schema["x-media"]) return mediaControl;
  if (schema["x-seed"]) return seedControl;
  if (schema.enum) return choiceControl;
  if (schema.type === "boolean") return switchControl;
  return schema.type === "integer" || schema.type === "number" ? numberControl : textControl;
}

export class Form {
  /** @param {import("../types.mjs").App["inputs"]} inputs @param {() => void} changed */
  constructor(inputs, changed) {
    this.inputs = inputs;
    /** @type {Map<string, import("./frame.mjs").Field>} */
    this.fields = new Map();
    this.element = el("div", { class: "fields" });
    for (const [name, schema] of Object.entries(inputs.properties)) this.addField(name, schema, changed);
    this.set({});
    this.element.addEventListener("focusout", (/** @type {FocusEvent} */ event) => this.left(event));
    this.pressing = false;
    addEventListener("pointerdown", () => { this.pressing = true; }, { capture: true });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { this.pressing = false; }, { capture: true });
    document.addEventListener("paste", (event) => this.pasted(event));
  }

  /** @param {string} name @param {import("../types.mjs").Schema} schema @param {() => void} changed */
  addField(name, schema, changed) {
    const report = () => {
      const field = this.fields.get(name);
      if (field?.element.classList.contains("wrong")) field.complain(field.problem());
      document.dispatchEvent(new Event("lectern:changed"));
      changed();
    };
    const required = this.inputs.required.includes(name);
    const sibling = (/** @type {string} */ other) => this.fields.get(other);
    const context = { name, label: labelOf(schema, name), schema, required, changed: report, sibling };
    const field = framed(context, controlFor(schema)(context));
    this.fields.set(name, field);
    this.element.append(field.element);
  }

  /** What was given; an input that was left empty is not in it, so that the app's default counts. */
  values() {
    const given = [...this.fields.values()].map(({ name, control }) => [name, control.value()]);
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  }

  /** The given values, and for all other inputs their defaults. @param {Record<string, unknown>} values */
  set(values) {
    for (const { name, control, complain } of this.fields.values()) {
      const fits = name in values && suits(values[name], this.inputs.properties[name]);
      control.set(fits ? values[name] : this.inputs.properties[name].default);
      complain(null);
    }
    document.dispatchEvent(new Event("lectern:changed"));
  }

  /** Shows what is missing or wrong; true when nothing is. */
  check() {
    const wrong = [...this.fields.values()].filter((field) => {
      const problem = field.problem();
      field.complain(problem);
      return problem !== null;
    });
    reach(wrong[0]);
    return !wrong.length;
  }

  /**
   * Shows what the server found, at each field; gives back what belongs to none.
   * @param {{input: string, message: string}[]} details
   * @returns {string[]}
   */
  complain(details) {
    const own = details.filter(({ input }) => this.fields.has(input));
    own.forEach(({ input, message }) => this.fields.get(input)?.complain(message));
    reach([...this.fields.values()].find(({ name }) => own.some(({ input }) => input === name)));
    return details.filter((one) => !own.includes(one)).map(({ message }) => message);
  }

  /** A wrong value is said when its field is left, a missing one not before Run. @param {FocusEvent} event */
  left(event) {
    const field = [...this.fields.values()].find(({ control }) => control.target === event.target);
    if (!field?.control.check || field.control.value() === undefined) return;
    const judge = () => field.complain(field.control.check?.() ?? null);
    // A message that appears between press and release would move the button away from under the pointer.
    if (this.pressing) addEventListener("pointerup", () => setTimeout(judge), { once: true });
    else judge();
  }

  /** A picture in the clipboard goes to the field that has the focus, else to the first that takes and lacks one. @param {ClipboardEvent} event */
  pasted(event) {
    const file = event.clipboardData?.files[0];
    if (!file || !this.element.isConnected || document.querySelector("dialog[open]")) return;
    const takers = [...this.fields.values()].filter(({ control }) => control.take);
    const field = takers.find(({ element }) => element.contains(document.activeElement))
      ?? takers.find(({ control }) => control.value() === undefined) ?? takers[0];
    if (!field) return;
    event.preventDefault();
    field.control.take?.(file);
  }
}

/** @param {import("./frame.mjs").Field | undefined} field */
function reach(field) {
  if (!field) return;
  const { target, element } = field.control;
  const focusable = target.tabIndex >= 0 ? target : (element.querySelector("input:checked, input, button") ?? target);
  /** @type {HTMLElement} */ (focusable).focus();
  field.element.scrollIntoView({ block: "nearest" });
}

/** Values come from links and old drafts too. @param {unknown} value @param {import("../types.mjs").Schema} schema */
function suits(value, schema) {
  if (schema.enum) return schema.enum.includes(value);
  if (schema["x-media"]) return typeof value === "string" && !/^(data|https?|blob):/i.test(value);
  if (schema["x-seed"]) return value === "random" || typeof value === "number" || typeof value === "bigint";
  if (schema.type === "boolean") return typeof value === "boolean";
  if (schema.type === "string") return typeof value === "string";
  return typeof value === "number" || typeof value === "bigint";
}

/** A name in the code's way of writing, `cfg_scale`, reads as words; a mask is named after its picture. @param {import("../types.mjs").Schema} schema @param {string} name */
export function labelOf(schema, name) {
  const [, masked] = (schema?.["x-mask-of"] && schema.title?.match(/^(.+) \(mask\)$/)) || [];
  if (masked) return say("{label} (mask)", { label: masked });
  const words = name.replace(/[_-]+/g, " ").trim();
  return schema?.title || words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value as a line of text. @param {unknown} value @param {import("../types.mjs").Schema} [schema] */
export function worded(value, schema) {
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (schema?.["x-media"]) return `${value}`.includes("/v1/files/") ? say("uploaded") : `${value}`;
  return `${value}`;
}
