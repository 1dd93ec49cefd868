// @ts-check
// The sidebar tab: apps, runs and keys, as far as one may. Asks nothing while it is closed. Loaded on its own it does
// nothing.
import { say } from "../words.js";
import { session as readSession } from "./client.js";
import { button, dress, iconButton, make, note } from "./dom.js";
import { keysOf } from "./keys.js";
import { publishThis } from "./publish.js";
import { runsOf } from "./runs.js";
import { shelfOf } from "./shelf.js";
import { onSignedIn, signIn } from "./signin.js";
import { onPublished } from "./workflow.js";

/** @typedef {{element: HTMLElement, refresh: () => Promise<void>, stop: () => void}} View */

/** @type {Record<string, string>} */
const TABS = { apps: "Apps", runs: "Runs", keys: "Keys" };
let chosen = "apps"; // as it was when the sidebar was closed

/**
 * @param {HTMLElement} container
 * @returns {() => void}  takes it away
 */
export function mountSidebar(container) {
  dress();
  const body = make("div", { class: "lectern-sidebar-body", role: "tabpanel", id: "lectern-panel", tabindex: -1 });
  const tabs = Object.entries(TABS).map(([name, text]) => tabOf(name, say(text), () => choose(name)));
  const header = make(
    "header",
    {},
    make(
      "div",
      { class: "lectern-line spread" },
      make("h2", {}, say("Lectern apps")),
      iconButton(say("Refresh"), "refresh", () => show()),
    ),
    button(say("Publish this workflow"), publishThis, { kind: "primary", icon: "send" }),
    make(
      "div",
      { class: "lectern-tabs", role: "tablist", "aria-label": say("Lectern apps"), onkeydown: walk },
      ...tabs,
    ),
  );
  const root = make("section", { class: "lectern-sidebar" }, header, body);
  container.append(root);
  const forget = [onSignedIn(() => show()), onPublished(() => chosen === "apps" && view?.refresh().catch(fail))];
  /** @type {View | undefined} */
  let view;
  let asked = 0; // only the newest answer is shown

  /** @param {string} name */
  function choose(name) {
    chosen = name;
    void show();
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.stopPropagation();
    const next = tabs[(tabs.findIndex((one) => one.dataset.tab === chosen) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  async function show() {
    const mine = (asked += 1);
    view?.stop();
    view = undefined;
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", `${tab.dataset.tab === chosen}`);
      tab.tabIndex = tab.dataset.tab === chosen ? 0 : -1;
    }
    try {
      const session = await readSession();
      if (mine !== asked) return;
      if (!session.signed_in && session.access === "keys") {
        body.replaceChildren(
          note(say("These apps ask for an API key.")),
          button(say("Sign in"), signIn, { kind: "primary", icon: "key" }),
        );
        return;
      }
      view = viewOf(chosen, session, show);
      const made = view;
      await made.refresh();
      if (mine === asked) body.replaceChildren(made.element);
    } catch (error) {
      if (mine === asked) fail(/** @type {Error} */ (error));
    }
  }

  /** @param {Error} error */
  function fail(error) {
    body.replaceChildren(
      make("p", { class: "lectern-problem", role: "alert" }, error.message),
      button(say("Try again"), () => show()),
    );
  }

  void show();
  return () => {
    asked += 1;
    view?.stop();
    for (const end of forget) end();
    root.remove();
  };
}

/**
 * @param {string} name
 * @param {import("./client.js").Session} session
 * @param {() => void} changed  who one is
 * @returns {View}
 */
function viewOf(name, session, changed) {
  if (name === "runs") return runsOf();
  return name === "keys" ? keysOf(session, changed) : shelfOf(session);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {() => void} choose
 */
function tabOf(name, text, choose) {
  return make(
    "button",
    { type: "button", role: "tab", "data-tab": name, "aria-controls": "lectern-panel", onclick: choose },
    text,
  );
}
