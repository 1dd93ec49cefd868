// @ts-check
// SD WebUI nodes: fills their lists with what their server offers, and shows what they have to say.
// Filling never changes a value. One that the server lacks, or that cannot be checked while the server is off, stays.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { everyNode, findNode, holders, origins, targets } from "./graph.js";
import { showNotes } from "./notes.js";

const SERVER = "LecternWebUIServer";
const SERVER_TYPE = "LECTERN_WEBUI_SERVER";
const OPTIONS_TYPE = "LECTERN_WEBUI_OPTIONS";
const ANY_TYPE = "*"; // of reroutes and switches
const FRESH = 30_000; // milliseconds for which a server is not asked again

/** @typedef {{list: string, fixed: string[]}} Combo  the list that fills it, and what comes first whatever the server has */
/** @typedef {{lists: Record<string, string[]>, note?: string}} Offer */
/** @typedef {{offer: Offer, asked: number, pending: boolean}} Known */

/** @type {Map<string, Map<string, Combo>>} combos by node and input */
const schemas = new Map();
/** @type {Map<string, Known>} servers by name */
const known = new Map();
/** @type {WeakMap<any, string[]>} what may be chosen, by widget */
const choices = new WeakMap();

/**
 * @param {any} definition
 * @returns {Map<string, Combo>}
 */
function combosOf(definition) {
  const inputs = Object.entries({ ...definition.input?.required, ...definition.input?.optional });
  const listed = inputs.filter(([, spec]) => spec[1]?.lectern_list);
  return new Map(
    listed.map(([name, [type, options]]) => [
      name,
      { list: options.lectern_list, fixed: Array.isArray(type) ? type : options.options },
    ]),
  );
}

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

/**
 * What is known of a server now; asks it when that is old, and fills again when the answer is there.
 * @param {string} name
 * @param {boolean} refresh  asks in any case, and has nothing answered from memory
 * @returns {Offer}
 */
function offerOf(name, refresh) {
  const entry = known.get(name) ?? { offer: { lists: {} }, asked: -Infinity, pending: false };
  if (!entry.pending && (refresh || performance.now() - entry.asked > FRESH)) {
    Object.assign(entry, { asked: performance.now(), pending: true });
    known.set(name, entry);
    void ask(name, refresh).then((offer) => {
      // a server that is gone for a while keeps its lists
      entry.offer = offer.note === undefined ? offer : { ...entry.offer, note: offer.note };
      entry.pending = false;
      fillSoon();
    });
  }
  return entry.offer;
}

/**
 * @param {string} server
 * @param {boolean} refresh
 * @returns {Promise<Offer>}
 */
async function ask(server, refresh) {
  // quiet: a server that is off is a note, since the browser would write a failed request on its console
  const query = new URLSearchParams({ server, quiet: "1", ...(refresh ? { refresh: "1" } : {}) });
  try {
    const answer = await api.fetchApi(`/lectern/v1/sdwebui/lists?${query}`);
    return answer.ok ? await answer.json() : { lists: {}, note: `ComfyUI answered ${answer.status}.` };
  } catch {
    return { lists: {}, note: "ComfyUI does not answer." };
  }
}

/**
 * Each widget keeps one array of its own for good: Nodes 2.0 opens its menu with the one that it saw first, and the
 * one that a widget is made with belongs to its definition.
 * @param {any} node
 * @param {string} name
 * @param {Combo} combo
 * @param {Offer} offer
 */
function fillCombo(node, name, combo, offer) {
  const first = combo.fixed.map((one) => one.toLowerCase());
  const offered = (offer.lists[combo.list] ?? []).filter((one) => !first.includes(one.toLowerCase())); // our "none"
  for (const widget of holders(node, name)) {
    if (!widget.options) continue;
    const values = choices.get(widget) ?? [];
    values.splice(0, values.length, ...new Set([...combo.fixed, ...offered, widget.value ?? combo.fixed[0]]));
    widget.options.values = values; // again, since refreshing the definitions puts back theirs
    choices.set(widget, values);
  }
}

/** Fills all nodes with what is known now. */
function fill(refresh = false) {
  for (const node of everyNode()) {
    const combos = schemas.get(node.comfyClass);
    const name = combos && serverName(node);
    const offer = name ? offerOf(name, refresh) : { lists: {} };
    for (const [input, combo] of combos ?? []) fillCombo(node, input, combo, offer);
    if (node.comfyClass === SERVER) showNotes(node, offer.note ? [offer.note] : []);
  }
}

let planned = false;

/** Once for everything that changes in one go. */
function fillSoon() {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    fill();
  });
}

/**
 * @param {any} target
 * @param {string} name
 */
function fillsAfter(target, name) {
  const before = target[name];
  target[name] = function (/** @type {any[]} */ ...args) {
    const result = before?.apply(this, args);
    fillSoon();
    return result;
  };
}

app.registerExtension({
  name: "lectern.webui",

  beforeRegisterNodeDef(/** @type {any} */ _, /** @type {any} */ definition) {
    const combos = combosOf(definition);
    if (combos.size) schemas.set(definition.name, combos);
  },

  nodeCreated(/** @type {any} */ node) {
    const combos = schemas.get(node.comfyClass);
    if (!combos) return;
    for (const [input, combo] of combos) fillCombo(node, input, combo, { lists: {} }); // before the node is drawn
    fillsAfter(node, "onConnectionsChange");
    if (node.comfyClass === SERVER) for (const widget of holders(node, "server")) fillsAfter(widget, "callback");
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
    api.addEventListener("executed", (/** @type {any} */ event) => {
      const { node: id, display_node: shown, output } = event.detail;
      const node = output?.lectern_notes && findNode(shown ?? id);
      if (node) showNotes(node, output.lectern_notes);
    });
  },
});
