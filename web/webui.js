// @ts-check
// SD WebUI nodes: fills their lists with what their server offers, and shows what they have to say.
// Filling never changes a value. One that the server lacks, or that cannot be checked while the server is off, stays.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { after, combosOf, fillCombo, Offers, soon } from "./combos.js";
import { everyNode, holders, origins, targets } from "./graph.js";
import { showNotes } from "./notes.js";
import { onOutput } from "./outputs.js";

const SERVER = "LecternWebUIServer";
const SERVER_TYPE = "LECTERN_WEBUI_SERVER";
const OPTIONS_TYPE = "LECTERN_WEBUI_OPTIONS";
const ANY_TYPE = "*"; // of reroutes and switches

/** @type {Map<string, Map<string, import("./combos.js").Combo>>} combos by node and input */
const schemas = new Map();

/**
 * The server node that a node's links lead to, upstream.
 * @param {any} node
 * @param {Set<any>} seen
 * @returns {any}
 */
function serverAbove(node, seen = new Set()) {
  if (node.comfyClass === SERVER) return node;
  seen.add(node);
  for (const input of node.inputs ?? []) {
    if (input.link == null || ![SERVER_TYPE, ANY_TYPE].includes(input.type)) continue;
    for (const end of origins(node.graph, input.link)) {
      const found = !seen.has(end.node) && serverAbove(end.node, seen);
      if (found) return found;
    }
  }
}

/**
 * The server node of what a node's options are for.
 * @param {any} node
 * @param {Set<any>} seen
 * @returns {any}
 */
function serverBelow(node, seen = new Set()) {
  seen.add(node);
  for (const output of node.outputs ?? []) {
    if (![OPTIONS_TYPE, ANY_TYPE].includes(output.type)) continue;
    for (const end of (output.links ?? []).flatMap((/** @type {any} */ id) => targets(node.graph, id))) {
      const found = !seen.has(end.node) && (serverAbove(end.node) ?? serverBelow(end.node, seen));
      if (found) return found;
    }
  }
}

/**
 * The name of the server that a node works with; a node that is not linked to one takes the first there is.
 * @param {any} node
 * @returns {string | undefined}
 */
function serverName(node) {
  const near = () => [...node.graph.nodes, ...everyNode()].find((one) => one.comfyClass === SERVER);
  const server = serverAbove(node) ?? serverBelow(node) ?? near();
  return server && holders(server, "server").at(-1)?.value;
}

/** Fills all nodes with what is known now. */
function fill(refresh = false) {
  for (const node of everyNode()) {
    const combos = schemas.get(node.comfyClass);
    const name = combos && serverName(node);
    const offer = name ? offers.of(name, refresh) : { lists: {} };
    for (const [input, combo] of combos ?? []) fillCombo(node, input, combo, offer);
    if (node.comfyClass === SERVER) showNotes(node, offer.note ? [offer.note] : []);
  }
}

const fillSoon = soon(fill);
const offers = new Offers("/lectern/v1/sdwebui/lists", "server", (answer) => answer, fillSoon);

onOutput((node, output) => {
  if (output.lectern_notes) showNotes(node, output.lectern_notes);
});

app.registerExtension({
  name: "lectern.webui",

  beforeRegisterNodeDef(/** @type {any} */ _, /** @type {any} */ definition) {
    const combos = combosOf(definition, "lectern_list");
    if (combos.size) schemas.set(definition.name, combos);
  },

  nodeCreated(/** @type {any} */ node) {
    const combos = schemas.get(node.comfyClass);
    if (!combos) return;
    for (const [input, combo] of combos) fillCombo(node, input, combo, { lists: {} }); // before the node is drawn
    after(node, "onConnectionsChange", fillSoon);
    if (node.comfyClass === SERVER) for (const widget of holders(node, "server")) after(widget, "callback", fillSoon);
    fillSoon();
  },

  afterConfigureGraph() {
    fill(); // at once: the front end looks next for model files that no list has
  },

  refreshComboInNodes() {
    fill(true);
  },

  setup() {
    api.addEventListener("graphChanged", fillSoon); // also for reroutes, subgraphs and primitive nodes
  },
});
