// @ts-check
// The list of apps.
import { address, call, ROOT } from "./parts/api.mjs";
import { closedDoor, keyForm, readSession } from "./parts/door.mjs";
import { el, fill } from "./parts/dom.mjs";
import { header } from "./parts/header.mjs";
import { icon } from "./parts/icons.mjs";
import { placeholder } from "./parts/placeholder.mjs";
import { count, say } from "./parts/words.mjs";

/** @typedef {import("./types.mjs").App} App */

/** @type {Record<string, string>} */
const MEDIA = { image: "Pictures", video: "Video", audio: "Sound", text: "Text", file: "Files" };

const main = el("main", { id: "main", class: "page" });
document.title = `${say("Apps")} · Lectern`;
document.body.append(header("apps"), main);

try {
  const { apps } = await call("GET", "v1/apps");
  if (apps.length) showApps(apps);
  else fill(main, await nothingToSee());
} catch (error) {
  fill(main, closedDoor(error));
}

/** @param {App[]} apps */
function showApps(apps) {
  const found = el("p", { class: "unseen", role: "status" });
  const list = el("ul", { class: "app-grid" });
  const search = el("input", { class: "input", type: "search", id: "search", placeholder: say("Search"), "aria-label": say("Search apps"), oninput: show });

  function show() {
    const words = search.value.toLowerCase().split(/\s+/);
    const fitting = apps.filter((app) => fits(app, words));
    fill(list, ...fitting.map(card), !fitting.length && el("li", { class: "none" }, say("No app has these words.")));
    found.textContent = search.value ? count(fitting.length, "{count} app", "{count} apps") : "";
  }
  const head = el("div", { class: "page-head" }, el("div", {}, el("h1", {}, say("Apps")), el("p", { class: "lead" }, say("Open one, fill in a few fields, and run it."))),
    el("div", { class: "search" }, icon("search"), search));
  fill(main, head, found, list);
  show();
}

/** @param {App} app @param {string[]} words */
function fits({ slug, title, description }, words) {
  const text = `${slug} ${title} ${description}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** @param {App} app */
function card(app) {
  const image = app.picture
    ? el("img", { src: address(app.picture), alt: "", loading: "lazy", decoding: "async" })
    : placeholder(app.title);
  return el("li", { class: "app-card" },
    el("div", { class: "app-picture" }, image),
    el("h2", {}, el("a", { href: new URL(`a/${encodeURIComponent(app.slug)}`, ROOT).href }, app.title)),
    app.description && el("p", { class: "app-description" }, app.description),
    el("p", { class: "app-note" }, facts(app)));
}

/** What comes out, and how much has to be filled in. @param {App} app */
function facts(app) {
  const media = new Set(Object.values(app.outputs).map((output) => output.media ?? "file"));
  const inputs = Object.keys(app.inputs.properties).length;
  return [...[...media].map((one) => say(MEDIA[one] ?? MEDIA.file)), count(inputs, "{count} input", "{count} inputs")].join(" · ");
}

/** Without a key one sees public apps alone: that there are none does not mean that there are no apps. */
async function nothingToSee() {
  const session = await readSession();
  return session?.access === "keys" && !session.signed_in ? keyForm(() => location.reload()) : nothingPublished();
}

function nothingPublished() {
  return el("div", { class: "door" }, el("h1", {}, say("No apps yet")),
    el("p", { class: "quiet-text" }, say("Open a workflow in ComfyUI and choose “Publish as app”: it appears here.")),
    el("p", { class: "quiet-text" }, say("From a shell, in the folder of this pack:")),
    el("pre", { class: "command", tabindex: 0, "aria-label": say("Command") }, "python -m lectern publish workflow.json --slug my-app"));
}
