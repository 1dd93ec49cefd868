// @ts-check
// What an app's inputs are to other APIs, in the publish dialog: which one is the prompt, the width, the seed. Loaded on
// its own it does nothing.
import { say } from "../words.js";
import { make } from "./dom.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Input} Input */
/** @typedef {Record<string, Input | null>} Roles  null: none; a role that is not in it is found out by the server */

/** @type {Record<string, string>} */
const HEADINGS = {
  prompt: "Prompt",
  negative: "Negative prompt",
  width: "Width",
  height: "Height",
  seed: "Seed",
  steps: "Steps",
  cfg: "CFG",
  sampler: "Sampler",
  scheduler: "Scheduler",
  denoise: "Denoise",
  batch: "Pictures at once",
  checkpoint: "Checkpoint",
  image: "Picture",
  mask: "Mask",
  quality: "Quality",
  background: "Background",
};
const NUMBERS = ["integer", "number"];
const CHOICES = ["choice", "string"];
/** @type {Record<string, string[]>} as the server's own table, KINDS in faces/roles.py */
const KINDS = {
  prompt: ["string"],
  negative: ["string"],
  width: NUMBERS,
  height: NUMBERS,
  seed: ["integer"],
  steps: NUMBERS,
  cfg: NUMBERS,
  sampler: CHOICES,
  scheduler: CHOICES,
  denoise: NUMBERS,
  batch: NUMBERS,
  checkpoint: CHOICES,
  image: ["file"],
  mask: ["file"],
  quality: CHOICES,
  background: CHOICES,
};

/**
 * What the last version's publisher said, as far as those inputs are still there.
 * @param {Draft} draft
 * @param {any} own  the app that this workflow was published as, if it was
 * @returns {Roles}
 */
export function rolesBefore(draft, own) {
  /** @type {Roles} */
  const roles = {};
  for (const [role, name] of Object.entries(own?.options.roles ?? {})) {
    const input = draft.inputs.find((one) => one.picked && one.name === name);
    if (input || !name) roles[role] = input ?? null;
  }
  return roles;
}

/**
 * For the request's options: roles by the names that the inputs have now.
 * @param {Roles} roles
 * @returns {Record<string, string> | null}
 */
export function rolesSaid(roles) {
  const said = Object.entries(roles).filter(([, input]) => !input || input.picked);
  return said.length ? Object.fromEntries(said.map(([role, input]) => [role, input?.name ?? ""])) : null;
}

/**
 * @param {Draft} draft
 * @param {Roles} roles  kept up to date
 * @param {Record<string, {node_id: string, widget: string}>} derived  by the server, of what it proposes
 */
export function rolesOf(draft, roles, derived) {
  const rows = make("div", { class: "lectern-roles" });
  const fold = make(
    "details",
    { class: "lectern-options", ontoggle: fill },
    make("summary", {}, say("For OpenAI's and AUTOMATIC1111's APIs")),
    make("p", { class: "lectern-hint" }, say("Which input is what programs written for them mean.")),
    rows,
  );

  /** Anew whenever it is opened: the inputs may have changed. */
  function fill() {
    if (!fold.open) return;
    const picked = draft.inputs.filter((one) => one.picked);
    rows.replaceChildren(...Object.keys(HEADINGS).flatMap((role) => rowOf(role, picked)));
  }

  /**
   * @param {string} role
   * @param {Input[]} picked
   */
  function rowOf(role, picked) {
    const fitting = picked.filter((one) => KINDS[role].includes(one.type));
    if (!fitting.length) return [];
    const found = derived[role];
    const likely = found && picked.find((one) => one.node_id === found.node_id && one.widget === found.widget);
    const automatic = likely ? say("Automatic: {label}", { label: likely.label }) : say("Automatic");
    const choices = [automatic, say("None"), ...fitting.map((one) => one.label)];
    const options = choices.map((text, index) => make("option", { value: `${index}` }, text));
    const select = make("select", { class: "lectern-input", onchange: choose, "data-role": role, "aria-label": say(HEADINGS[role]) }, ...options);
    const input = roles[role];
    select.value = `${role in roles ? (input ? fitting.indexOf(input) + 2 : 1) : 0}`;

    function choose() {
      const index = Number(select.value);
      if (index) roles[role] = index === 1 ? null : fitting[index - 2];
      else delete roles[role];
    }

    return [make("label", { class: "lectern-role" }, make("span", {}, say(HEADINGS[role])), select)];
  }

  return fold;
}
