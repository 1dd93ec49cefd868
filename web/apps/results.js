// @ts-check
// The outputs in the publish dialog: which nodes' results the app gives, and what they are called. Loaded on its own it
// does nothing.
import { findNode } from "../graph.js";
import { say } from "../words.js";
import { make } from "./dom.js";
import { nameFrom } from "./draft.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Output} Output */

/**
 * @param {Draft} draft
 * @param {() => void} changed
 * @returns {HTMLElement}
 */
export function resultsOf(draft, changed) {
  const touch = () => {
    draft.touched = true;
    changed();
  };
  const rows = draft.outputs.map((output) => rowOf(output, touch));
  return make(
    "section",
    {},
    make("div", { class: "lectern-heading" }, make("h3", {}, say("Results"))),
    make("ul", { class: "lectern-rows" }, ...rows),
  );
}

/**
 * @param {Output} output
 * @param {() => void} changed
 */
function rowOf(output, changed) {
  const title = make("input", {
    class: "lectern-input title",
    value: output.title,
    maxlength: 200,
    "aria-label": say("Label"),
    oninput: rename,
  });
  const box = make("input", {
    type: "checkbox",
    onchange: choose,
    "aria-label": say("Give this result: {label}", { label: output.title }),
  });
  box.checked = output.picked;
  title.disabled = !output.picked;

  function rename() {
    output.title = title.value;
    if (!output.kept) output.name = nameFrom(title.value) || output.name;
    changed();
  }

  function choose() {
    output.picked = box.checked;
    title.disabled = !output.picked;
    changed();
  }

  const node = findNode(output.node_id)?.title || output.class_type;
  const origin = make(
    "span",
    { class: "lectern-origin" },
    node === output.title ? output.class_type : `${node} · ${output.class_type}`,
  );
  return make("li", { class: "lectern-row result" }, make("div", { class: "lectern-row-head" }, box, title, origin));
}
