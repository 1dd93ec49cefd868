// @ts-check
// Where results appear: nothing yet, a run on its way, its results, or why there are none.
import { address, call } from "./api.mjs";
import { openComparison } from "./compare.mjs";
import { el, fill } from "./dom.mjs";
import { ENDED, follow } from "./follow.mjs";
import { counterpart, gallery } from "./gallery.mjs";
import { icon } from "./icons.mjs";
import { duration } from "./numbers.mjs";
import { emptyStage, failure, headline, ProgressPanel } from "./progress.mjs";
import { openViewer } from "./viewer.mjs";
import { count, say } from "./words.mjs";
import { labelOf, worded } from "../fields/form.mjs";

/** @typedef {import("../types.mjs").Run} Run */

export class Stage {
  /**
   * @param {import("../types.mjs").App} app
   * @param {import("./history.mjs").History} history
   * @param {(input: Record<string, unknown>) => void} reuse
   */
  constructor(app, history, reuse) {
    this.app = app;
    this.history = history;
    this.reuse = reuse;
    this.status = el("p", { class: "unseen", role: "status" });
    this.place = el("div", { class: "stage-place" }, emptyStage(say("What you make appears here.")));
    this.element = el("section", { class: "stage", "aria-label": say("Result") }, this.status, this.place);
    this.following = new AbortController();
    this.restInView();
  }

  /** Stays in view beside a long form; what is taller than the window comes to rest at its lower end. */
  restInView() {
    const rest = () => this.element.style.setProperty("--rest", `${Math.min(16, innerHeight - this.element.offsetHeight - 16)}px`);
    new ResizeObserver(rest).observe(this.element);
    addEventListener("resize", rest);
  }

  /** Something happens at once, before the server has answered; gives what takes it back. */
  begin() {
    this.following.abort();
    const before = [...this.place.childNodes];
    const panel = new ProgressPanel(null);
    panel.show({ status: "running", progress: null });
    fill(this.place, panel.element);
    return () => fill(this.place, ...before);
  }

  /** A line for screen readers, and in the tab's title. @param {string} text @param {string} [tab] */
  announce(text, tab = text) {
    if (this.status.textContent !== text) this.status.textContent = text;
    document.title = tab ? `${tab} · ${this.app.title}` : `${this.app.title} · Lectern`;
  }

  /** Follows a run to its end, unless another one is shown meanwhile. @param {Run} run */
  async showRun(run) {
    this.following.abort();
    this.following = new AbortController();
    const { signal } = this.following;
    this.history.add(run);
    this.history.mark(run.id);
    try {
      const ended = ENDED.includes(run.status) ? run : await this.watch(run, signal);
      this.history.add(ended);
      this.finish(ended, ended !== run);
    } catch (error) {
      if (signal.aborted) return;
      this.announce("");
      this.complain(error);
    }
  }

  /** @param {Run} run @param {AbortSignal} signal */
  watch(run, signal) {
    const panel = new ProgressPanel(() => call("POST", `v1/runs/${run.id}/cancel`).catch((error) => this.complain(error)));
    fill(this.place, panel.element);
    return follow(run, {
      onRun: (now) => {
        panel.show(now);
        this.announce(headline(now), now.progress ? `${Math.round(now.progress.value * 100)} %` : headline(now));
      },
      onPreview: (picture) => panel.showPreview(picture),
      onConnection: (connected) => panel.connection(connected),
    }, signal);
  }

  /** @param {Run} run @param {boolean} aloud */
  finish(run, aloud) {
    const error = run.status === "succeeded" ? null : (run.error ?? ENDS[run.status] ?? null);
    const done = run.outputs.length ? count(run.outputs.length, "Done: {count} result", "Done: {count} results") : say("Done, without a result");
    this.announce(aloud ? (error ? `${error.title ?? ""} ${error.message || say("Canceled")}`.trim() : done) : "", "");
    fill(this.place,
      error && failure(error),
      run.status === "expired" && failure({ code: "expired", message: say("This run is no longer kept."), title: null }),
      run.outputs.length > 0 && this.results(run),
      !error && !run.outputs.length && emptyStage(done),
      this.facts(run));
  }

  /** @param {Run} run */
  results(run) {
    const pictures = this.history.picturesOf(run);
    const before = this.history.picturesBefore(run);
    const compare = before.length ? (/** @type {number} */ place) => openComparison(counterpart(pictures[place], pictures, before), pictures[place]) : null;
    return gallery(run, this.app, { open: (place) => openViewer(pictures, place), compare });
  }

  /** @param {Run} run */
  facts(run) {
    const again = el("button", { type: "button", class: "small-button", onclick: () => this.reuse(run.input) }, icon("reuse"), say("Use these inputs"));
    const all = run.outputs.length > 1 && el("a", { class: "small-button", href: address(`v1/runs/${run.id}/outputs.zip`), download: "" }, icon("zip"), say("Download all"));
    const took = run.metrics?.execution_ms ? say("took {time}", { time: duration(run.metrics.execution_ms) }) : null;
    const version = this.app.versions.length > 1 ? say("version {version}", { version: run.version }) : null;
    const schemas = this.app.inputs.properties;
    const rows = Object.entries(run.input).flatMap(([name, value]) => [
      el("dt", {}, labelOf(schemas[name], name)), el("dd", {}, worded(value, schemas[name]))]);
    return el("div", { class: "facts" },
      el("div", { class: "facts-line" }, el("p", {}, [took, version].filter(Boolean).join(" · ")), again, all),
      rows.length > 0 && el("details", {}, el("summary", {}, say("Inputs of this run")), el("dl", {}, ...rows)));
  }

  /** @param {any} error */
  complain(error) {
    const unreachable = say("The server cannot be reached. Is it running?");
    const message = error.status === 0 ? unreachable : `${error.message}`;
    const wait = error.retryAfter ? ` ${say("Try again in {time}.", { time: duration(error.retryAfter * 1000) })}` : "";
    fill(this.place, el("div", { class: "notice bad", role: "alert" }, el("h2", {}, say(TITLES[error.code] ?? "This did not work")), el("p", {}, message + wait)));
  }
}

/** What the server says nothing more of: a person canceled, and knows it. @type {Record<string, NonNullable<Run["error"]>>} */
const ENDS = { canceled: { code: "canceled", message: "", title: null } };

/** @type {Record<string, string>} */
const TITLES = {
  invalid_input: "Some inputs do not fit", missing_model: "A model is missing on the server", not_ready: "The server is not ready",
  queue_full: "Too many runs are waiting", rate_limited: "Too many runs at once", run_expired: "This run is no longer kept", run_not_found: "This run is gone",
};
