// @ts-check
// One app in the sidebar: open, copy, versions, export, delete. Loaded on its own it does nothing.
import { say } from "../words.js";
import { address, call } from "./client.js";
import { curlOf } from "./curl.js";
import { confirmDeletion } from "./dialog.js";
import { button, copy, download, icon, iconButton, make, toast, when } from "./dom.js";

/** @typedef {{app: any, keys: boolean, publisher: boolean, changed: () => void}} Context */

/**
 * @param {Context} context
 * @returns {HTMLElement}
 */
export function cardOf(context) {
  const { app, keys } = context;
  const page = address(app.urls.web);
  const more = make("div", { class: "lectern-card-more", hidden: true });
  const toggle = iconButton(say("Versions and more"), "ellipsis-h", open, { "aria-expanded": "false" });

  function open() {
    more.hidden = !more.hidden;
    toggle.setAttribute("aria-expanded", `${!more.hidden}`);
    if (!more.hidden) void showMore(more, context);
  }

  const tools = make(
    "div",
    { class: "lectern-tools" },
    make(
      "a",
      {
        class: "lectern-icon-button",
        href: page,
        target: "_blank",
        rel: "noopener",
        title: say("Open the app"),
        "aria-label": say("Open the app"),
      },
      icon("external-link"),
    ),
    iconButton(say("Copy link"), "link", () => copy(page, say("Link copied."))),
    iconButton(say("Copy curl"), "code", () => copy(curlOf(app, address(app.urls.runs), keys), say("Command copied."))),
    toggle,
  );
  return make(
    "li",
    { class: "lectern-card", "data-slug": app.slug },
    make("div", { class: "lectern-card-head" }, thumbnail(app), titleOf(app, page), tools),
    app.missing.length ? lacking(app) : null,
    more,
  );
}

/** @param {any} app */
function thumbnail(app) {
  const picture = app.picture && make("img", { src: address(app.picture), alt: "", loading: "lazy" });
  return make("div", { class: "lectern-thumbnail" }, picture || icon("image"));
}

/**
 * @param {any} app
 * @param {string} page
 */
function titleOf(app, page) {
  const parts = [say("Version {version}", { version: app.version })];
  if (app.source === "bundled") parts.push(say("comes with Lectern"));
  if (app.options.public) parts.push(say("public"));
  return make(
    "div",
    { class: "lectern-card-title" },
    make("a", { href: page, target: "_blank", rel: "noopener", title: app.description || app.title }, app.title),
    make("div", { class: "lectern-origin" }, parts.join(" · ")),
  );
}

/** @param {any} app */
function lacking(app) {
  const names = app.missing.map((/** @type {any} */ one) => one.name).join(", ");
  return make(
    "p",
    { class: "lectern-warning small" },
    icon("exclamation-triangle"),
    say("This ComfyUI lacks for it: {names}", { names }),
  );
}

/**
 * @param {HTMLElement} more
 * @param {Context} context
 */
async function showMore(more, context) {
  const { app, publisher } = context;
  try {
    const { versions } = await call("GET", `/apps/${app.slug}/versions`);
    const lines = versions.map((/** @type {any} */ version) => versionLine(version, context));
    const own = versions.some((/** @type {any} */ version) => version.source !== "bundled");
    const tools = make(
      "div",
      { class: "lectern-line" },
      publisher && button(say("Export"), () => attempt(() => exportApp(app)), { icon: "download" }),
      publisher &&
        own &&
        button(say("Delete"), () => attempt(() => remove(context)), { icon: "trash", kind: "danger" }),
    );
    more.replaceChildren(make("ul", { class: "lectern-versions" }, ...lines), tools);
  } catch (error) {
    more.replaceChildren(make("p", { class: "lectern-problem", role: "alert" }, /** @type {Error} */ (error).message));
  }
}

/**
 * @param {any} version
 * @param {Context} context
 */
function versionLine(version, { app, publisher, changed }) {
  const text = [say("Version {version}", { version: version.version }), version.created_at && when(version.created_at)];
  const activate = () =>
    attempt(async () => {
      await call("POST", `/apps/${app.slug}/versions/${version.version}/activate`);
      changed();
    });
  const state = version.active ? make("span", { class: "lectern-chip good" }, say("active")) : null;
  const may = publisher && !version.active && version.source !== "bundled";
  return make(
    "li",
    {},
    make("span", {}, text.filter(Boolean).join(" · ")),
    state,
    may && button(say("Activate"), activate, { kind: "plain" }),
  );
}

/** @param {any} app */
async function exportApp(app) {
  const document = await call("GET", `/apps/${app.slug}/export`);
  download(JSON.stringify(document, null, 2), `${app.slug}.lectern.json`);
}

/** @param {Context} context */
async function remove({ app, changed }) {
  const message = say("The app “{title}” and all its versions are deleted. Its runs stay.", { title: app.title });
  if (!(await confirmDeletion(say("Delete this app?"), message))) return;
  await call("DELETE", `/apps/${app.slug}`);
  toast("success", say("“{title}” is deleted.", { title: app.title }));
  changed();
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    toast("error", /** @type {Error} */ (error).message);
  }
}
