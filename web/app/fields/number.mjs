// @ts-check
// A number: typed, stepped, and slid where the range is small enough for a thumb.
import { el } from "../parts/dom.mjs";
import { icon } from "../parts/icons.mjs";
import { parseNumber } from "../parts/numbers.mjs";
import { say } from "../parts/words.mjs";

const STOPS = 200; // of a slider; more are too fine for a finger

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function numberControl({ schema, label, changed }) {
  const { minimum, maximum } = schema;
  const step = schema["x-step"] || (schema.type === "integer" ? 1 : 0.1);
  const edges = { min: minimum, max: maximum };
  const input = el("input", {
    class: "input number", type: "number", step: "any", autocomplete: "off", ...edges, oninput: () => moved(true),
  });
  const stepper = (/** @type {number} */ sign) =>
    el("button", {
      type: "button", class: "icon-button", tabindex: -1, "aria-label": say(sign < 0 ? "Less: {label}" : "More: {label}", { label }),
      onclick: () => { nudge(sign); moved(true); },
    }, icon(sign < 0 ? "minus" : "plus"));
  const slider = slides(schema, step) && el("input", {
    class: "slider", type: "range", tabindex: -1, "aria-hidden": "true", ...edges, step,
    oninput: () => { input.value = slider.value; moved(true); },
  });

  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault(); // the browser's own steps know no x-step
    nudge(event.key === "ArrowUp" ? 1 : -1);
    moved(true);
  });
  /** @param {number} sign */
  function nudge(sign) {
    const from = Number(input.value || schema.default || minimum || 0);
    input.value = `${within(tidy(from + sign * step, step), schema)}`;
  }
  /** @param {boolean} byHand */
  function moved(byHand) {
    if (slider) {
      slider.value = input.value;
      const part = (Number(slider.value) - Number(minimum)) / (Number(maximum) - Number(minimum));
      slider.style.setProperty("--part", `${part}`);
    }
    if (byHand) changed();
  }
  return {
    element: el("div", { class: slider ? "number-row with-slider" : "number-row" }, slider,
      el("div", { class: "stepper" }, stepper(-1), input, stepper(1))),
    target: input,
    value: () => (input.value === "" ? undefined : (parseNumber(input.value) ?? input.value)),
    set: (value) => {
      input.value = value === undefined || value === null ? "" : `${value}`;
      moved(false);
    },
    check: () => wrong(input, schema),
  };
}

/** @param {import("../types.mjs").Schema} schema @param {number} step */
function slides({ minimum, maximum }, step) {
  return minimum !== undefined && maximum !== undefined && (Number(maximum) - Number(minimum)) / step <= STOPS;
}

/** @param {HTMLInputElement} input @param {import("../types.mjs").Schema} schema */
export function wrong(input, { type, minimum, maximum }) {
  if (input.validity.badInput) return say("This is not a number.");
  if (input.value === "") return null;
  const value = parseNumber(input.value);
  if (value === null) return say("This is not a number.");
  if (type === "integer" && typeof value === "number" && !Number.isInteger(value)) return say("A whole number is needed.");
  if (minimum !== undefined && value < minimum) return say("At least {limit}.", { limit: minimum });
  if (maximum !== undefined && value > maximum) return say("At most {limit}.", { limit: maximum });
  return null;
}

/** @param {number} value @param {import("../types.mjs").Schema} schema */
function within(value, { minimum = -Infinity, maximum = Infinity }) {
  return Math.min(Math.max(value, Number(minimum)), Number(maximum));
}

/** Without the dust of binary fractions: 0.1 + 0.2 is 0.3. @param {number} value @param {number} step */
function tidy(value, step) {
  const digits = `${step}`.split(".")[1]?.length ?? 0;
  return Number(value.toFixed(Math.max(digits, `${value}`.includes("e") ? 12 : Math.min(6, digits + 2))));
}
