// @ts-check
// An app: its form on one side, what comes of it on the other.
import { Form } from "../fields/form.mjs";
import { ApiError } from "./api.mjs";
import { copyText } from "./clipboard.mjs";
import { el, fill, freshId, scrollBehavior } from "./dom.mjs";
import { ENDED } from "./follow.mjs";
import { History } from "./history.mjs";
import { icon } from "./icons.mjs";
import { linkedInputs, sharedLink } from "./share.mjs";
import { Stage } from "./stage.mjs";
import { readDraft, writeDraft } from "./store.mjs";
import { startRun } from "./submit.mjs";
import { say } from "./words.mjs";

const WIDE = "(min-width: 60rem)"; // as in form.css: from here on form and results stand side by side

export class AppPage {
  /** @param {import("../types.mjs").App} app @param {HTMLElement} main */
  constructor(app, main) {
    this.app = app;
    document.title = `${app.title} · Lectern`;
    this.form = new Form(app.inputs, () => writeDraft(app.slug, this.form.values()));
    this.history = new History(app, (run) => this.stage.showRun(run));
    this.stage = new Stage(app, this.history, (input) => this.reuse(input));
    this.note = el("p", { class: "form-note", role: "status" });
    this.takes = this.takesControl();
    this.button = el("button", { class: "button run", "aria-keyshortcuts": "Control+Enter" }, say("Run"), el("kbd", { "aria-hidden": "true" }, "Ctrl ↵"));
    const form = el("form", { novalidate: true, autocomplete: "off", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.run(); } },
      this.form.element, this.note, el("div", { class: "run-bar" }, this.takes?.element, this.button), this.extras());
    const about = el("div", { class: "about" }, el("h1", {}, app.title), app.description && el("p", { class: "lead" }, app.description), this.versions(), this.warnings());
    this.stage.element.append(this.history.element);
    fill(main, el("section", { class: "inputs", "aria-label": say("Inputs") }, about, form), this.stage.element);
    addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) this.run();
    });
    this.busy = false;
  }

  /** Fills the form from the link or the draft, and goes on with what was running when the page was left. */
  async open() {
    const linked = linkedInputs();
    this.form.set(linked ?? readDraft(this.app.slug));
    if (linked) this.tell(say("Filled in from the link."));
    await this.history.load();
    const { latest } = this.history;
    if (latest && !this.busy) await (ENDED.includes(latest.status) ? this.stage.showRun(latest) : this.follow(latest));
  }

  async run() {
    if (this.busy) return;
    this.tell("");
    if (!this.form.check()) return this.tell(say("Some inputs need a look."), true);
    this.working(true);
    const takeBack = this.stage.begin();
    this.reveal(this.stage.element);
    try {
      await this.follow(await startRun(this.app, this.form.values(), this.takes?.value() ?? 1));
    } catch (error) {
      this.refused(error, takeBack);
    } finally {
      this.working(false);
    }
  }

  /** @param {import("../types.mjs").Run} run */
  async follow(run) {
    this.working(true);
    this.reveal(this.stage.element);
    await this.stage.showRun(run);
    this.working(false);
  }

  /** @param {unknown} error @param {() => void} takeBack */
  refused(error, takeBack) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 422 || !Array.isArray(error.details)) {
      this.stage.complain(error);
      return this.reveal(this.stage.element);
    }
    takeBack();
    const others = this.form.complain(error.details);
    this.tell(others.length ? others.join(" ") : say("Some inputs need a look."), true);
  }

  /** @param {boolean} on */
  working(on) {
    this.busy = on;
    this.button.setAttribute("aria-disabled", `${on}`);
    this.button.firstChild.textContent = say(on ? "Running…" : "Run");
  }

  /** @param {string} text @param {boolean} [bad] */
  tell(text, bad = false) {
    this.note.classList.toggle("bad", bad);
    this.note.textContent = text;
  }

  /** On a narrow screen the results are below the form. @param {HTMLElement} element */
  reveal(element) {
    if (!matchMedia(WIDE).matches) element.scrollIntoView({ behavior: scrollBehavior(), block: "start" });
  }

  /** @param {Record<string, unknown>} input @param {string} [told] */
  reuse(input, told = say("Filled in from that run.")) {
    this.form.set(input);
    writeDraft(this.app.slug, this.form.values());
    this.tell(told);
    this.reveal(this.form.element);
  }

  extras() {
    const link = el("button", { type: "button", class: "small-button", "aria-label": say("Copy link with these inputs"), onclick: () => this.share() }, icon("link"), say("Copy link"));
    const reset = el("button", { type: "button", class: "small-button", onclick: () => this.reuse({}, say("Everything is as the app has it.")) }, icon("undo"), say("Start over"));
    return el("div", { class: "extras" }, link, reset);
  }

  async share() {
    const link = sharedLink(this.form.values(), this.app.inputs.properties);
    if (!link) return this.tell(say("These inputs are too long for a link."), true);
    await copyText(link);
    this.tell(say("The link is copied."));
  }

  versions() {
    const { versions, version, active_version } = this.app;
    if (versions.length < 2) return null;
    const id = freshId("version");
    const current = active_version ?? Math.max(...versions);
    const options = [...versions].sort((a, b) => b - a).map((one) =>
      el("option", { value: one, selected: one === version }, one === current ? say("Version {version} (current)", { version: one }) : say("Version {version}", { version: one })));
    const select = el("select", { class: "input", id, onchange: () => {
      const url = new URL(location.href);
      url.searchParams.set("version", select.value);
      location.assign(url);
    } }, ...options);
    return el("div", { class: "version" }, el("label", { class: "unseen", for: id }, say("Version")), el("div", { class: "select" }, select));
  }

  /** How many at once, where the app lets one ask for several. */
  takesControl() {
    const most = this.app.options.max_n;
    if (!(most > 1)) return null;
    const id = freshId("takes");
    const select = el("select", { class: "input", id }, ...Array.from({ length: most }, (_, place) => el("option", { value: place + 1 }, `× ${place + 1}`)));
    const element = el("div", { class: "takes" }, el("label", { class: "unseen", for: id }, say("How many")), el("div", { class: "select" }, select));
    return { element, value: () => Number(select.value) };
  }

  warnings() {
    const { missing, stale } = this.app;
    const lines = [
      ...missing.map(({ kind, name }) => say(kind === "model" ? "The server lacks the model {name}." : "The server lacks the node {name}.", { name })),
      ...stale.map(({ name }) => say("The input {name} no longer exists in the workflow.", { name })),
    ];
    return lines.length > 0 && el("ul", { class: missing.length ? "warnings bad" : "warnings" }, ...lines.map((line) => el("li", {}, icon("warning"), line)));
  }
}
