// @ts-check
// The inputs in the publish dialog: those on the form in their order, and whatever else could be. Loaded on its own it
// does nothing.
import { say } from "../words.js";
import { make, note } from "./dom.js";
import { GROUPS } from "./draft.js";
import { offeredRow, pickedRow } from "./row.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Input} Input */

const FEW = 12; // offers that need no search
/** @type {Record<string, string>} */
const HEADINGS = { prompt: "Texts", image: "Pictures and files", seed: "Seeds", size: "Sizes", settings: "Settings" };

/**
 * @param {Draft} draft
 * @param {() => void} changed
 * @returns {HTMLElement}
 */
export function inputsOf(draft, changed) {
  const form = make("ol", { class: "lectern-rows" });
  const empty = note(say("Nothing is on the form: the app runs as it was saved."));
  const count = make("span", { class: "lectern-count" });
  const offers = make("div", {});
  const spoken = make("p", { class: "lectern-offstage", "aria-live": "polite" });
  const search = make("input", {
    type: "search",
    class: "lectern-input",
    placeholder: say("Search inputs"),
    "aria-label": say("Search inputs"),
    oninput: filter,
  });
  /** @type {Map<Element, Input>} */
  const inputs = new Map();
  /** @type {Set<string>} groups that are open */
  const open = new Set(draft.source === "proposed" ? ["prompt", "image", "seed", "size"] : []);

  function touch() {
    draft.touched = true;
    changed();
  }

  /** The order of the rows is the order of the inputs. */
  function order() {
    const rows = /** @type {Input[]} */ ([...form.children].map((row) => inputs.get(row)));
    const moved = rows.some((one, index) => one !== draft.inputs.filter((input) => input.picked)[index]);
    draft.inputs = [...rows, ...draft.inputs.filter((one) => !rows.includes(one))];
    if (moved) touch();
  }

  /** @param {Input} input */
  function place(input) {
    const row = pickedRow(input, { drop: () => drop(input, row), moved: () => moved(input, row), changed: touch });
    inputs.set(row, input);
    form.append(row);
    return row;
  }

  /**
   * @param {Input} input
   * @param {HTMLElement} row
   */
  function moved(input, row) {
    order();
    spoken.textContent = say("{label}: place {place} of {count}", {
      label: input.label,
      place: [...form.children].indexOf(row) + 1,
      count: form.children.length,
    });
  }

  /**
   * @param {Input} input
   * @param {HTMLElement} row
   */
  function drop(input, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    input.picked = false;
    row.remove();
    order();
    touch();
    offer();
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("input[type=checkbox]"))?.focus();
  }

  /** @param {Input} input */
  function add(input) {
    input.picked = true;
    const row = place(input);
    order();
    touch();
    offer();
    row.scrollIntoView({ block: "nearest" });
    /** @type {HTMLElement | null} */ (row.querySelector("input[type=checkbox]"))?.focus({ preventScroll: true });
    spoken.textContent = say("{label} is on the form.", { label: input.label });
  }

  function filter() {
    const words = search.value.trim().toLowerCase();
    for (const group of offers.querySelectorAll("details")) {
      const rows = /** @type {HTMLElement[]} */ ([...group.querySelectorAll("li")]);
      for (const row of rows) row.hidden = !row.textContent?.toLowerCase().includes(words);
      group.hidden = rows.every((row) => row.hidden);
      group.open = words !== "" || open.has(group.dataset.group ?? "");
    }
  }

  /** @param {string} name */
  function groupOf(name) {
    const rest = draft.inputs.filter((one) => !one.picked && one.group === name);
    if (!rest.length) return null;
    const ontoggle = (/** @type {any} */ event) => {
      if (!search.value) open[event.target.open ? "add" : "delete"](name);
    };
    const summary = make(
      "summary",
      {},
      say(HEADINGS[name]),
      make("span", { class: "lectern-count" }, `${rest.length}`),
    );
    const rows = rest.map((input) => offeredRow(input, () => add(input)));
    return make(
      "details",
      { "data-group": name, ontoggle, open: open.has(name) },
      summary,
      make("ul", { class: "lectern-offers" }, ...rows),
    );
  }

  function offer() {
    const groups = GROUPS.map(groupOf).filter((group) => group !== null);
    offers.replaceChildren(...groups);
    const rest = draft.inputs.filter((one) => !one.picked).length;
    more.hidden = !rest;
    search.hidden = rest <= FEW;
    empty.hidden = form.children.length > 0;
    count.textContent = `${form.children.length}`;
    filter();
  }

  const more = make(
    "section",
    {},
    make("div", { class: "lectern-heading" }, make("h4", {}, say("More that could be inputs")), search),
    offers,
  );
  for (const input of draft.inputs.filter((one) => one.picked)) place(input);
  offer();
  return make(
    "div",
    {},
    make("div", { class: "lectern-heading" }, make("h3", {}, say("Inputs")), count),
    empty,
    form,
    spoken,
    more,
  );
}
