// @ts-check
// Which part of a picture is to be changed: painted over it, or a file. White is what changes.
import { address } from "../parts/api.mjs";
import { el, fill } from "../parts/dom.mjs";
import { isUploaded, upload, uploadFailure } from "../parts/files.mjs";
import { icon } from "../parts/icons.mjs";
import { paintMask } from "../parts/painter.mjs";
import { say } from "../parts/words.mjs";
import { button } from "./media.mjs";

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function maskControl({ schema, label, changed, sibling }) {
  const source = /** @type {string} */ (schema["x-mask-of"]);
  const paint = button("paint", say("Paint over the picture"), start);
  const clear = button("trash", say("Remove"), () => { set(undefined); changed(); paint.focus(); });
  clear.setAttribute("aria-label", `${say("Remove")}: ${label}`);
  const hint = el("p", { class: "hint" });
  const layers = el("div", { class: "layers" });
  const problem = el("p", { class: "error", role: "alert", hidden: true });
  const element = el("div", { class: "media mask" }, layers, el("div", { class: "choices" }, paint, clear), hint, problem);
  let value = /** @type {unknown} */ (undefined);
  let picture = /** @type {unknown} */ (undefined); // what the mask was painted over

  const current = () => sibling(source)?.control.value();

  async function start() {
    const over = current();
    if (!isUploaded(over)) return;
    const painted = await paintMask(address(over), isUploaded(value) ? address(value) : null);
    if (painted === null) return;
    problem.hidden = true;
    try {
      set(painted === "empty" ? undefined : (await upload(painted, "mask.png")).url);
    } catch (error) {
      fill(problem, icon("warning"), uploadFailure(error));
      problem.hidden = false;
    }
    changed();
    paint.focus();
  }
  /** @param {unknown} given */
  function set(given) {
    value = given;
    picture = current();
    show();
  }
  function show() {
    const over = current();
    const ready = isUploaded(over);
    paint.disabled = !ready;
    clear.hidden = !isUploaded(value);
    hint.textContent = ready ? say("Nothing painted: the whole picture may change.")
      : say(over === undefined ? "Add the picture first." : "To paint, replace the app's picture by one of yours.");
    hint.hidden = ready && value !== undefined;
    layers.hidden = !ready || !isUploaded(value);
    if (!layers.hidden) {
      const parts = [el("img", { src: address(/** @type {string} */ (over)), alt: "" }),
        el("img", { src: address(/** @type {string} */ (value)), alt: say("The painted part is what changes."), class: "mask-layer" })];
      fill(layers, ...parts);
    }
  }
  /** Another picture has another shape: what was painted over the last one is worth nothing. */
  function follow() {
    if (value !== undefined && current() !== picture) value = undefined;
    show();
  }
  document.addEventListener("lectern:changed", follow);
  return { element, target: paint, group: true, wide: true, value: () => value, set };
}
