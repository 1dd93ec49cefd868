// @ts-check
// Picks that cannot be used any more, and why. Loaded on its own it does nothing.
import { say } from "../words.js";
import { icon, make } from "./dom.js";

/**
 * @param {import("./draft.js").Stale[]} stale
 * @param {string} heading
 * @returns {HTMLElement}
 */
export function staleList(stale, heading) {
  const reasonOf = (/** @type {import("./draft.js").Stale} */ one) =>
    one.reason || say("is no longer in this workflow");
  const lines = stale.map((one) => make("li", {}, make("b", {}, one.name || one.id), ` ${reasonOf(one)}`));
  return make(
    "div",
    { class: "lectern-warning" },
    icon("exclamation-triangle"),
    make("div", {}, heading, make("ul", {}, ...lines)),
  );
}
