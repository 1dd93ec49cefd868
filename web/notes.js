// @ts-check
// A small text area on a node's face: what its server did silently, or why its lists are empty. Never saved with the
// workflow, nor is the height that it takes. Loaded on its own it does nothing.
import { findWidget } from "./graph.js";

const { LiteGraph } = /** @type {any} */ (window);

const WIDGET = "lectern_notes";
const LINE = 16; // pixels
const MOST_LINES = 5; // more can be scrolled to
const PADDING = 5; // pixels, above and below the text
const MARGIN = 8; // pixels around the area on the classic canvas
const GAP = 4; // pixels between widgets, in both renderers
const SIDES = 28; // pixels of a node's width that are never the area's
const STYLE =
  `box-sizing:border-box;width:100%;margin:0;padding:${PADDING}px 8px;resize:none;overflow-y:auto;outline:none;` +
  `font:12px/${LINE}px Inter,Arial,sans-serif;color:var(--input-text);background:rgba(214,158,46,.16);` +
  "border:0 solid #d69e2e;border-left-width:3px;border-radius:4px;cursor:text";

/** @type {WeakSet<any>} nodes that are saved without the height of their notes */
const hidden = new WeakSet();

/**
 * Shows the notes, or with none removes what was shown.
 * @param {any} node
 * @param {string[]} notes
 */
export function showNotes(node, notes) {
  const text = notes.join("\n");
  const shown = findWidget(node, WIDGET);
  if ((shown?.element.value ?? "") === text) return;
  if (shown) remove(node, shown);
  if (text) add(node, text);
  node.setDirtyCanvas?.(true, true);
}

/**
 * @param {any} node
 * @param {string} text
 */
function add(node, text) {
  const area = document.createElement("textarea");
  const height = neededHeight(text, node.size[0]);
  area.value = text;
  area.readOnly = true;
  area.setAttribute("aria-label", "Notes");
  area.style.cssText = `${STYLE};min-height:${height}px;max-height:${height}px`;
  area.addEventListener("wheel", (event) => event.stopPropagation());
  const widget = node.addDOMWidget(WIDGET, "lectern_notes", area, {
    serialize: false,
    hideOnZoom: false,
    margin: MARGIN,
    getMinHeight: () => height + 2 * MARGIN,
    getMaxHeight: () => height + 2 * MARGIN,
  });
  widget.serialize = false;
  widget.grown = height + GAP + (LiteGraph.vueNodesMode ? 0 : 2 * MARGIN);
  node.setSize([node.size[0], node.size[1] + widget.grown]);
  keepOutOfFiles(node);
}

/**
 * Saves the node as high as it is without its notes.
 * @param {any} node
 */
function keepOutOfFiles(node) {
  if (hidden.has(node)) return;
  hidden.add(node);
  const before = node.onSerialize;
  node.onSerialize = function (/** @type {any} */ saved) {
    before?.call(this, saved);
    const grown = findWidget(this, WIDGET)?.grown ?? 0;
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
}

/**
 * @param {string} text
 * @param {number} width  of the node, pixels
 */
function neededHeight(text, width) {
  const probe = document.createElement("textarea");
  probe.value = text;
  probe.rows = 1;
  probe.style.cssText = `${STYLE};position:absolute;visibility:hidden;width:${width - SIDES}px;height:0`;
  document.body.append(probe);
  const needed = probe.scrollHeight;
  probe.remove();
  return Math.min(needed, MOST_LINES * LINE + 2 * PADDING);
}
