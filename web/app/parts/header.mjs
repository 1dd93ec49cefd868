// @ts-check
// What stands at the top of every page: the way back, the documentation, language, light or dark, signing out.
import { call, ROOT } from "./api.mjs";
import { askForKey, readSession } from "./door.mjs";
import { el, fill } from "./dom.mjs";
import { icon } from "./icons.mjs";
import { OTHER, say, switchLanguage } from "./words.mjs";

/** @param {"apps" | "app" | "docs"} page */
export function header(page) {
  const current = (/** @type {string} */ one) => (one === page ? "page" : null);
  const nav = el("nav", { "aria-label": say("Pages") },
    el("a", { class: "nav-link", href: ROOT.href, "aria-current": current("apps") }, say("Apps")),
    el("a", { class: "nav-link", href: new URL("docs", ROOT).href, "aria-current": current("docs") }, say("API")));
  const language = el("button", { type: "button", class: "bar-button", lang: OTHER.lang, onclick: switchLanguage }, OTHER.name);
  const tools = el("div", { class: "bar-tools" }, language, themeButton());
  const element = el("header", { class: "top" },
    el("a", { class: "skip", href: "#main" }, say("To the content")),
    el("a", { class: "brand", href: ROOT.href }, "Lectern"), nav, tools);
  addSession(tools);
  return element;
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function themeButton() {
  const button = el("button", { type: "button", class: "icon-button", onclick: () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("lectern:theme", theme);
    show();
  } });
  function show() {
    const name = say(isDark() ? "Light colors" : "Dark colors");
    button.setAttribute("aria-label", name);
    button.title = name;
    fill(button, icon(isDark() ? "sun" : "moon"));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  return button;
}

/** Where keys are asked for: out for who is in, in for who sees the public apps alone. @param {HTMLElement} tools */
async function addSession(tools) {
  const session = await readSession();
  if (session?.access !== "keys") return;
  const leave = async () => { await call("DELETE", "v1/session"); location.reload(); };
  const enter = async () => { await askForKey(); location.reload(); };
  tools.prepend(el("button", { type: "button", class: "bar-button", onclick: session.signed_in ? leave : enter }, say(session.signed_in ? "Sign out" : "Sign in")));
}
