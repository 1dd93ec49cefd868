// @ts-check
// What a person may set of one input besides its name: help, whether it is needed, limits. Loaded on its own it does
// nothing.
import { findNode, findWidget } from "../graph.js";
import { say } from "../words.js";
import { button, make } from "./dom.js";

/** @typedef {import("./draft.js").Input} Input */

/**
 * What the editor's own widget allows.
 * @param {Input} input
 * @returns {{min?: number, max?: number, values: any[]}}
 */
function allowed(input) {
  const options = findWidget(findNode(input.node_id) ?? {}, input.widget)?.options ?? {};
  const { min, max, values } = options;
  return { min, max, values: Array.isArray(values) ? values : [] };
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} kind
 */
export function field(label, control, kind = "") {
  return make("label", { class: `lectern-field ${kind}` }, make("span", {}, label), control);
}

/**
 * @param {number | null} value
 * @param {(value: number | null) => void} set
 * @param {Record<string, any>} attributes
 */
export function numberField(value, set, attributes) {
  const oninput = (/** @type {any} */ event) => {
    const { value: text, valueAsNumber } = event.target;
    set(text === "" ? null : valueAsNumber);
  };
  return make("input", { type: "number", class: "lectern-input", value: value ?? "", oninput, ...attributes });
}

/**
 * @param {boolean} value
 * @param {(value: boolean) => void} set
 * @param {string} label
 */
export function tick(value, set, label) {
  const box = make("input", { type: "checkbox", onchange: (/** @type {any} */ event) => set(event.target.checked) });
  box.checked = value;
  return make("label", { class: "lectern-tick" }, box, make("span", {}, label));
}

/**
 * @param {Input} input
 * @param {() => void} changed
 */
export function settingsOf(input, changed) {
  const set = (/** @type {keyof Input} */ key) => (/** @type {any} */ value) => {
    /** @type {any} */ (input)[key] = value;
    changed();
  };
  const help = make("textarea", {
    class: "lectern-input",
    rows: 2,
    maxlength: 2000,
    value: input.description,
    placeholder: say("Shown below the input"),
    oninput: (/** @type {any} */ event) => set("description")(event.target.value),
  });
  const name = make("input", {
    class: "lectern-input mono",
    value: input.name,
    maxlength: 100,
    spellcheck: "false",
    "data-name": true,
    oninput: (/** @type {any} */ event) => {
      input.kept = true;
      set("name")(event.target.value.trim());
    },
  });
  return make(
    "div",
    { class: "lectern-settings" },
    field(say("Help text"), help, "wide"),
    field(say("Name in the API"), name),
    ...limitsOf(input, set),
    tick(input.required, set("required"), say("Required: the saved value is not offered")),
  );
}

/**
 * @param {Input} input
 * @param {(key: keyof Input) => (value: any) => void} set
 * @returns {HTMLElement[]}
 */
function limitsOf(input, set) {
  const { min, max, values } = allowed(input);
  if (input.type === "integer" || input.type === "number") {
    const step = input.type === "integer" ? 1 : "any";
    return [
      field(say("Lowest"), numberField(input.minimum, set("minimum"), { step, placeholder: min ?? "" })),
      field(say("Highest"), numberField(input.maximum, set("maximum"), { step, placeholder: max ?? "" })),
    ];
  }
  if (input.type === "string") {
    const attributes = { step: 1, min: 1, placeholder: say("no limit") };
    return [field(say("Most characters"), numberField(input.max_length, set("max_length"), attributes))];
  }
  return input.type === "choice" && values.length > 1 ? [choicesOf(input, values, set("choices"))] : [];
}

/**
 * @param {Input} input
 * @param {any[]} values  all that the node offers
 * @param {(value: any[] | null) => void} set
 */
function choicesOf(input, values, set) {
  const boxes = values.map((value) => tick(input.choices?.includes(value) ?? true, keep, `${value}`));
  const inner = boxes.map((box) => box.querySelector("input"));
  function keep() {
    const chosen = values.filter((_, index) => inner[index].checked);
    set(chosen.length === values.length ? null : chosen);
  }
  const all = (/** @type {boolean} */ on) => () => {
    for (const box of inner) box.checked = on;
    keep();
  };
  return make(
    "fieldset",
    { class: "lectern-choices wide" },
    make("legend", {}, say("Choices")),
    make(
      "div",
      { class: "lectern-line" },
      button(say("All"), all(true), { kind: "plain" }),
      button(say("None"), all(false), { kind: "plain" }),
    ),
    make("div", { class: "lectern-choice-list" }, ...boxes),
  );
}
