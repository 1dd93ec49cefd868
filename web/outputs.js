// @ts-check
// What nodes give to the editor when they have run, given again when the nodes are made anew: behind Undo, another
// language, or a change to another workflow and back. Loaded on its own it does nothing.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { everyNode, findNode } from "./graph.js";

/** @typedef {(node: any, output: any) => void} Listener */

/** @type {Listener[]} */
const listeners = [];

/** @param {Listener} listener */
export function onOutput(listener) {
  listeners.push(listener);
}

/**
 * @param {any} node
 * @param {any} output
 */
function give(node, output) {
  if (node && output) for (const listener of listeners) listener(node, output);
}

/** @param {Record<string, any>} outputs  what the front end keeps of the workflow that it shows */
function giveAgain(outputs) {
  for (const node of everyNode()) give(node, outputs[key(node)]);
}

/**
 * Under which the front end keeps a node's output.
 * @param {any} node
 */
function key(node) {
  return node.graph === (app.rootGraph ?? app.graph) ? `${node.id}` : `${node.graph.id}:${node.id}`;
}

app.registerExtension({
  name: "lectern.outputs",

  setup() {
    api.addEventListener("executed", (/** @type {any} */ event) => {
      const { node: id, display_node: shown, output } = event.detail;
      give(findNode(shown ?? id), output);
    });
  },

  afterConfigureGraph() {
    giveAgain(app.nodeOutputs);
  },

  onNodeOutputsUpdated(/** @type {any} */ outputs) {
    giveAgain(outputs);
  },
});
