// @ts-check
// What the publish dialog says once the app is there. Loaded on its own it does nothing.
import { say } from "../words.js";
import { address } from "./client.js";
import { curlOf } from "./curl.js";
import { button, copy, icon, linkButton, make } from "./dom.js";
import { staleList } from "./stale.js";

/**
 * @param {any} app  as the server describes it
 * @param {boolean} keys  whether an API key is needed
 * @param {() => void} close
 * @returns {HTMLElement}
 */
export function publishedView(app, keys, close) {
  const page = address(app.urls.web);
  const link = make("input", {
    class: "lectern-input mono",
    readonly: true,
    value: page,
    "aria-label": say("Address of the app"),
    onfocus: () => link.select(),
  });
  const open = linkButton(say("Open the app"), "external-link", page, "primary");
  open.setAttribute("autofocus", "");
  const curl = curlOf(app, address(app.urls.runs), keys);
  const lacks = app.missing.map((/** @type {any} */ one) => one.name).join(", ");
  return make(
    "div",
    { class: "lectern-published" },
    icon("check-circle"),
    make("h3", {}, say("“{title}” is published", { title: app.title })),
    make(
      "p",
      { class: "lectern-note", role: "status" },
      say("Version {version} is the active one.", { version: app.version }),
    ),
    make(
      "div",
      { class: "lectern-line wide" },
      link,
      button(say("Copy link"), () => copy(page, say("Link copied.")), { icon: "copy" }),
    ),
    make(
      "div",
      { class: "lectern-line" },
      open,
      button(say("Copy curl"), () => copy(curl, say("Command copied.")), { icon: "code" }),
      button(say("Done"), close),
    ),
    lacks &&
      make(
        "p",
        { class: "lectern-warning" },
        icon("exclamation-triangle"),
        say("This ComfyUI lacks for it: {names}", { names: lacks }),
      ),
    app.stale.length ? staleList(app.stale, say("Left out:")) : null,
  );
}
