// @ts-check
// Combos whose choices come from a server: asked now and then, filled without changing a value. One that the server
// lacks, or that cannot be checked while the server is off, stays. Loaded on its own it does nothing.
import { api } from "../../scripts/api.js";
import { holders } from "./graph.js";

const FRESH = 30_000; // milliseconds for which a server is not asked again

/** @typedef {{list: string, fixed: string[]}} Combo  the list that fills it, and what comes first whatever the server has */
/** @typedef {{lists: Record<string, string[]>, note?: string}} Offer */
/** @typedef {{offer: Offer, asked: number, pending: boolean}} Known */

/** @type {WeakMap<any, string[]>} what may be chosen, by widget */
const choices = new WeakMap();

/**
 * The combos of a node's definition that carry a mark of ours.
 * @param {any} definition
 * @param {string} mark  the option that names the list
 * @returns {Map<string, Combo>}
 */
export function combosOf(definition, mark) {
  const inputs = Object.entries({ ...definition.input?.required, ...definition.input?.optional });
  const listed = inputs.filter(([, spec]) => spec[1]?.[mark]);
  return new Map(
    listed.map(([name, [type, options]]) => [
      name,
      { list: options[mark], fixed: Array.isArray(type) ? type : options.options },
    ]),
  );
}

/**
 * Each widget keeps one array of its own for good: Nodes 2.0 opens its menu with the one that it saw first, and the
 * one that a widget is made with belongs to its definition.
 * @param {any} node
 * @param {string} name
 * @param {Combo} combo
 * @param {Offer} offer
 */
export function fillCombo(node, name, combo, offer) {
  const first = combo.fixed.map((one) => one.toLowerCase());
  const offered = (offer.lists[combo.list] ?? []).filter((one) => !first.includes(one.toLowerCase())); // our "none"
  for (const widget of holders(node, name)) {
    if (!widget.options) continue;
    const values = choices.get(widget) ?? [];
    values.splice(0, values.length, ...new Set([...combo.fixed, ...offered, widget.value ?? combo.fixed[0]]));
    widget.options.values = values; // again, since refreshing the definitions puts back theirs
    choices.set(widget, values);
  }
}

/**
 * Calls back after a method of the target, whoever calls that.
 * @param {any} target
 * @param {string} name
 * @param {() => void} then
 */
export function after(target, name, then) {
  const before = target[name];
  target[name] = function (/** @type {any[]} */ ...args) {
    const result = before?.apply(this, args);
    then();
    return result;
  };
}

/**
 * Once for everything that changes in one go.
 * @param {() => void} work
 */
export function soon(work) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      work();
    });
  };
}

/** What servers offer, by name. */
export class Offers {
  /**
   * @param {string} route  of ours
   * @param {string} parameter  that names the server
   * @param {(answer: any) => Offer} read  what the route's answer says
   * @param {() => void} changed  called when an answer is there
   */
  constructor(route, parameter, read, changed) {
    this.route = route;
    this.parameter = parameter;
    this.read = read;
    this.changed = changed;
    /** @type {Map<string, Known>} */
    this.known = new Map();
  }

  /**
   * What is known of a server now; asks it when that is old.
   * @param {string} name
   * @param {boolean} refresh  asks in any case, and has nothing answered from memory
   * @returns {Offer}
   */
  of(name, refresh) {
    const entry = this.known.get(name) ?? { offer: { lists: {} }, asked: -Infinity, pending: false };
    if (!entry.pending && (refresh || performance.now() - entry.asked > FRESH)) {
      Object.assign(entry, { asked: performance.now(), pending: true });
      this.known.set(name, entry);
      void this.#ask(name, refresh).then((offer) => {
        // a server that is gone for a while keeps its lists
        entry.offer = offer.note === undefined ? offer : { ...entry.offer, note: offer.note };
        entry.pending = false;
        this.changed();
      });
    }
    return entry.offer;
  }

  /**
   * @param {string} name
   * @param {boolean} refresh
   * @returns {Promise<Offer>}
   */
  async #ask(name, refresh) {
    // quiet: a server that is off is a note, since the browser would write a failed request on its console
    const query = new URLSearchParams({ [this.parameter]: name, quiet: "1", ...(refresh ? { refresh: "1" } : {}) });
    try {
      const answer = await api.fetchApi(`${this.route}?${query}`);
      return answer.ok ? this.read(await answer.json()) : { lists: {}, note: `ComfyUI answered ${answer.status}.` };
    } catch {
      return { lists: {}, note: "ComfyUI does not answer." };
    }
  }
}
