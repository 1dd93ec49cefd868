// @ts-check
// Small text areas on a node's face: what its server did silently, why its lists are empty, what a model writes. Never
// saved with the workflow, nor is the height that they take. A text is only ever a text here, whoever wrote it: never
// markup. Loaded on its own it does nothing.
import { findWidget } from "./graph.js";

const { LiteGraph } = /** @type {any} */ (window);

const LINE = 16; // pixels
const PADDING = 5; // pixels, above and below the text
const MARGIN = 8; // pixels around the area on the classic canvas
const GAP = 4; // pixels between widgets, in both renderers
const SIDES = 28; // pixels of a node's width that are never the area's
const STYLE =
  `box-sizing:border-box;width:100%;margin:0;padding:${PADDING}px 8px;resize:none;overflow-y:auto;outline:none;` +
  `font:12px/${LINE}px Inter,Arial,sans-serif;color:var(--input-text);border:0 solid;border-left-width:3px;` +
  "border-radius:4px;cursor:text";

/** @typedef {{widget: string, label: string, color: string, ground: string, mostLines: number}} Kind */

/** @type {Kind} */
const NOTES = { widget: "lectern_notes", label: "Notes", color: "#d69e2e", ground: "rgba(214,158,46,.16)", mostLines: 5 };
/** @type {Kind} */
const TEXT = { widget: "lectern_text", label: "Text", color: "#4a90d9", ground: "rgba(74,144,217,.12)", mostLines: 12 };

/** @type {WeakSet<any>} nodes that are saved without the height of their areas */
const hidden = new WeakSet();

/**
 * Shows the notes, or with none removes what was shown.
 * @param {any} node
 * @param {string[]} notes
 */
export function showNotes(node, notes) {
  show(node, NOTES, [...new Set(notes)].join("\n")); // a node that runs for each entry of a list says it each time
}

/**
 * Shows what is or was written; with an empty text removes what was shown.
 * @param {any} node
 * @param {string} text
 * @param {boolean} atEnd  keeps the end in view, for a text that grows
 */
export function showText(node, text, atEnd = false) {
  const area = show(node, TEXT, text);
  if (area && atEnd) area.scrollTop = area.scrollHeight;
}

/**
 * One area for good while there is a text, since Nodes 2.0 goes on showing the first element of a widget's name.
 * @param {any} node
 * @param {Kind} kind
 * @param {string} text
 * @returns {HTMLTextAreaElement | undefined}  while there is a text
 */
function show(node, kind, text) {
  const shown = findWidget(node, kind.widget);
  if ((shown?.element.value ?? "") === text) return shown?.element;
  if (!text) {
    remove(node, shown);
    return undefined;
  }
  const widget = shown ?? add(node, kind);
  widget.element.value = text;
  fit(node, widget, neededHeight(text, node.size[0], kind));
  return widget.element;
}

/**
 * @param {any} node
 * @param {Kind} kind
 */
function add(node, kind) {
  const area = document.createElement("textarea");
  area.readOnly = true;
  area.setAttribute("aria-label", kind.label);
  area.style.cssText = `${STYLE};border-color:${kind.color};background:${kind.ground}`;
  area.addEventListener("wheel", (event) => event.stopPropagation());
  const widget = node.addDOMWidget(kind.widget, kind.widget, area, {
    serialize: false,
    hideOnZoom: false,
    margin: MARGIN,
    getMinHeight: () => widget.textHeight + 2 * MARGIN,
    getMaxHeight: () => widget.textHeight + 2 * MARGIN,
  });
  Object.assign(widget, { serialize: false, textHeight: 0, grown: 0 });
  keepOutOfFiles(node);
  return widget;
}

/**
 * @param {any} node
 * @param {any} widget
 * @param {number} height  of the text, pixels
 */
function fit(node, widget, height) {
  if (widget.textHeight === height) return;
  const before = widget.grown;
  widget.element.style.minHeight = widget.element.style.maxHeight = `${height}px`;
  widget.textHeight = height;
  widget.grown = height + GAP + (LiteGraph.vueNodesMode ? 0 : 2 * MARGIN);
  node.setSize([node.size[0], node.size[1] + widget.grown - before]);
  node.setDirtyCanvas?.(true, true);
}

/**
 * Saves the node as high as it is without our areas.
 * @param {any} node
 */
function keepOutOfFiles(node) {
  if (hidden.has(node)) return;
  hidden.add(node);
  const before = node.onSerialize;
  node.onSerialize = function (/** @type {any} */ saved) {
    before?.call(this, saved);
    const grown = [NOTES, TEXT].reduce((sum, kind) => sum + (findWidget(this, kind.widget)?.grown ?? 0), 0);
    if (grown && saved.size) saved.size = [saved.size[0], saved.size[1] - grown];
  };
}

/**
 * @param {any} node
 * @param {any} widget
 */
function remove(node, widget) {
  node.removeWidget(widget);
  node.setSize([node.size[0], node.size[1] - widget.grown]);
  node.setDirtyCanvas?.(true, true);
}

/**
 * @param {string} text
 * @param {number} width  of the node, pixels
 * @param {Kind} kind
 */
function neededHeight(text, width, kind) {
  const probe = document.createElement("textarea");
  probe.value = text;
  probe.rows = 1;
  probe.style.cssText = `${STYLE};position:absolute;visibility:hidden;width:${width - SIDES}px;height:0`;
  document.body.append(probe);
  const needed = probe.scrollHeight;
  probe.remove();
  return Math.min(needed, kind.mostLines * LINE + 2 * PADDING);
}
