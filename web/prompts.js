// @ts-check
// Prompts nodes: the models of a chat server in the list of Chat Model, the text while it is written and when it is
// done, and a button on Deck Outline that lets a person correct what was planned.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { after, combosOf, fillCombo, Offers, soon } from "./combos.js";
import { everyNode, findNode, findWidget, holders } from "./graph.js";
import { showNotes, showText } from "./notes.js";
import { onOutput } from "./outputs.js";
import { say } from "./words.js";

const CHAT = "LecternChatModel";
const OUTLINE = "LecternDeckOutline";
const WRITERS = [OUTLINE, "LecternPromptExpand", "LecternPromptFromImage"];
const EDIT = "lectern_edit_outline";
const SWITCHED_OFF = [2, 4]; // a node's modes: muted, bypassed
const ROOM = 320; // pixels, of an outline that is corrected

/** @typedef {{node: string, text: string, tokens: number, rate: number, thinking: boolean, done: number, total: number}} Telling */

/** @type {Map<string, Map<string, import("./combos.js").Combo>>} combos by node and input */
const schemas = new Map();
/** @type {WeakMap<any, string[]>} what a node last wrote to its end */
const written = new WeakMap();
/** @type {Set<any>} nodes whose text is being written */
const writing = new Set();

/** Fills the lists of all chat nodes with what is known now. For one that is switched off no server is asked. */
function fill(refresh = false) {
  for (const node of everyNode()) {
    const combos = schemas.get(node.comfyClass);
    if (!combos) continue;
    const name = SWITCHED_OFF.includes(node.mode) ? undefined : holders(node, "chat").at(-1)?.value;
    const offer = name ? offers.of(name, refresh) : { lists: {} };
    if (name) for (const [input, combo] of combos) fillCombo(node, input, combo, offer);
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
  if (!WRITERS.includes(node?.comfyClass)) return; // another workflow is open, and has another node of that number
  writing.add(node);
  showText(node, `${progress(told)}\n${told.text}`, true);
}

/** @param {Telling} told */
function progress({ tokens, rate, thinking, done, total }) {
  const parts = total > 1 ? [say("{done} of {total}", { done, total })] : [];
  parts.push(say(thinking ? "thinking" : tokens ? "writing" : "waiting"));
  if (tokens > 1) parts.push(say("{tokens} tokens", { tokens }));
  if (rate > 0) parts.push(say("{rate} tokens/s", { rate: rate.toFixed(rate < 10 ? 1 : 0) }));
  return parts.join(" · ");
}

/** Cancelled or failed: what a node wrote before is there again. */
function abandon() {
  for (const node of writing) showText(node, (written.get(node) ?? []).join("\n\n"));
  writing.clear();
}

/**
 * @param {any} node
 * @param {any} output  what it gave to the editor
 */
function conclude(node, output) {
  const texts = output.lectern_text;
  if (!texts?.length || !WRITERS.includes(node.comfyClass)) return;
  writing.delete(node);
  written.set(node, texts);
  showText(node, texts.join("\n\n"));
  if (node.comfyClass === OUTLINE) offerEditing(node);
}

/**
 * The outline goes into the node's own input, where it is corrected; emptied, the deck is planned anew.
 * @param {any} node
 */
function offerEditing(node) {
  if (findWidget(node, EDIT)) return;
  const button = node.addWidget("button", EDIT, null, () => edit(node), { serialize: false });
  button.label = say("Correct this outline");
  button.serialize = false; // never part of the saved workflow or of the prompt
}

/** @param {any} node */
function edit(node) {
  const [own, ...outer] = holders(node, "outline");
  const linked = node.inputs.some((/** @type {any} */ one) => one.widget?.name === "outline" && one.link != null);
  if (linked && !outer.length) {
    showNotes(node, [say("The outline comes through a link. Correct it there, or remove the link.")]);
    return;
  }
  const widget = outer.at(-1) ?? own;
  widget.value = written.get(node)?.at(-1) ?? "";
  widget.callback?.(widget.value);
  if (widget === own) makeRoom(node, widget);
  node.setDirtyCanvas?.(true, true);
}

/**
 * A few lines are too little to correct a deck in.
 * @param {any} node
 * @param {any} widget
 */
function makeRoom(node, widget) {
  if (!widget.options || widget.options.getMinHeight?.() >= ROOM) return;
  widget.options.getMinHeight = () => ROOM;
  const [width, height] = node.computeSize();
  node.setSize([Math.max(node.size[0], width), Math.max(node.size[1], height)]);
}

onOutput(conclude);

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
    api.addEventListener("execution_interrupted", abandon);
    api.addEventListener("execution_error", abandon);
  },
});
