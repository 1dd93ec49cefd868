// @ts-check
// The open workflow on its way to an app: read with what the server proposes, published, remembered. Loaded on its own
// it does nothing.
import { app } from "../../../scripts/app.js";
import { call } from "./client.js";

/** @typedef {import("./draft.js").Picks} Picks */
/** @typedef {{workflow: any, prompt: any, proposal: any, apps: any[], own: any, earlier: Picks | null}} Read */

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * @param {() => void} listener  called after an app was published
 * @returns {() => void}  ends that
 */
export function onPublished(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * The open workflow and what the server makes of it.
 * @returns {Promise<Read>}
 */
export async function readWorkflow() {
  const workflow = JSON.parse(JSON.stringify(app.rootGraph.serialize()));
  const { output: prompt } = await app.graphToPrompt();
  const proposal = await call("POST", "/propose", { body: { workflow, prompt } });
  const { apps } = await call("GET", "/apps");
  const own = apps.find((/** @type {any} */ one) => one.slug === proposal.slug);
  return {
    workflow,
    prompt,
    proposal,
    apps,
    own,
    earlier: own?.source === "picks" ? await earlierPicks(own, workflow) : null,
  };
}

/**
 * What a person picked in this dialog for the last version; nothing when App Mode's picks were changed since.
 * @param {any} own
 * @param {any} workflow
 */
async function earlierPicks(own, workflow) {
  const { inputs, outputs, workflow: before } = await call("GET", `/apps/${own.slug}/export`);
  const same = JSON.stringify(before?.extra?.linearData) === JSON.stringify(workflow.extra?.linearData);
  return same ? { inputs, outputs } : null;
}

/** The title of a workflow that never was an app: its file's name. */
export function fileTitle() {
  const open = app.extensionManager.workflow.activeWorkflow;
  if (!open || open.isTemporary) return "";
  const words = open.filename
    .replace(/(\.app)?(\.json)?$/, "")
    .replace(/[-_]+/g, " ")
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {Read} read
 * @param {import("./about.js").About} about
 * @param {any} picks
 */
export async function publishWorkflow({ workflow, prompt, apps }, about, picks) {
  const { title, slug, description, options } = about;
  const active = apps.find((one) => one.slug === slug);
  const before = active?.source === "bundled" ? 0 : (active?.active_version ?? 0);
  const { max_n, ...rest } = options;
  const body = {
    workflow: { ...workflow, extra: { ...workflow.extra, lectern: remembering(workflow.extra, about) } },
    prompt,
    title,
    description,
    options: max_n === null ? rest : options,
    ...picks,
  };
  const published = await call("PUT", `/apps/${slug}`, { body, headers: { "If-Match": `${before}` } });
  app.rootGraph.extra ??= {};
  app.rootGraph.extra.lectern = remembering(app.rootGraph.extra, about);
  for (const listener of listeners) listener();
  return published;
}

/**
 * What the workflow knows from now on: which app it is.
 * @param {any} extra
 * @param {import("./about.js").About} about
 */
function remembering(extra, { slug, title, description }) {
  const ours = extra?.lectern ?? {};
  return { ...ours, app: { ...ours.app, slug, title, description } };
}
