// @ts-check
// One of several: side by side while they are few and short, a menu, or for a long list a search.
import { el, freshId } from "../parts/dom.mjs";
import { say } from "../parts/words.mjs";
import { combobox } from "./combobox.mjs";

const SIDE_BY_SIDE = 4;
const SIDE_LENGTH = 34; // characters of all of them together
const MENU = 12;

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function choiceControl(context) {
  const choices = context.schema.enum ?? [];
  const labels = choices.map((one) => `${one}`);
  if (choices.length > MENU) return combobox(context, choices, labels);
  if (choices.length <= SIDE_BY_SIDE && labels.join("").length <= SIDE_LENGTH) return segments(context, choices, labels);
  return menu(context, choices, labels);
}

/** @param {import("./frame.mjs").Context} context @param {unknown[]} choices @param {string[]} labels @returns {import("./frame.mjs").Control} */
function segments({ changed }, choices, labels) {
  const name = freshId("choice");
  const inputs = labels.map((_, place) => el("input", { type: "radio", name, value: place, id: freshId("radio"), onchange: changed }));
  const parts = labels.map((label, place) => el("label", { class: "segment", for: inputs[place].id }, inputs[place], el("span", {}, label)));
  const element = el("div", { class: "segments", role: "radiogroup" }, ...parts);
  return {
    element,
    target: element,
    group: true,
    value: () => choices[inputs.findIndex((input) => input.checked)],
    set: (value) => inputs.forEach((input, place) => { input.checked = choices[place] === value; }),
  };
}

/** @param {import("./frame.mjs").Context} context @param {unknown[]} choices @param {string[]} labels @returns {import("./frame.mjs").Control} */
function menu({ schema, changed }, choices, labels) {
  const none = schema.default === undefined && el("option", { value: -1 }, say("Choose…"));
  const options = labels.map((label, value) => el("option", { value }, label));
  const select = el("select", { class: "input", onchange: changed }, none, ...options);
  return {
    element: el("div", { class: "select" }, select),
    target: select,
    value: () => choices[Number(select.value)],
    set: (value) => {
      select.value = `${choices.indexOf(value)}`;
    },
  };
}
