// @ts-check
// A long list with a search, after the ARIA pattern "editable combobox with list autocomplete".
import { el, fill, freshId } from "../parts/dom.mjs";
import { say } from "../parts/words.mjs";

/**
 * @param {import("./frame.mjs").Context} context
 * @param {unknown[]} choices
 * @param {string[]} labels
 * @returns {import("./frame.mjs").Control}
 */
export function combobox({ changed }, choices, labels) {
  const list = el("ul", { class: "options", role: "listbox", id: freshId("list"), hidden: true, "aria-label": say("Choices") });
  const input = el("input", {
    class: "input", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id, oninput: () => open(input.value), onkeydown: pressed,
    onclick: () => open(""), onblur: () => close(),
  });
  let chosen = -1; // place in choices
  let shown = /** @type {number[]} */ ([]); // places that fit what was typed
  let active = -1; // place in shown

  /** @param {string} typed */
  function open(typed) {
    const words = typed.toLowerCase().split(/\s+/);
    shown = labels.flatMap((label, place) => (words.every((word) => label.toLowerCase().includes(word)) ? [place] : []));
    active = typed ? 0 : shown.indexOf(chosen);
    fill(list, ...shown.map(option), !shown.length && el("li", { class: "none" }, say("Nothing fits.")));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark();
  }
  /** @param {number} place */
  function option(place) {
    const attributes = { role: "option", id: `${list.id}-${place}`, "aria-selected": `${place === chosen}` };
    // pointerdown comes before the blur that closes the list
    return el("li", { ...attributes, onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); choose(place); } }, labels[place]);
  }
  function mark() {
    [...list.children].forEach((item, place) => item.classList.toggle("active", place === active));
    const item = active < 0 ? null : list.children[active];
    if (shown.length && item) input.setAttribute("aria-activedescendant", item.id);
    else input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }
  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    input.value = labels[chosen] ?? "";
  }
  /** @param {number} place */
  function choose(place) {
    chosen = place;
    close();
    changed();
  }
  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const closed = list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (closed) open("");
      else active = (active + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % (shown.length || 1);
      mark();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !closed && active >= 0 && shown.length) {
      choose(shown[active]);
    } else if (event.key === "Escape" && !closed) close();
    else return;
    event.preventDefault();
  }
  return {
    element: el("div", { class: "combobox" }, input, list),
    target: input,
    value: () => choices[chosen],
    set: (value) => {
      chosen = choices.indexOf(value);
      close();
    },
  };
}
