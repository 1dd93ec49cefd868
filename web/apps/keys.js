// @ts-check
// The sidebar's API keys: list, create, revoke; or how to turn keys on. Loaded on its own it does nothing.
import { say } from "../words.js";
import { call } from "./client.js";
import { confirmDeletion } from "./dialog.js";
import { button, copy, iconButton, make, note, toast, when } from "./dom.js";
import { field, tick } from "./limits.js";

/** @typedef {import("./client.js").Session} Session */

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
  const on = session.access === "keys";
  const admin = session.scopes.includes("admin");
  const list = make("ul", { class: "lectern-cards" });
  const fresh = make("div", { role: "status" });
  const create = creation(on ? "run" : "admin", show);
  const parts = on
    ? [signedIn(session, signedOut), fresh, create, list]
    : [...explanation(session, fresh, create), list];
  const few = [signedIn(session, signedOut), note(say("Only a key with everything allowed can list and make keys."))];

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

  return { element: make("div", { class: "lectern-view" }, ...(admin ? parts : few)), refresh, stop: () => {} };
}

/**
 * @param {Session} session
 * @param {() => void} signedOut
 */
function signedIn(session, signedOut) {
  const who = make("span", { class: "lectern-hint" }, say("Signed in with the key “{name}”", { name: session.name }));
  return make(
    "div",
    { class: "lectern-line spread" },
    who,
    button(say("Sign out"), signOut, { icon: "sign-out", kind: "plain" }),
  );

  async function signOut() {
    try {
      await call("DELETE", "/session", { quiet: true });
    } catch (error) {
      toast("error", /** @type {Error} */ (error).message);
    }
    signedOut();
  }
}

/**
 * How to turn keys on, in two steps: without a first key one would shut oneself out.
 * @param {Session} session
 * @param {HTMLElement} fresh
 * @param {HTMLElement} create
 */
function explanation({ access }, fresh, create) {
  const now =
    access === "open"
      ? say("Everybody who reaches ComfyUI may use the apps.")
      : say("Only this machine may use the apps.");
  return [
    make("p", {}, now),
    note(say("With API keys, others may too. First make a key for yourself that may do everything:")),
    create,
    fresh,
    note(say("Then write this into lectern.toml in ComfyUI's folder user/__lectern. It counts at once.")),
    make("pre", { class: "lectern-code" }, SETTING),
    make(
      "div",
      { class: "lectern-line" },
      button(say("Copy"), () => copy(SETTING, say("Copied.")), { icon: "copy" }),
    ),
  ];
}

/**
 * @param {string} scope  that is ticked
 * @param {(made: any) => Promise<void>} made
 * @returns {HTMLElement}
 */
function creation(scope, made) {
  const name = make("input", {
    class: "lectern-input",
    required: true,
    maxlength: 100,
    placeholder: say("What it is for"),
  });
  const apps = make("input", { class: "lectern-input mono", placeholder: say("all") });
  /** @type {Set<string>} */
  const scopes = new Set([scope]);
  const boxes = Object.entries(SCOPES).map(([one, text]) =>
    tick(scopes.has(one), (on) => scopes[on ? "add" : "delete"](one), say(text)),
  );
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const submit = make("button", { type: "submit", class: "lectern-button primary" }, say("Create"));

  /** @param {Event} event */
  async function onsubmit(event) {
    event.preventDefault();
    problem.textContent = "";
    const chosen = apps.value.split(/[\s,]+/).filter(Boolean);
    try {
      await made(
        await call("POST", "/keys", {
          body: { name: name.value.trim(), scopes: [...scopes], apps: chosen.length ? chosen : null },
        }),
      );
      name.value = "";
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
  }

  const form = make(
    "form",
    { onsubmit },
    field(say("Name"), name),
    ...boxes,
    field(say("Only these apps (names in the address)"), apps),
    problem,
    submit,
  );
  return make("details", { class: "lectern-options" }, make("summary", {}, say("New key")), form);
}

/**
 * @param {any} made
 * @param {() => void} close
 */
function shownOnce(made, close) {
  const text = make("input", {
    class: "lectern-input mono",
    readonly: true,
    value: made.key,
    "aria-label": say("API key"),
    onfocus: () => text.select(),
  });
  return make(
    "div",
    { class: "lectern-fresh" },
    make("b", {}, say("Copy the key now: it is never shown again.")),
    text,
    make(
      "div",
      { class: "lectern-line" },
      button(say("Copy"), () => copy(made.key, say("Key copied.")), { icon: "copy", kind: "primary" }),
      button(say("Done"), close),
    ),
  );
}

/**
 * @param {any} key
 * @param {() => Promise<void>} changed
 */
function keyRow(key, changed) {
  const parts = [
    key.scopes.join(", "),
    key.apps?.join(", "),
    key.last_used_at ? say("last used {when}", { when: when(key.last_used_at) }) : say("never used"),
  ];

  async function revoke() {
    if (
      !(await confirmDeletion(
        say("Revoke this key?"),
        say("Whoever uses “{name}” is shut out at once.", { name: key.name }),
      ))
    )
      return;
    try {
      await call("DELETE", `/keys/${key.id}`);
      await changed();
    } catch (error) {
      toast("error", /** @type {Error} */ (error).message);
    }
  }

  const state = key.revoked_at
    ? make("span", { class: "lectern-chip" }, say("revoked"))
    : iconButton(say("Revoke {name}", { name: key.name }), "trash", revoke);
  const title = make(
    "div",
    { class: "lectern-card-title" },
    make("b", {}, key.name),
    " ",
    make("code", {}, `${key.prefix}…`),
    make("div", { class: "lectern-origin" }, parts.filter(Boolean).join(" · ")),
  );
  return make("li", { class: "lectern-card" }, make("div", { class: "lectern-card-head" }, title, state));
}
