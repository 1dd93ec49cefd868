// @ts-check
// Pictures of apps: the last result that the editor shows, or a file, scaled down. Loaded on its own it does nothing.
import { app } from "../../../scripts/app.js";
import { api } from "../../../scripts/api.js";

const LONGEST_SIDE = 1024; // pixels
const MOST_CHARACTERS = 512 * 1024; // of the data URL, so that the picture itself is well below 512 KB
const QUALITIES = [0.9, 0.8, 0.65, 0.5, 0.3];

/**
 * The address of the last picture among the results in the editor; saved ones before previews.
 * @param {string[]} preferred  ids of nodes in the API graph
 * @returns {string | undefined}
 */
export function lastResult(preferred) {
  const found = Object.entries(app.nodeOutputs ?? {}).flatMap(([id, output]) =>
    (output?.images ?? output?.thumbnails ?? []).slice(0, 1).map((/** @type {any} */ image) => ({ id, image })),
  );
  const results = found.filter(({ image }) => image.filename && image.type !== "input");
  const rank = (/** @type {any} */ one) => (preferred.includes(one.id) ? 2 : 0) + (one.image.type === "output" ? 1 : 0);
  const best = Math.max(...results.map(rank));
  const image = results.filter((one) => rank(one) === best).at(-1)?.image;
  if (!image) return undefined;
  const { filename, subfolder = "", type } = image;
  return api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}`);
}

/**
 * A data URL that the server takes.
 * @param {string} source  address of a picture
 * @returns {Promise<string>}  throws when the browser cannot show it
 */
export async function scaled(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const scale = Math.min(1, LONGEST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  for (const quality of QUALITIES) {
    const url = encode(canvas, quality);
    if (url.length <= MOST_CHARACTERS) return url;
  }
  throw new RangeError("too large");
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} quality
 */
function encode(canvas, quality) {
  const url = canvas.toDataURL("image/webp", quality);
  return url.startsWith("data:image/webp") ? url : canvas.toDataURL("image/jpeg", quality); // Safari writes no WebP
}

/** @param {File} file */
export async function scaledFile(file) {
  const source = URL.createObjectURL(file);
  try {
    return await scaled(source);
  } finally {
    URL.revokeObjectURL(source);
  }
}
