// @ts-check
// Save Deck gets a download button for the deck it last saved.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";

const NODE = "LecternSaveDeck";
const WIDGET = "lectern_download";

/** @typedef {{filename: string, subfolder: string, type: string}} SavedFile */

/** @param {SavedFile} file */
function download(file) {
  const link = document.createElement("a");
  link.href = api.apiURL(`/view?${new URLSearchParams({ ...file })}`);
  link.download = file.filename;
  link.click();
}

/**
 * The node that an execution id names; ids inside subgraphs are paths such as "12:5".
 * @param {string} id
 */
function findNode(id) {
  const path = String(id).split(":");
  let graph = app.rootGraph ?? app.graph;
  for (const step of path.slice(0, -1)) graph = graph?.getNodeById(Number(step))?.subgraph;
  return graph?.getNodeById(Number(path.at(-1)));
}

/**
 * @param {any} node
 * @param {SavedFile} file
 */
function offer(node, file) {
  const label = `Download ${file.filename}`;
  const shown = node.widgets?.find((/** @type {any} */ widget) => widget.name === WIDGET);
  if (shown) {
    shown.label = label;
    shown.callback = () => download(file);
  } else {
    const button = node.addWidget("button", WIDGET, null, () => download(file), { serialize: false });
    button.label = label;
    button.serialize = false; // never part of the saved workflow or of the prompt
  }
  node.setDirtyCanvas?.(true, true);
}

app.registerExtension({
  name: "lectern.deck",
  setup() {
    api.addEventListener("executed", (/** @type {any} */ event) => {
      const { node: id, display_node: shown, output } = event.detail;
      const file = output?.files?.[0];
      const node = file && findNode(shown ?? id);
      if (node?.comfyClass === NODE) offer(node, file);
    });
  },
});
