// @ts-check
// "Publish as app": reads the open workflow, proposes what its app takes and gives, lets a person change that, and
// publishes. Loaded on its own it does nothing.
import { app } from "../../../scripts/app.js";
import { say } from "../words.js";
import { aboutForm, aboutOf } from "./about.js";
import { address, call, Refusal, session } from "./client.js";
import { openDialog } from "./dialog.js";
import { button, make, toast } from "./dom.js";
import { draftOf, mistakeOf, picksOf } from "./draft.js";
import { inputsOf } from "./inputs.js";
import { lastResult } from "./picture.js";
import { portraitOf } from "./portrait.js";
import { publishedView } from "./published.js";
import { resultsOf } from "./results.js";
import { signIn } from "./signin.js";
import { staleList } from "./stale.js";

/** @typedef {{workflow: any, prompt: any, proposal: any, apps: any[], own: any, earlier: import("./draft.js").Picks | null}} Read */

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

/** Opens the dialog for the workflow that the editor shows. */
export async function publishThis() {
  if (!app.rootGraph.nodes.length) {
    toast("error", say("There is nothing to publish yet: the workflow is empty."));
    return;
  }
  try {
    const { access, signed_in: known } = await session();
    const keys = access === "keys";
    if (known || !keys || (await signIn())) showDialog(await read(), keys);
  } catch (error) {
    toast("error", /** @type {Error} */ (error).message);
  }
}

/** @returns {Promise<Read>} */
async function read() {
  const workflow = JSON.parse(JSON.stringify(app.rootGraph.serialize()));
  const { output: prompt } = await app.graphToPrompt();
  const proposal = await call("POST", "/propose", { body: { workflow, prompt } });
  const { apps } = await call("GET", "/apps");
  const own = apps.find((/** @type {any} */ one) => one.slug === proposal.slug);
  return { workflow, prompt, proposal, apps, own, earlier: own?.source === "picks" ? await earlierPicks(own, workflow) : null };
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
function fileTitle() {
  const open = app.extensionManager.workflow.activeWorkflow;
  if (!open || open.isTemporary) return "";
  const words = open.filename.replace(/(\.app)?(\.json)?$/, "").replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {Read} read
 * @param {boolean} keys  whether apps ask for API keys
 */
function showDialog(read, keys) {
  const { proposal, apps, own } = read;
  const title = proposal.title || own?.title || fileTitle();
  const about = aboutOf({ title, description: proposal.description || own?.description || "" }, own, apps);
  const draft = draftOf(proposal, read.earlier);
  const outputs = draft.outputs.filter((one) => one.picked).map((one) => one.node_id);
  const portrait = portraitOf(own?.picture ? address(own.picture) : null, lastResult(outputs));
  const form = aboutForm(about, own, apps);
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const submit = button(say("Publish"), publish, { kind: "primary", icon: "send" });
  const right = make(
    "div",
    { class: "lectern-column" },
    make("p", { class: "lectern-hint" }, sourceNote(draft.source)),
    draft.stale.length ? staleList(draft.stale, say("Picks that no longer fit and are left out:")) : null,
    inputsOf(draft, forget),
    resultsOf(draft, forget),
  );
  const left = make("div", { class: "lectern-column" }, portrait.element, form.element);
  const footer = make("div", { class: "lectern-footer" }, problem, button(say("Cancel"), () => close()), submit);
  const content = make("div", { class: "lectern-dialog lectern-publish", onkeydown: press }, make("div", { class: "lectern-columns" }, left, right), footer);
  const close = openDialog(say("Publish as app"), content, { size: "xl" });

  function forget() {
    problem.textContent = "";
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void publish();
    }
  }

  async function publish() {
    problem.textContent = "";
    if (!form.check()) return;
    if (draft.inputs.some((one) => one.picked && mistakeOf(one))) problem.textContent = say("Some limits do not fit; see there.");
    else if (!draft.outputs.some((one) => one.picked)) problem.textContent = say("Tick at least one result.");
    else await send();
  }

  async function send() {
    submit.disabled = true;
    try {
      const published = await put(read, about, { ...picksOf(draft), picture: portrait.picture() });
      content.classList.add("done");
      content.replaceChildren(publishedView(published, keys, close));
      content.querySelector("a")?.focus();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
      if (error instanceof Refusal && error.code === "version_conflict") read.apps = (await call("GET", "/apps")).apps;
    }
    submit.disabled = false;
  }
}

/** @param {string} source */
function sourceNote(source) {
  if (source === "app_mode") return say("App Mode's picks are ticked. Publish takes them as they are.");
  if (source === "picks") return say("As in the last version. Publish takes it as it is.");
  return say("Lectern ticked what people will most likely want to set. Change what you like, or just publish.");
}

/**
 * @param {Read} read
 * @param {import("./about.js").About} about
 * @param {any} picks
 */
async function put({ workflow, prompt, apps }, about, picks) {
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
