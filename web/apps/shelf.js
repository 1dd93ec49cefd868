// @ts-check
// The sidebar's list of apps, and App Mode workflows that are no apps yet. Loaded on its own it does nothing.
import { say } from "../words.js";
import { cardOf } from "./card.js";
import { call } from "./client.js";
import { button, make, note, toast } from "./dom.js";
import { freeSlug, slugFrom } from "./draft.js";

/** @typedef {import("./client.js").Session} Session */

/**
 * @param {Session} session
 * @returns {{element: HTMLElement, refresh: () => Promise<void>, stop: () => void}}
 */
export function shelfOf(session) {
  const publisher = session.scopes.includes("publish");
  const search = make("input", {
    type: "search",
    class: "lectern-input",
    placeholder: say("Search apps"),
    "aria-label": say("Search apps"),
    oninput: filter,
  });
  const list = make("ul", { class: "lectern-cards" });
  const none = note("");
  const waiting = make("section", {});

  function filter() {
    const words = search.value.trim().toLowerCase();
    const cards = /** @type {HTMLElement[]} */ ([...list.children]);
    for (const card of cards) card.hidden = !`${card.dataset.slug} ${card.textContent}`.toLowerCase().includes(words);
    const shown = cards.some((card) => !card.hidden);
    none.hidden = shown;
    none.textContent = cards.length
      ? say("No app has these words.")
      : say("There is no app yet. Publish the open workflow to make one.");
  }

  async function refresh() {
    const { apps } = await call("GET", "/apps");
    const opened = new Set(
      [...list.querySelectorAll("[aria-expanded=true]")].map((one) => one.closest("li").dataset.slug),
    );
    const keys = session.access === "keys";
    list.replaceChildren(...apps.map((/** @type {any} */ app) => cardOf({ app, keys, publisher, changed: again })));
    for (const card of list.children) if (opened.has(card.dataset.slug)) card.querySelector("[aria-expanded]").click();
    filter();
    if (publisher) await offer(apps);
  }

  function again() {
    refresh().catch((error) => toast("error", error.message));
  }

  /** @param {any[]} apps */
  async function offer(apps) {
    const { workflows } = await call("GET", "/workflows");
    const rows = workflows
      .filter((/** @type {any} */ one) => !one.published)
      .map((/** @type {any} */ one) => waitingRow(one, apps, again));
    waiting.replaceChildren(
      ...(rows.length
        ? [
            make("h3", {}, say("App Mode workflows, not published yet")),
            make("ul", { class: "lectern-cards" }, ...rows),
          ]
        : []),
    );
  }

  return { element: make("div", { class: "lectern-view" }, search, list, none, waiting), refresh, stop: () => {} };
}

/**
 * @param {any} workflow
 * @param {any[]} apps
 * @param {() => void} changed
 */
function waitingRow(workflow, apps, changed) {
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const publish = button(say("Publish"), send, { icon: "send" });

  async function send() {
    publish.disabled = true;
    problem.textContent = "";
    const slug = freeSlug(slugFrom(workflow.title), (one) => apps.some((app) => app.slug === one));
    try {
      await call("PUT", `/apps/${slug}`, { body: { from: workflow.file }, headers: { "If-Match": "0" } });
      changed();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
    publish.disabled = false;
  }

  const title = make(
    "div",
    { class: "lectern-card-title" },
    make("b", {}, workflow.title),
    make("div", { class: "lectern-origin" }, workflow.file),
  );
  return make("li", { class: "lectern-card" }, make("div", { class: "lectern-card-head" }, title, publish), problem);
}
