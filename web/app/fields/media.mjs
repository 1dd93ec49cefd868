// @ts-check
// A picture, a recording or another file: dropped, pasted, chosen or taken with the camera.
import { address } from "../parts/api.mjs";
import { photograph } from "../parts/camera.mjs";
import { el, fill } from "../parts/dom.mjs";
import { isUploaded, refuse, upload, uploadFailure } from "../parts/files.mjs";
import { icon } from "../parts/icons.mjs";
import { fileSize } from "../parts/numbers.mjs";
import { say } from "../parts/words.mjs";

const ICONS = { image: "image", mask: "image", audio: "sound", video: "video", file: "file" };
const INVITATIONS = {
  image: "Drop or paste a picture", mask: "Drop or paste a picture", audio: "Drop a recording", video: "Drop a video", file: "Drop a file",
};

/** @param {import("./frame.mjs").Context} context @returns {import("./frame.mjs").Control} */
export function mediaControl({ schema, label, changed }) {
  const kind = schema["x-media"] ?? "file";
  const picker = el("input", {
    type: "file", class: "hidden-input", tabindex: -1, "aria-hidden": "true", accept: (schema["x-accept"] ?? []).join(","),
    onchange: () => { if (picker.files?.[0]) take(picker.files[0]); picker.value = ""; },
  });
  const choose = button("upload", say("Choose a file"), () => picker.click());
  const camera = kind === "image" && button("camera", say("Camera"), async () => { const photo = await photograph(); if (photo) take(photo); });
  const problem = el("p", { class: "error", role: "alert", hidden: true });
  const invitation = el("div", { class: "invitation" }, icon(ICONS[kind]), el("p", {}, say(INVITATIONS[kind])),
    el("div", { class: "choices" }, choose, camera));
  const preview = el("div", { class: "preview", hidden: true });
  const element = el("div", { class: `media media-${kind}` }, picker, invitation, preview, problem);
  let value = /** @type {unknown} */ (undefined);
  let sending = /** @type {AbortController | null} */ (null);

  /** @param {File} file */
  async function take(file) {
    const refused = refuse(file, schema);
    warn(refused);
    if (refused) return;
    sending?.abort();
    const own = (sending = new AbortController());
    show(file.name, URL.createObjectURL(file), say("Sending…"));
    element.classList.add("sending");
    try {
      const sent = await upload(file, file.name, own.signal);
      value = sent.url;
      element.classList.remove("sending");
      show(file.name, address(sent.url), fileSize(sent.size_bytes));
      changed();
    } catch (error) {
      if (own.signal.aborted) return;
      set(undefined);
      warn(uploadFailure(error));
    } finally {
      if (sending === own) element.classList.remove("sending");
    }
  }
  /** @param {string | null} message */
  function warn(message) {
    problem.hidden = message === null;
    if (message !== null) fill(problem, icon("warning"), message);
  }
  /** @param {string} name @param {string | null} source @param {string} note */
  function show(name, source, note) {
    const caption = el("div", { class: "caption" }, el("span", { class: "name" }, name), el("span", { class: "note" }, note));
    const replace = button("upload", say("Replace"), () => picker.click());
    const remove = button("trash", say("Remove"), () => { sending?.abort(); set(undefined); changed(); choose.focus(); });
    for (const one of [replace, remove]) one.setAttribute("aria-label", `${one.textContent}: ${label}`);
    fill(preview, view(kind, source, label), el("div", { class: "caption-row" }, caption, replace, remove));
    preview.hidden = false;
    invitation.hidden = true;
  }
  /** @param {unknown} given  an address of the server, or the saved default's own name */
  function set(given) {
    value = given;
    warn(null);
    preview.hidden = typeof given !== "string";
    invitation.hidden = !preview.hidden;
    if (isUploaded(given)) show(label, address(given), say("uploaded"));
    else if (typeof given === "string") show(given, null, say("as the app has it"));
  }
  dropping(element, take);
  return {
    element, target: choose, group: true, wide: true, value: () => value, set, take,
    check: () => (element.classList.contains("sending") ? say("The file is still on its way.") : null),
  };
}

/** @param {string} image @param {string} text @param {() => void} onclick */
export function button(image, text, onclick) {
  return el("button", { type: "button", class: "small-button", onclick }, icon(image), text);
}

/** @param {string} kind @param {string | null} src @param {string} label */
function view(kind, src, label) {
  if (src === null) return icon(/** @type {any} */ (ICONS)[kind]);
  if (kind === "image" || kind === "mask") return el("img", { src, alt: say("Chosen picture: {label}", { label }) });
  if (kind === "audio") return el("audio", { src, controls: true, "aria-label": label });
  if (kind === "video") return el("video", { src, controls: true, playsinline: true, "aria-label": label });
  return icon("file");
}

/** @param {HTMLElement} element @param {(file: File) => void} take */
function dropping(element, take) {
  const over = (/** @type {boolean} */ on) => (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    element.classList.toggle("over", on);
  };
  element.addEventListener("dragover", over(true));
  element.addEventListener("dragleave", over(false));
  element.addEventListener("drop", (event) => {
    over(false)(event);
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}
