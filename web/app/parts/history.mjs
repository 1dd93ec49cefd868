// @ts-check
// The runs that were started on this device, as a strip of small pictures.
import { address, ApiError, call } from "./api.mjs";
import { el, fill } from "./dom.mjs";
import { inOrder, mediaOf } from "./gallery.mjs";
import { icon } from "./icons.mjs";
import { moment } from "./numbers.mjs";
import { forgetRun, rememberRun, startedRuns } from "./store.mjs";
import { say } from "./words.mjs";

const SHOWN = 24;

/** @typedef {import("../types.mjs").Run} Run */

export class History {
  /** @param {import("../types.mjs").App} app @param {(run: Run) => void} choose */
  constructor(app, choose) {
    this.app = app;
    this.slug = app.slug;
    this.choose = choose;
    /** @type {Map<string, Run>} newest first */
    this.runs = new Map();
    this.list = el("ul", { class: "strip" });
    this.element = el("section", { class: "history", hidden: true, "aria-labelledby": "history" },
      el("h2", { id: "history" }, say("Runs on this device")), this.list);
    this.current = "";
  }

  /** Asks the server what became of them; what it no longer has is forgotten. */
  async load() {
    const ids = startedRuns(this.slug).slice(0, SHOWN);
    if (!ids.length) return;
    const listed = await call("GET", `v1/runs?app=${encodeURIComponent(this.slug)}&limit=100`).catch(() => ({ runs: [] }));
    const known = new Map(listed.runs.map((/** @type {Run} */ run) => [run.id, run]));
    const runs = await Promise.all(ids.map((id) => known.get(id) ?? this.fetch(id)));
    this.runs = new Map(runs.flatMap((run) => (run && run.status !== "expired" ? [[run.id, run]] : [])));
    this.show();
  }

  /** @param {string} id @returns {Promise<Run | null>} */
  async fetch(id) {
    try {
      return await call("GET", `v1/runs/${id}`);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 410)) forgetRun(this.slug, id);
      return null;
    }
  }

  /** @param {Run} run */
  add(run) {
    const fresh = !this.runs.has(run.id);
    if (fresh) rememberRun(this.slug, run.id);
    this.runs = fresh ? new Map([[run.id, run], ...this.runs]) : this.runs.set(run.id, run);
    this.show();
  }

  /** The newest, running or ended. @returns {Run | undefined} */
  get latest() {
    return this.runs.values().next().value;
  }

  /** The pictures of the nearest earlier run that has some. @param {Run} run */
  picturesBefore(run) {
    const all = [...this.runs.values()];
    const earlier = all.slice(all.findIndex((one) => one.id === run.id) + 1);
    return earlier.map((one) => this.picturesOf(one)).find((items) => items.length) ?? [];
  }

  /** @param {Run} run */
  picturesOf(run) {
    return inOrder(run, this.app).filter((item) => mediaOf(item) === "image");
  }

  /** @param {string} id */
  mark(id) {
    this.current = id;
    this.show();
  }

  show() {
    this.element.hidden = this.runs.size < 2;
    if (this.element.hidden) return;
    const focused = this.list.contains(document.activeElement) && document.activeElement?.getAttribute("data-run");
    fill(this.list, ...[...this.runs.values()].slice(0, SHOWN).map((run) => this.entry(run)));
    if (focused) this.list.querySelector(`[data-run="${focused}"]`)?.focus();
  }

  /** @param {Run} run */
  entry(run) {
    const [image] = this.picturesOf(run);
    const view = image ? el("img", { src: address(image.url), alt: "", loading: "lazy", decoding: "async" }) : icon(ICONS[run.status] ?? "file");
    const name = say("{time}, {state}", { time: moment(run.created_at), state: say(STATES[run.status] ?? run.status) });
    return el("li", {}, el("button", {
      type: "button", class: `past ${run.status}`, "data-run": run.id, "aria-label": name, title: name,
      "aria-current": run.id === this.current ? "true" : null, onclick: () => this.choose(run),
    }, view, el("span", { class: "past-time", "aria-hidden": "true" }, moment(run.created_at))));
  }
}

/** @type {Record<string, string>} */
const ICONS = { queued: "reuse", running: "reuse", canceling: "reuse", failed: "warning", canceled: "close" };
/** @type {Record<string, string>} */
const STATES = { queued: "waiting", running: "running", canceling: "stopping", succeeded: "done", failed: "failed", canceled: "canceled" };
