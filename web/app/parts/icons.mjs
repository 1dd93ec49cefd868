// @ts-check
// The line icons of the pages, drawn on a grid of 24.
import { svg } from "./dom.mjs";

/** @type {Record<string, string[]>} */
const PATHS = {
  arrow: ["M15 5l-7 7 7 7"],
  camera: ["M4 8h3.5L9 5.5h6L16.5 8H20v11H4z", "M12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  close: ["M6 6l12 12M18 6L6 18"],
  compare: ["M12 3v18", "M9 6H4v12h5", "M15 6h5v12h-5"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  dice: ["M5 5h14v14H5z", "M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01"],
  download: ["M12 4v11", "M7.5 11L12 15.5 16.5 11", "M5 20h14"],
  erase: ["M8 19l-4-4 9.5-9.5 6 6L12 19z", "M8 19h12", "M9.5 9.5l6 6"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  fill: ["M4 4h16v16H4z"],
  image: ["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15.5 9h.01"],
  invert: ["M12 4a8 8 0 1 0 0 16z", "M12 4a8 8 0 0 1 0 16"],
  link: ["M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2", "M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2"],
  minus: ["M6 12h12"],
  moon: ["M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z"],
  next: ["M9 5l7 7-7 7"],
  paint: ["M19 4c-4 1-9 6-10 9l2 2c3-1 8-6 9-10z", "M9 14c-3 0-3 3-5 5 3 1 7 0 7-3"],
  plus: ["M12 6v12M6 12h12"],
  reuse: ["M4 12a8 8 0 0 1 14-5.3L20 9", "M20 4v5h-5", "M20 12a8 8 0 0 1-14 5.3L4 15", "M4 20v-5h5"],
  search: ["M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", "M15.5 15.5L20 20"],
  sound: ["M5 10v4h3l5 4V6l-5 4z", "M16.5 9a4 4 0 0 1 0 6"],
  sun: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1 1M17.4 17.4l1 1M5.6 18.4l1-1M17.4 6.6l1-1"],
  trash: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
  undo: ["M9 7L4.5 11.5 9 16", "M5 11.5h9a5 5 0 0 1 0 10h-2"],
  upload: ["M12 16V5", "M7.5 9L12 4.5 16.5 9", "M5 20h14"],
  video: ["M4 6h11v12H4z", "M15 11l5-3v8l-5-3z"],
  warning: ["M12 4l9 16H3z", "M12 10v4.5M12 17.3h.01"],
  zip: ["M6 3h12v18H6z", "M11 3v2h2v2h-2v2h2v2h-2v3h2v-3"],
  zoom: ["M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", "M15.5 15.5L20 20", "M11 8.5v5M8.5 11h5"],
};

/** Says nothing to a screen reader: what it stands in has a name of its own. @param {string} name */
export function icon(name) {
  const strokes = PATHS[name].map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, ...strokes);
}
