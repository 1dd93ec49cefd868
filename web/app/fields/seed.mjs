// @ts-check
// A seed: a new one for each run, or one that stays, from a die or typed.
import { el, freshId } from "../parts/dom.mjs";
import { icon } from "../parts/icons.mjs";
import { parseNumber } from "../parts/numbers.mjs";
import { say } from "../parts/words.mjs";
import { wrong } from "./number.mjs";

const RANDOM = "random";

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function seedControl({ schema, label, changed }) {
  const whole = schema.anyOf?.find((one) => one.type === "integer") ?? { type: "integer", minimum: 0 };
  // Text and not type=number: a seed of 64 bits has more digits than the browser's own number keeps.
  const input = el("input", {
    class: "input number", type: "text", inputmode: "numeric", autocomplete: "off", spellcheck: "false",
    placeholder: say("new each time"), oninput: changed,
  });
  const fresh = el("input", { type: "checkbox", role: "switch", class: "switch", id: freshId("fresh"), onchange: toggled });
  const dice = el("button", {
    type: "button", class: "icon-button", "aria-label": say("Draw a number: {label}", { label }), onclick: draw,
  }, icon("dice"));

  function draw() {
    const highest = Math.min(Number(whole.maximum ?? 2 ** 32 - 1), 2 ** 32 - 1);
    show(false, `${crypto.getRandomValues(new Uint32Array(1))[0] % (highest + 1)}`);
    changed();
  }
  function toggled() {
    if (fresh.checked || input.value) show(fresh.checked, fresh.checked ? "" : input.value);
    else return draw();
    changed();
  }
  /** @param {boolean} random @param {string} text */
  function show(random, text) {
    fresh.checked = random;
    input.value = text;
    input.readOnly = random;
  }
  return {
    element: el("div", { class: "seed" },
      el("div", { class: "stepper" }, input, dice),
      el("label", { class: "switch-row", for: fresh.id }, fresh, say("New each time"))),
    target: input,
    value: () => (fresh.checked ? RANDOM : input.value.trim() ? (parseNumber(input.value) ?? input.value) : undefined),
    set: (value) => show(value === undefined || value === RANDOM, value === undefined || value === RANDOM ? "" : `${value}`),
    check: () => (fresh.checked ? null : wrong(input, whole)),
  };
}
