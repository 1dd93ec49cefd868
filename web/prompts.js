// @ts-check
// Prompts nodes: the models of a chat server in the list of Chat Model, the text while it is written and when it is
// done, and a button on Deck Outline that lets a person correct what was planned.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { after, combosOf, fillCombo, Offers, soon } from "./combos.js";
import { everyNode, findNode, findWidget, holders } from "./graph.js";
import { showNotes, showText } from "./notes.js";

const CHAT = "LecternChatModel";
const OUTLINE = "LecternDeckOutline";
const EDIT = "lectern_edit_outline";
const SWITCHED_OFF = [2, 4]; // a node's modes: muted, bypassed

/** @typedef {{node: string, text: string, tokens: number, rate: number, thinking: boolean, done: number, total: number}} Telling */

/** @type {Map<string, Map<string, import("./combos.js").Combo>>} combos by node and input */
const schemas = new Map();
/** @type {WeakMap<any, string>} the outline that a node last made */
const outlines = new WeakMap();

/** Fills the lists of all chat nodes with what is known now. For one that is switched off no server is asked. */
function fill(refresh = false) {
  for (const node of everyNode()) {
    const combos = schemas.get(node.comfyClass);
    const name = combos && !SWITCHED_OFF.includes(node.mode) && holders(node, "chat").at(-1)?.value;
    if (!combos || !name) continue;
    const offer = offers.of(name, refresh);
    for (const [input, combo] of combos) fillCombo(node, input, combo, offer);
    showNotes(node, offer.note ? [offer.note] : []);
  }
}

const fillSoon = soon(fill);
const offers = new Offers(
  "/lectern/v1/prompts/models",
  "chat",
  (answer) => ({ lists: { models: answer.models }, note: answer.note }),
  fillSoon,
);

/**
 * A text that is being written, with how far it is.
 * @param {Telling} told
 */
function tell(told) {
  const node = findNode(told.node);
  if (!node) return;
  const speed = told.rate > 0 ? `, ${told.rate.toFixed(told.rate < 10 ? 1 : 0)} tokens/s` : "";
  const part = told.total > 1 ? `${told.done} of ${told.total} · ` : "";
  const state = told.thinking ? "thinking" : told.tokens ? "writing" : "waiting";
  showText(node, `${part}${state} · ${told.tokens} tokens${speed}\n${told.text}`, true);
}

/**
 * @param {any} node
 * @param {any} output  what it gave to the editor
 */
function conclude(node, output) {
  const texts = output.lectern_text;
  showText(node, texts.join("\n\n"));
  if (node.comfyClass === OUTLINE) offerEditing(node, texts.at(-1));
}

/**
 * The outline goes into the node's own input, where it is corrected; emptied, the deck is planned anew.
 * @param {any} node
 * @param {string} outline
 */
function offerEditing(node, outline) {
  outlines.set(node, outline);
  if (findWidget(node, EDIT)) return;
  const button = node.addWidget("button", EDIT, null, () => edit(node), { serialize: false });
  button.label = "Correct this outline";
  button.serialize = false; // never part of the saved workflow or of the prompt
}

/** @param {any} node */
function edit(node) {
  const widget = holders(node, "outline").at(-1);
  if (!widget) return;
  widget.value = outlines.get(node) ?? "";
  widget.callback?.(widget.value);
  node.setDirtyCanvas?.(true, true);
}

app.registerExtension({
  name: "lectern.prompts",

  beforeRegisterNodeDef(/** @type {any} */ _, /** @type {any} */ definition) {
    const combos = combosOf(definition, "lectern_chat_list");
    if (combos.size) schemas.set(definition.name, combos);
  },

  nodeCreated(/** @type {any} */ node) {
    if (node.comfyClass !== CHAT) return;
    for (const [input, combo] of schemas.get(CHAT) ?? []) fillCombo(node, input, combo, { lists: {} });
    for (const widget of holders(node, "chat")) after(widget, "callback", fillSoon);
    fillSoon();
  },

  afterConfigureGraph() {
    fill(); // at once: the front end looks next for model files that no list has
  },

  refreshComboInNodes() {
    fill(true);
  },

  setup() {
    api.addEventListener("graphChanged", fillSoon); // also for nodes that are switched on
    api.addEventListener("lectern.text", (/** @type {any} */ event) => tell(event.detail));
    api.addEventListener("executed", (/** @type {any} */ event) => {
      const { node: id, display_node: shown, output } = event.detail;
      const node = output?.lectern_text && findNode(shown ?? id);
      if (node) conclude(node, output);
    });
  },
});
