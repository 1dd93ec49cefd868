// @ts-check
// What a person decides in the publish dialog, as plain data: from the server's proposal, over what the last version
// had, to the request's body. Loaded on its own it does nothing.

/**
 * @typedef {object} Input  a widget that could be an input
 * @property {string} node_id  in the API graph
 * @property {string} widget
 * @property {{node_id: string, widget: string}[]} [also]
 * @property {string} name  for programs
 * @property {string} label
 * @property {string} description
 * @property {boolean} required
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {number | null} max_length
 * @property {any[] | null} choices  null: all
 * @property {boolean} picked
 * @property {"string" | "integer" | "number" | "boolean" | "choice" | "file" | ""} type
 * @property {string | null} [media]  of a file
 * @property {any} current
 * @property {string} group
 * @property {string} class_type
 * @property {boolean} kept  programs know its name already, or a person wrote it
 */

/**
 * @typedef {object} Output
 * @property {string} node_id
 * @property {string} name
 * @property {string} title
 * @property {string} class_type
 * @property {boolean} picked
 * @property {boolean} kept
 */

/** @typedef {{id: string, name: string, reason: string}} Stale */
/** @typedef {{inputs: Input[], outputs: Output[], stale: Stale[], source: string, touched: boolean}} Draft */
/** @typedef {{inputs: any[], outputs: any[]}} Picks  as an exported app holds them */

const NAME_LENGTH = 100; // characters, of the server's
export const GROUPS = ["prompt", "image", "seed", "size", "settings"];

/** @param {{node_id: string, widget?: string}} pick */
function place(pick) {
  return `${pick.node_id} ${pick.widget ?? ""}`;
}

/**
 * @param {any} proposal  of POST /propose
 * @param {Picks | null} earlier  what the last version had, when that is still what the person means
 * @returns {Draft}
 */
export function draftOf(proposal, earlier) {
  const inputs = proposal.inputs.map(inputOf);
  const outputs = proposal.outputs.map((/** @type {any} */ one) => ({
    title: "",
    ...one,
    kept: proposal.source === "app_mode",
  }));
  const draft = { inputs, outputs, stale: [...proposal.stale], source: proposal.source, touched: false };
  for (const input of inputs) input.kept = proposal.source === "app_mode" && input.picked; // named for the widget
  return earlier ? continued(draft, earlier) : draft;
}

/**
 * @param {any} pick
 * @returns {Input}
 */
function inputOf(pick) {
  const empty = { description: "", required: false, minimum: null, maximum: null, max_length: null, choices: null };
  return { ...empty, kept: false, ...pick, label: pick.label ?? pick.name };
}

/**
 * Exactly what the last version had, first and in its order; what is gone is told.
 * @param {Draft} draft
 * @param {Picks} earlier
 * @returns {Draft}
 */
function continued(draft, earlier) {
  const known = new Map(draft.inputs.map((one) => [place(one), one]));
  const results = new Map(draft.outputs.map((one) => [place(one), one]));
  const inputs = earlier.inputs.filter((one) => known.has(place(one))).map((one) => again(known, one));
  const outputs = earlier.outputs.filter((one) => results.has(place(one))).map((one) => again(results, one));
  const gone = [
    ...earlier.inputs.filter((one) => !known.has(place(one))),
    ...earlier.outputs.filter((one) => !results.has(place(one))),
  ];
  const rest = (/** @type {any[]} */ all, /** @type {any[]} */ used) => {
    const places = new Set(used.map(place));
    return all.filter((one) => !places.has(place(one))).map((one) => ({ ...one, picked: false }));
  };
  return {
    inputs: [...inputs, ...rest(draft.inputs, inputs)],
    outputs: outputs.length ? [...outputs, ...rest(draft.outputs, outputs)] : draft.outputs,
    stale: [...draft.stale, ...gone.map(staleOf)],
    source: "picks",
    touched: true,
  };
}

/**
 * @param {Map<string, any>} known
 * @param {any} pick
 */
function again(known, pick) {
  const now = known.get(place(pick));
  const own = { description: "", required: false, minimum: null, maximum: null, max_length: null, choices: null };
  return { ...now, ...(now.widget ? own : {}), ...pick, label: pick.label ?? now.label, picked: true, kept: true };
}

/** @param {any} pick */
function staleOf(pick) {
  return {
    id: pick.widget ? `${pick.node_id}:${pick.widget}` : pick.node_id,
    name: pick.label ?? pick.name ?? "",
    reason: "",
  };
}

/**
 * A name for programs, made from a name for people; the server does the same.
 * @param {string} label
 */
export function nameFrom(label) {
  const name = label
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, "_")
    .replace(/^_+|_+$/g, "");
  return name.slice(0, NAME_LENGTH);
}

/**
 * @param {string} title
 */
export function slugFrom(title) {
  const plain = title
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
}

/** @param {string} slug */
export function isSlug(slug) {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(slug);
}

/**
 * A slug that no app has.
 * @param {string} wanted
 * @param {(slug: string) => boolean} taken
 */
export function freeSlug(wanted, taken) {
  const base = wanted || "app";
  let slug = base;
  for (let number = 2; taken(slug); number++) slug = `${base}-${number}`;
  return slug;
}

/**
 * The parts of the body that say what was picked: none when nothing was changed, for then the workflow says it.
 * @param {Draft} draft
 */
export function picksOf(draft) {
  if (!draft.touched) return {};
  return {
    inputs: draft.inputs.filter((one) => one.picked).map(pickOf),
    outputs: draft.outputs.filter((one) => one.picked).map(({ node_id, name, title }) => ({ node_id, name, title })),
  };
}

/** @param {Input} input */
function pickOf(input) {
  const { node_id, widget, also, type } = input;
  const number = type === "integer" || type === "number";
  const pick = {
    node_id,
    widget,
    also,
    name: input.name || widget,
    label: input.label.trim() || undefined,
    description: input.description.trim() || undefined,
    required: input.required || undefined,
    minimum: number ? input.minimum : undefined,
    maximum: number ? input.maximum : undefined,
    max_length: type === "string" ? input.max_length : undefined,
    choices: type === "choice" ? input.choices : undefined,
  };
  return Object.fromEntries(Object.entries(pick).filter(([, value]) => value !== undefined && value !== null));
}

/** @typedef {"limits" | "choices" | "length" | "whole"} Mistake */

/**
 * What of an input the server could not take.
 * @param {Input} input
 * @returns {Mistake | undefined}
 */
export function mistakeOf(input) {
  const { minimum, maximum, max_length: length, choices, type } = input;
  const numbers = [minimum, maximum].filter((value) => value !== null);
  if (type === "integer" && numbers.some((value) => !Number.isInteger(value))) return "whole";
  if (minimum !== null && maximum !== null && minimum > maximum) return "limits";
  if (length !== null && !(Number.isInteger(length) && length >= 1)) return "length";
  return choices !== null && !choices.length ? "choices" : undefined;
}
