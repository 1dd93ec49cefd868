// @ts-check
// The results of a run: pictures, videos, sounds, texts, and other files as cards.
import { address, request } from "./api.mjs";
import { copyText } from "./clipboard.mjs";
import { iconButton } from "./dialog.mjs";
import { el, fill } from "./dom.mjs";
import { icon } from "./icons.mjs";
import { fileSize } from "./numbers.mjs";
import { say } from "./words.mjs";

/** @typedef {import("../types.mjs").Item} Item */
/** @typedef {{open: (place: number) => void, compare: ((place: number) => void) | null}} Actions */

/** @param {Item} item */
export function mediaOf({ content_type: type, text }) {
  if (text !== undefined || type.startsWith("text/plain")) return "text";
  const family = type.split("/")[0];
  return family === "image" || family === "video" || family === "audio" ? family : "file";
}

/**
 * What came out, as the app lists its outputs: it landed as the nodes ended, which differs from run to run.
 * @param {import("../types.mjs").Run} run
 * @param {import("../types.mjs").App} app
 * @returns {Item[]}
 */
export function inOrder(run, app) {
  const names = Object.keys(app.outputs);
  const rank = (/** @type {Item} */ item) => (names.includes(item.output) ? names.indexOf(item.output) : names.length);
  return [...run.outputs].sort((a, b) => rank(a) - rank(b) || (a.take ?? 0) - (b.take ?? 0));
}

/**
 * Of an earlier run's pictures the one that stands where this one stands now.
 * @param {Item} picture
 * @param {Item[]} pictures  of its run
 * @param {Item[]} before
 * @returns {Item}
 */
export function counterpart(picture, pictures, before) {
  const alike = (/** @type {Item[]} */ items) => items.filter((item) => item.output === picture.output);
  const [earlier, place] = [alike(before), alike(pictures).indexOf(picture)];
  return earlier[place] ?? earlier[0] ?? before[0];
}

/** @param {Item} item */
export function downloadAddress(item) {
  const url = new URL(address(item.url));
  url.searchParams.set("download", "1");
  return url.href;
}

/**
 * @param {import("../types.mjs").Run} run
 * @param {import("../types.mjs").App} app
 * @param {Actions} actions  places are among the run's pictures
 */
export function gallery(run, app, actions) {
  const outputs = inOrder(run, app);
  const pictures = outputs.filter((item) => mediaOf(item) === "image");
  const names = [...new Set(outputs.map((item) => item.output))];
  const groups = names.map((name) => {
    const items = outputs.filter((item) => item.output === name);
    const cards = items.map((item) => card(item, items, run, pictures.indexOf(item), actions));
    const title = names.length > 1 && el("h2", { class: "group-title" }, app.outputs[name]?.title || name);
    return el("section", { class: "group" }, title, el("ul", { class: `cards cards-${Math.min(cards.length, 4)}` }, ...cards));
  });
  return el("div", { class: "gallery" }, ...groups);
}

/** @param {Item} item @param {Item[]} siblings @param {import("../types.mjs").Run} run @param {number} place @param {Actions} actions */
function card(item, siblings, run, place, actions) {
  const media = mediaOf(item);
  const name = run.n > 1 ? say("Take {take}", { take: (item.take ?? 0) + 1 }) : item.name;
  const bar = el("div", { class: "card-bar" }, el("span", { class: "card-name", title: item.name }, name),
    media !== "text" && el("span", { class: "card-note" }, fileSize(item.size_bytes)));
  const label = siblings.length > 1 ? say("Result {place} of {count}", { place: siblings.indexOf(item) + 1, count: siblings.length }) : item.name;
  if (media === "image") {
    bar.append(iconButton("zoom", say("Zoom"), () => actions.open(place)));
    if (actions.compare) bar.append(iconButton("compare", say("Compare with the previous result"), () => actions.compare?.(place)));
  }
  if (media === "text") bar.append(copyButton(() => item.text ?? ""));
  bar.append(el("a", { class: "icon-button", href: downloadAddress(item), download: item.name, "aria-label": say("Download {name}", { name: item.name }), title: say("Download") }, icon("download")));
  return el("li", { class: `card card-${media}` }, view(item, media, label, () => actions.open(place)), bar);
}

/** @param {Item} item @param {string} media @param {string} label @param {() => void} open */
function view(item, media, label, open) {
  const src = address(item.url);
  if (media === "image") {
    return el("button", { type: "button", class: "picture", onclick: open, "aria-label": say("{label}, zoom", { label }) }, el("img", { src, alt: label, decoding: "async" }));
  }
  if (media === "video") return el("video", { src, controls: true, loop: true, playsinline: true, "aria-label": label });
  if (media === "audio") return el("audio", { src, controls: true, "aria-label": label });
  if (media === "text") return textView(item);
  return el("div", { class: "file" }, icon("file"), el("strong", {}, item.name), el("span", {}, kindOf(item)));
}

/** @param {Item} item */
function textView(item) {
  const box = el("pre", { class: "written", tabindex: 0, "aria-label": item.name }, item.text ?? "");
  if (item.text === undefined) {
    const read = async () => { item.text = await (await request("GET", item.url)).text(); fill(box, item.text); };
    read().catch(() => fill(box, say("The text could not be read.")));
  }
  return box;
}

/** @param {Item} item */
function kindOf({ name, content_type: type }) {
  const ending = name.match(/\.(\w{1,8})$/)?.[1];
  return ending ? say("{kind} file", { kind: ending.toUpperCase() }) : type;
}

/** @param {() => string} text */
function copyButton(text) {
  const button = iconButton("copy", say("Copy"), async () => {
    await copyText(text());
    fill(button, icon("check"));
    setTimeout(() => fill(button, icon("copy")), 1500);
  });
  return button;
}
