// @ts-check
// A run on its way: where it stands, which node works, how far, and what the picture looks like so far.
import { el, fill } from "./dom.mjs";
import { say } from "./words.mjs";

/** @typedef {Pick<import("../types.mjs").Run, "status" | "progress"> & Partial<import("../types.mjs").Run>} Told */

export class ProgressPanel {
  /** @param {(() => void) | null} cancel  null: there is nothing yet that could be */
  constructor(cancel) {
    this.preview = el("img", { class: "preview-picture", alt: say("Preview of the picture so far"), hidden: true });
    this.bar = el("div", { class: "bar", role: "progressbar", "aria-label": say("Progress"), "aria-valuemin": 0, "aria-valuemax": 100 }, el("div", { class: "bar-part" }));
    this.title = el("p", { class: "progress-title" });
    this.detail = el("p", { class: "progress-detail" });
    this.percent = el("span", { class: "percent" });
    this.button = el("button", { type: "button", class: "button quiet", hidden: !cancel, onclick: () => { this.button.setAttribute("aria-disabled", "true"); cancel?.(); } }, say("Cancel"));
    const words = el("div", { class: "progress-words" }, this.title, this.detail);
    const line = el("div", { class: "progress-line" }, words, this.percent, this.button);
    this.glow = el("div", { class: "glow" }, this.preview);
    this.element = el("section", { class: "progress", "aria-label": say("Progress") }, this.glow, el("div", { class: "progress-foot" }, this.bar, line));
    this.connected = true;
    /** @type {Told | null} */
    this.run = null;
  }

  /** @param {Told} run */
  show(run) {
    this.run = run;
    const part = run.progress ? Math.round(run.progress.value * 100) : null;
    this.title.textContent = this.connected ? headline(run) : say("The connection is lost. Trying again…");
    this.detail.textContent = detail(run);
    this.percent.textContent = part === null ? "" : `${part} %`;
    this.bar.classList.toggle("waiting", part === null || !this.connected);
    this.bar.style.setProperty("--part", `${(part ?? 0) / 100}`);
    if (part === null) this.bar.removeAttribute("aria-valuenow");
    else this.bar.setAttribute("aria-valuenow", `${part}`);
    if (run.status === "canceling") this.button.setAttribute("aria-disabled", "true");
  }

  /** @param {boolean} connected */
  connection(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    if (this.run) this.show(this.run);
  }

  /** @param {string} address */
  showPreview(address) {
    this.preview.src = address;
    this.preview.hidden = false;
    this.glow.classList.add("seen");
  }
}

/** One line that a screen reader hears only when it changes. @param {Told} run */
export function headline(run) {
  if (run.status === "canceling") return say("Stopping…");
  if (run.status === "queued") {
    const ahead = (run.queue_position ?? 1) - 1;
    return ahead > 0 ? say("Waiting: {count} before this one", { count: ahead }) : say("Next in line");
  }
  return run.progress?.current_node || say("Starting…");
}

/** @param {Told} run */
function detail({ progress, n = 1 }) {
  if (!progress) return "";
  const parts = [
    n > 1 && say("Take {take} of {takes}", { take: (progress.take ?? 0) + 1, takes: n }),
    progress.steps && say("Step {step} of {steps}", { step: progress.step ?? 0, steps: progress.steps }),
    say("{done} of {total} nodes done", { done: progress.nodes_done, total: progress.nodes_total }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** What stands where results will be. @param {string} text */
export function emptyStage(text) {
  return el("div", { class: "stage-empty" }, el("div", { class: "easel", "aria-hidden": "true" }, el("span"), el("span"), el("span")), el("p", {}, text));
}

/**
 * A run that failed: what happened in a few words, the server's own sentence, and where.
 * @param {NonNullable<import("../types.mjs").Run["error"]>} error
 * @param {...Node} actions
 */
export function failure(error, ...actions) {
  const box = el("div", { class: error.code === "canceled" ? "notice" : "notice bad" });
  const named = error.title && !error.message.includes(error.title); // most sentences name the node themselves
  const told = el("p", {}, named && el("strong", {}, `${error.title}: `), error.message);
  return fill(box, el("h2", {}, say(HEADLINES[error.code] ?? "The run failed")), error.code === "canceled" ? null : told,
    actions.length > 0 && el("div", { class: "notice-actions" }, ...actions));
}

/** @type {Record<string, string>} */
const HEADLINES = {
  canceled: "Canceled",
  deadline_exceeded: "It took longer than allowed",
  invalid_workflow: "ComfyUI refused the workflow",
  lost_on_restart: "The server was restarted during the run",
  missing_file: "A file is missing on the server",
  missing_model: "A model is missing on the server",
  node_execution_error: "A node failed",
  not_ready: "The server was not ready",
  out_of_memory: "The server ran out of memory",
};
