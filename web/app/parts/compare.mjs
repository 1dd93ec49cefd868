// @ts-check
// This result over the previous one, with an edge to move between them.
import { address } from "./api.mjs";
import { closeButton, openDialog } from "./dialog.mjs";
import { el } from "./dom.mjs";
import { say } from "./words.mjs";

/** @param {import("../types.mjs").Item} before @param {import("../types.mjs").Item} after */
export function openComparison(before, after) {
  const dialog = openDialog(say("Compare with the previous result"), "viewer");
  const range = el("input", {
    type: "range", class: "compare-range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": say("Edge between previous and this result"),
    oninput: () => pair.style.setProperty("--edge", `${range.value}%`),
  });
  const pair = el("div", { class: "compare" },
    el("img", { src: address(after.url), alt: say("This result") }),
    el("img", { src: address(before.url), alt: say("Previous result"), class: "compare-before" }),
    el("div", { class: "compare-edge" }), range);
  const name = (/** @type {string} */ kind, /** @type {string} */ text) => el("span", { class: `compare-name ${kind}` }, text);
  dialog.append(el("div", { class: "viewer-stage still" }, pair),
    el("div", { class: "viewer-bar" }, closeButton(dialog), el("span", { class: "spring" }), name("left", say("Previous")), name("right", say("This"))));
  range.focus();
}
