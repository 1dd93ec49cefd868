// @ts-check
// A picture for an app that has none: a quiet landscape of discs whose colours and places come from the title.
import { svg } from "./dom.mjs";

/** A number from 0 to 1 for each call, the same ones for the same text. @param {string} text */
function numbers(text) {
  let state = 2166136261;
  for (const sign of text) state = Math.imul(state ^ /** @type {number} */ (sign.codePointAt(0)), 16777619);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 374761393;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** @param {string} title */
export function placeholder(title) {
  const next = numbers(title);
  const hue = Math.floor(next() * 360);
  const tone = (/** @type {number} */ shift, /** @type {number} */ light) =>
    `hsl(${(hue + shift) % 360} ${34 - light / 8}% ${light}%)`;
  const bands = [0, 1, 2].map((band) =>
    svg("ellipse", {
      cx: 40 + next() * 320, cy: 250 + band * 42, rx: 240 + next() * 120, ry: 120 - band * 10, fill: tone(18 * band, 74 - band * 15),
    }),
  );
  const sun = svg("circle", { cx: 70 + next() * 260, cy: 70 + next() * 50, r: 24 + next() * 20, fill: tone(40, 96) });
  const sky = svg("rect", { width: 400, height: 300, fill: tone(330, 86) });
  return svg("svg", { viewBox: "0 0 400 300", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" }, sky, sun, ...bands);
}
