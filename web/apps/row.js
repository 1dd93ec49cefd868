// @ts-check
// One input of the publish dialog: on the form with a handle, a name and its settings, or offered with a tick. Loaded
// on its own it does nothing.
import { findNode } from "../graph.js";
import { say } from "../words.js";
import { iconButton, make } from "./dom.js";
import { mistakeOf, nameFrom } from "./draft.js";
import { settingsOf } from "./limits.js";
import { movable } from "./reorder.js";

/** @typedef {import("./draft.js").Input} Input */

const SHOWN = 60; // characters of a value

/** @type {Record<string, string>} */
const TYPES = {
  string: "Text",
  integer: "Whole number",
  number: "Number",
  boolean: "Switch",
  choice: "Choice",
  file: "File",
};
/** @type {Record<string, string>} */
const MEDIA = { image: "Picture", mask: "Picture", audio: "Sound", video: "Video" };
const MISTAKES = {
  whole: "Limits of a whole number are whole numbers.",
  limits: "The lowest value is above the highest.",
  length: "The most characters must be a whole number from 1.",
  choices: "Tick at least one choice.",
};

/** @param {Input} input */
export function mistakeText(input) {
  const mistake = mistakeOf(input);
  return mistake ? say(MISTAKES[mistake]) : "";
}

/**
 * Where it comes from: node and widget.
 * @param {Input} input
 */
function origin(input) {
  const title = findNode(input.node_id)?.title;
  return `${!title || title === input.label ? input.class_type : title} · ${input.widget}`;
}

/** @param {Input} input */
function currentText(input) {
  const text = `${input.current ?? ""}`.replace(/\s+/g, " ").trim();
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/**
 * @param {Input} input
 * @param {{drop: () => void, moved: () => void, changed: () => void}} then
 * @returns {HTMLElement}
 */
export function pickedRow(input, then) {
  const box = make("input", { type: "checkbox", onchange: then.drop });
  box.checked = true;
  const title = make("input", {
    class: "lectern-input title",
    value: input.label,
    maxlength: 200,
    "aria-label": say("Label"),
    oninput,
  });
  const handle = iconButton("", "bars", () => {}, { class: "lectern-icon-button handle" });
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const changed = () => {
    problem.textContent = mistakeText(input);
    then.changed();
  };
  const settings = settingsOf(input, changed);
  settings.hidden = true;
  const more = iconButton("", "cog", toggle, { "aria-expanded": "false" });
  const type = make("span", { class: "lectern-chip" }, say(MEDIA[input.media ?? ""] ?? TYPES[input.type] ?? "Text"));
  const about = make("span", { class: "lectern-origin", title: currentText(input) }, origin(input));
  const head = make("div", { class: "lectern-row-head" }, handle, box, title, about, type, more);
  const row = make("li", { class: "lectern-row" }, head, settings, problem);
  movable(row, handle, then.moved);
  name();

  function name() {
    const { label } = input;
    box.setAttribute("aria-label", say("On the form: {label}", { label }));
    handle.title = handle.ariaLabel = say("Move {label}: drag, or press arrow up or down", { label });
    more.title = more.ariaLabel = say("Settings of {label}", { label });
  }

  function toggle() {
    settings.hidden = !settings.hidden;
    more.setAttribute("aria-expanded", `${!settings.hidden}`);
  }

  function oninput() {
    input.label = title.value;
    if (!input.kept) {
      input.name = nameFrom(title.value) || input.widget;
      settings.querySelector("[data-name]").value = input.name;
    }
    name();
    changed();
  }

  return row;
}

/**
 * @param {Input} input
 * @param {() => void} add
 * @returns {HTMLElement}
 */
export function offeredRow(input, add) {
  const box = make("input", { type: "checkbox", onchange: add });
  const text = make("span", { class: "lectern-offered-name" }, input.label);
  const value = make(
    "span",
    { class: "lectern-origin" },
    [origin(input), currentText(input)].filter(Boolean).join(" · "),
  );
  return make("li", { class: "lectern-offered" }, make("label", { class: "lectern-tick" }, box, text, value));
}
