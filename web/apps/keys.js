// @ts-check
// The sidebar's API keys: list, create, revoke; or how to turn keys on. Loaded on its own it does nothing.
import { say } from "../words.js";
import { call } from "./client.js";
import { confirmDeletion } from "./dialog.js";
import { button, copy, iconButton, make, note, toast, when } from "./dom.js";
import { field, tick } from "./limits.js";

/** @typedef {import("./client.js").Session} Session */

const FIRST_KEY = "python -m lectern keys create --scope admin";
const SETTING = '[apps]\naccess = "keys"';
/** @type {Record<string, string>} */
const SCOPES = {
  run: "Run apps",
  publish: "Publish and change apps",
  admin: "Everything, also keys and everybody's runs",
};

/**
 * @param {Session} session
 * @param {() => void} signedOut
 * @returns {{element: HTMLElement, refresh: () => Promise<void>, stop: () => void}}
 */
export function keysOf(session, signedOut) {
  const element = make("div", { class: "lectern-view" });
  if (session.access !== "keys") {
    element.append(...explanation(session));
    return { element, refresh: async () => {}, stop: () => {} };
  }
  const leave = button(say("Sign out"), signOut, { icon: "sign-out", kind: "plain" });
  const who = make("div", { class: "lectern-line spread" }, make("span", { class: "lectern-hint" }, say("Signed in with the key “{name}”", { name: session.name })), leave);
  const list = make("ul", { class: "lectern-cards" });
  const fresh = make("div", { role: "status" });
  const admin = session.scopes.includes("admin");
  element.append(who, ...(admin ? [fresh, creation(show), list] : [note(say("Only a key with everything allowed can list and make keys."))]));

  async function signOut() {
    await call("DELETE", "/session", { quiet: true });
    signedOut();
  }

  /** @param {any} made */
  function show(made) {
    fresh.replaceChildren(shownOnce(made, () => fresh.replaceChildren()));
    return refresh();
  }

  async function refresh() {
    if (!admin) return;
    const { keys } = await call("GET", "/keys");
    list.replaceChildren(...keys.map((/** @type {any} */ key) => keyRow(key, refresh)));
  }

  return { element, refresh, stop: () => {} };
}

/** @param {Session} session */
function explanation({ access }) {
  const now = access === "open" ? say("Everybody who reaches ComfyUI may use the apps.") : say("Only this machine may use the apps.");
  return [
    note(now),
    note(say("To let others in with API keys, write this into lectern.toml in ComfyUI's folder user/__lectern; it counts at once.")),
    make("pre", { class: "lectern-code" }, SETTING),
    button(say("Copy"), () => copy(SETTING, say("Copied.")), { icon: "copy" }),
    note(say("The first key is made at the command line: {command}", { command: FIRST_KEY })),
  ];
}

/** @param {(made: any) => Promise<void>} made */
function creation(made) {
  const name = make("input", { class: "lectern-input", required: true, maxlength: 100, placeholder: say("What it is for") });
  const apps = make("input", { class: "lectern-input mono", placeholder: say("all") });
  /** @type {Set<string>} */
  const scopes = new Set(["run"]);
  const boxes = Object.entries(SCOPES).map(([scope, text]) => tick(scopes.has(scope), (on) => scopes[on ? "add" : "delete"](scope), say(text)));
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const submit = make("button", { type: "submit", class: "lectern-button primary" }, say("Create"));

  /** @param {Event} event */
  async function onsubmit(event) {
    event.preventDefault();
    problem.textContent = "";
    const chosen = apps.value.split(/[\s,]+/).filter(Boolean);
    try {
      await made(await call("POST", "/keys", { body: { name: name.value.trim(), scopes: [...scopes], apps: chosen.length ? chosen : null } }));
      name.value = "";
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
  }

  const form = make("form", { onsubmit }, field(say("Name"), name), ...boxes, field(say("Only these apps (names in the address)"), apps), problem, submit);
  return make("details", { class: "lectern-options" }, make("summary", {}, say("New key")), form);
}

/**
 * @param {any} made
 * @param {() => void} close
 */
function shownOnce(made, close) {
  const text = make("input", { class: "lectern-input mono", readonly: true, value: made.key, "aria-label": say("API key"), onfocus: () => text.select() });
  return make(
    "div",
    { class: "lectern-fresh" },
    make("b", {}, say("Copy the key now: it is never shown again.")),
    text,
    make("div", { class: "lectern-line" }, button(say("Copy"), () => copy(made.key, say("Key copied.")), { icon: "copy", kind: "primary" }), button(say("Done"), close)),
  );
}

/**
 * @param {any} key
 * @param {() => Promise<void>} changed
 */
function keyRow(key, changed) {
  const parts = [key.scopes.join(", "), key.apps?.join(", "), key.last_used_at ? say("last used {when}", { when: when(key.last_used_at) }) : say("never used")];

  async function revoke() {
    if (!(await confirmDeletion(say("Revoke this key?"), say("Whoever uses “{name}” is shut out at once.", { name: key.name })))) return;
    try {
      await call("DELETE", `/keys/${key.id}`);
      await changed();
    } catch (error) {
      toast("error", /** @type {Error} */ (error).message);
    }
  }

  const state = key.revoked_at ? make("span", { class: "lectern-chip" }, say("revoked")) : iconButton(say("Revoke {name}", { name: key.name }), "trash", revoke);
  const title = make("div", { class: "lectern-card-title" }, make("b", {}, key.name), " ", make("code", {}, `${key.prefix}…`), make("div", { class: "lectern-origin" }, parts.filter(Boolean).join(" · ")));
  return make("li", { class: "lectern-card" }, make("div", { class: "lectern-card-head" }, title, state));
}
