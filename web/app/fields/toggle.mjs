// @ts-check
// Yes or no.
import { el } from "../parts/dom.mjs";

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function switchControl({ changed }) {
  const input = el("input", { type: "checkbox", role: "switch", class: "switch", onchange: changed });
  return {
    element: el("div", { class: "switch-row" }, input),
    target: input,
    value: () => input.checked,
    set: (value) => {
      input.checked = value === true;
    },
  };
}
