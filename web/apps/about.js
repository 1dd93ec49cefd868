// @ts-check
// What an app is called and allows, in the publish dialog: title, address, description, options. Loaded on its own it
// does nothing.
import { say } from "../words.js";
import { address } from "./client.js";
import { make } from "./dom.js";
import { freeSlug, isSlug, slugFrom } from "./draft.js";
import { field, numberField, tick } from "./limits.js";

/** @typedef {"interactive" | "batch"} Priority */
/** @typedef {{public: boolean, retry: boolean, exclusive: boolean, priority: Priority,
 *   max_seconds: number | null, max_n: number | null, roles?: Record<string, string> | null}} Options */
/** @typedef {{title: string, slug: string, description: string, options: Options}} About */

/** @type {Options} */
const DEFAULTS = {
  public: false,
  retry: true,
  exclusive: false,
  priority: "interactive",
  max_seconds: null,
  max_n: 8,
};

/**
 * @param {{title: string, description: string}} said  by the workflow
 * @param {any} own  the app that this workflow was published as, if it was
 * @param {any[]} apps  all there are
 * @returns {About}
 */
export function aboutOf(said, own, apps) {
  const title = said.title || say("Untitled app");
  const { public: open, retry, exclusive, priority, max_seconds, max_n } = { ...DEFAULTS, ...own?.options };
  return {
    title,
    slug: own?.slug ?? freeSlug(slugFrom(title), (slug) => apps.some((one) => one.slug === slug)),
    description: said.description,
    options: { public: open, retry, exclusive, priority, max_seconds, max_n },
  };
}

/**
 * @param {About} about  kept up to date
 * @param {any} own
 * @param {any[]} apps
 * @returns {{element: HTMLElement, check: () => boolean}}  check: shows what is missing, there
 */
export function aboutForm(about, own, apps) {
  let follows = !own; // the address follows the title until a person writes it
  const taken = (/** @type {string} */ slug) => apps.some((one) => one.slug === slug);
  const title = make("input", {
    class: "lectern-input",
    value: about.title,
    maxlength: 200,
    required: true,
    autofocus: true,
    oninput: retitle,
    onfocus: () => title.select(),
  });
  const slug = make("input", {
    class: "lectern-input mono",
    value: about.slug,
    maxlength: 63,
    spellcheck: "false",
    autocapitalize: "none",
    "aria-describedby": "lectern-slug-note",
    oninput: readdress,
  });
  const told = make("p", { id: "lectern-slug-note", class: "lectern-hint", "aria-live": "polite" });
  const missing = make("p", { class: "lectern-problem", role: "alert" });
  const description = make("textarea", {
    class: "lectern-input",
    rows: 3,
    maxlength: 4000,
    value: about.description,
    oninput: describe,
  });

  function retitle() {
    about.title = title.value.trim();
    missing.textContent = "";
    if (follows) about.slug = slug.value = freeSlug(slugFrom(about.title), taken);
    tell();
  }

  function readdress() {
    follows = false;
    about.slug = slug.value.trim();
    tell();
  }

  function describe() {
    about.description = description.value.trim();
  }

  function tell() {
    const valid = isSlug(about.slug);
    slug.setAttribute("aria-invalid", `${!valid}`);
    told.classList.toggle("wrong", !valid);
    told.textContent = valid
      ? slugNote(about.slug, apps)
      : say("Only a-z, 0-9 and hyphens, at most 63, a letter or digit first.");
  }

  function check() {
    missing.textContent = about.title ? "" : say("The app needs a title.");
    const wrong = about.title ? (isSlug(about.slug) ? null : slug) : title;
    wrong?.focus();
    return !wrong;
  }

  tell();
  const element = make(
    "div",
    { class: "lectern-about" },
    field(say("Title"), title),
    missing,
    field(say("Name in the address"), slug),
    told,
    field(say("Description"), description),
    optionsOf(about.options),
  );
  return { element, check };
}

/**
 * @param {string} slug
 * @param {any[]} apps
 */
function slugNote(slug, apps) {
  const app = apps.find((one) => one.slug === slug);
  if (!app) return say("New: {address}", { address: address(`/lectern/a/${slug}`).replace(/^https?:\/\//, "") });
  return say("Makes version {version} of “{title}”.", { version: Math.max(...app.versions) + 1, title: app.title });
}

/** @param {Options} options */
function optionsOf(options) {
  const set = (/** @type {keyof Options} */ key) => (/** @type {any} */ value) => {
    /** @type {any} */ (options)[key] = value;
  };
  return make(
    "details",
    { class: "lectern-options" },
    make("summary", {}, say("Options")),
    tick(options.public, set("public"), say("Public: where API keys are on, it works without one")),
    tick(options.retry, set("retry"), say("Run again when ComfyUI restarted in the middle")),
    tick(
      options.priority === "batch",
      (/** @type {boolean} */ on) => set("priority")(on ? "batch" : "interactive"),
      say("Batch: its runs let others go first"),
    ),
    tick(options.exclusive, set("exclusive"), say("One run at a time, also where there are many machines")),
    make(
      "div",
      { class: "lectern-pair" },
      field(
        say("Seconds a run may take"),
        numberField(options.max_seconds, set("max_seconds"), {
          min: 1,
          max: 86400,
          step: 1,
          placeholder: say("no limit"),
        }),
      ),
      field(
        say("Takes in one run"),
        numberField(options.max_n, set("max_n"), { min: 1, max: 64, step: 1, placeholder: 8 }),
      ),
    ),
  );
}
