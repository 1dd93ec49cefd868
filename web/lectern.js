// @ts-check
// Save Deck shows small pictures of the deck it last saved and a download button for each of its files.
import { api } from "../../scripts/api.js";
import { findWidget } from "./graph.js";
import { onOutput } from "./outputs.js";
import { say } from "./words.js";

const NODE = "LecternSaveDeck";
const WIDGET = "lectern_download";
const STRIP = "lectern_thumbnails";
const STRIP_HEIGHT = 84; // pixels

/** @typedef {{filename: string, subfolder: string, type: string}} SavedFile */

/** @param {SavedFile} file */
function address(file) {
  return api.apiURL(`/view?${new URLSearchParams({ ...file })}`);
}

/** @param {SavedFile} file */
function download(file) {
  const link = document.createElement("a");
  link.href = address(file);
  link.download = file.filename;
  link.click();
}

/**
 * One button a file; the first keeps the plain name.
 * @param {any} node
 * @param {SavedFile[]} files
 */
function offer(node, files) {
  files.forEach((file, index) => {
    const name = index ? `${WIDGET}_${index}` : WIDGET;
    const button = findWidget(node, name) ?? node.addWidget("button", name, null, null, { serialize: false });
    button.label = say("Download {file}", { file: file.filename });
    button.callback = () => download(file);
    button.serialize = false; // never part of the saved workflow or of the prompt
  });
  for (let index = Math.max(1, files.length); findWidget(node, `${WIDGET}_${index}`); index++) {
    node.removeWidget(findWidget(node, `${WIDGET}_${index}`));
  }
}

/**
 * A row of pictures that scrolls sideways.
 * @param {any} node
 * @param {SavedFile[]} pictures
 */
function show(node, pictures) {
  let strip = findWidget(node, STRIP);
  if (!strip) {
    const row = document.createElement("div");
    row.style.cssText = "display:flex;gap:6px;overflow-x:auto;overflow-y:hidden;align-items:center;padding:2px 0";
    row.addEventListener("wheel", (event) => event.stopPropagation());
    strip = node.addDOMWidget(STRIP, "lectern_strip", row, {
      serialize: false,
      hideOnZoom: false,
      getMinHeight: () => STRIP_HEIGHT,
      getMaxHeight: () => STRIP_HEIGHT,
    });
    strip.serialize = false;
  }
  strip.element.replaceChildren(...pictures.map((file, index) => picture(file, index + 1)));
}

/**
 * @param {SavedFile} file
 * @param {number} number
 */
function picture(file, number) {
  const image = document.createElement("img");
  image.src = address(file);
  image.alt = image.title = `${number}`;
  image.loading = "lazy";
  image.draggable = false;
  image.style.cssText = `height:${STRIP_HEIGHT - 20}px;width:auto;flex:none;border-radius:3px`;
  return image;
}

onOutput((node, output) => {
  if (node.comfyClass !== NODE || !output.files?.length) return;
  show(node, output.thumbnails ?? []);
  offer(node, output.files);
  const [width, height] = node.computeSize();
  node.setSize?.([Math.max(node.size[0], width), Math.max(node.size[1], height)]);
  node.setDirtyCanvas?.(true, true);
});
