// @ts-check
// "Publish as app": the dialog that shows what the server proposes of the open workflow, and lets a person change it.
// Loaded on its own it does nothing.
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
import { rolesBefore, rolesOf, rolesSaid } from "./roles.js";
import { signIn } from "./signin.js";
import { staleList } from "./stale.js";
import { fileTitle, publishWorkflow, readWorkflow } from "./workflow.js";

/** @typedef {import("./workflow.js").Read} Read */

/** Opens the dialog for the workflow that the editor shows. */
export async function publishThis() {
  if (!app.rootGraph.nodes.length) {
    toast("error", say("There is nothing to publish yet: the workflow is empty."));
    return;
  }
  try {
    const { access, signed_in: known } = await session();
    const keys = access === "keys";
    if (known || !keys || (await signIn())) showDialog(await readWorkflow(), keys);
  } catch (error) {
    toast("error", /** @type {Error} */ (error).message);
  }
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
  const roles = rolesBefore(draft, own);
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
    rolesOf(draft, roles, proposal.roles),
  );
  const left = make("div", { class: "lectern-column" }, portrait.element, form.element);
  const footer = make(
    "div",
    { class: "lectern-footer" },
    problem,
    button(say("Cancel"), () => close()),
    submit,
  );
  const content = make(
    "div",
    { class: "lectern-dialog lectern-publish", onkeydown: press },
    make("div", { class: "lectern-columns" }, left, right),
    footer,
  );
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
    if (draft.inputs.some((one) => one.picked && mistakeOf(one)))
      problem.textContent = say("Some limits do not fit; see there.");
    else if (!draft.outputs.some((one) => one.picked)) problem.textContent = say("Tick at least one result.");
    else await send();
  }

  async function send() {
    submit.disabled = true;
    try {
      const said = { ...about, options: { ...about.options, roles: rolesSaid(roles) } };
      const published = await publishWorkflow(read, said, { ...picksOf(draft), picture: portrait.picture() });
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
