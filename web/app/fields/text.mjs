// @ts-check
// A line of text, or several that grow with what is written, with what is left of the length.
import { el, freshId } from "../parts/dom.mjs";
import { say } from "../parts/words.mjs";

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function textControl({ schema, changed }) {
  const many = schema["x-multiline"] ?? false;
  const limit = schema.maxLength;
  const input = el(many ? "textarea" : "input", { class: "input", autocomplete: "off", oninput: edited });
  if (many) input.rows = 3;
  else input.type = "text";
  const left = el("span", { class: "left", id: freshId("left") });
  if (limit !== undefined) input.setAttribute("aria-describedby", left.id);

  function edited() {
    show();
    changed();
  }
  function show() {
    if (many) grow(input);
    if (limit !== undefined) left.textContent = say("{count} of {limit} characters", { count: input.value.length, limit });
    left.classList.toggle("over", limit !== undefined && input.value.length > limit);
    left.hidden = limit === undefined || input.value.length < limit / 2;
  }
  show();
  return {
    element: el("div", { class: "text" }, input, limit !== undefined && left),
    target: input,
    value: () => (input.value === "" && schema.default === undefined ? undefined : input.value),
    set: (value) => {
      input.value = value === undefined || value === null ? "" : `${value}`;
      show();
    },
    check: () =>
      limit !== undefined && input.value.length > limit ? say("At most {limit} characters.", { limit }) : null,
    wide: many,
  };
}

/** As tall as its text, where the browser does not do so by itself. @param {HTMLTextAreaElement} area */
function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
}
