// @ts-check
// The sidebar's list of runs: how they stand, how long they took; asked again while it is looked at. Loaded on its own
// it does nothing.
import { say } from "../words.js";
import { address, call } from "./client.js";
import { icon, iconButton, make, note, toast, when } from "./dom.js";

const SHOWN = 30; // runs
const BUSY = 1_500; // milliseconds until the list is asked again while something runs
const IDLE = 6_000;
const ACTIVE = ["queued", "running", "canceling"];
/** @type {Record<string, [string, string]>} text and icon by status */
const LOOKS = {
  queued: ["queued", "clock"],
  running: ["running", "spinner pi-spin"],
  canceling: ["being canceled", "spinner pi-spin"],
  succeeded: ["done", "check-circle"],
  canceled: ["canceled", "ban"],
  failed: ["failed", "times-circle"],
  expired: ["expired", "history"],
};

/** @returns {{element: HTMLElement, refresh: () => Promise<void>, stop: () => void}} */
export function runsOf() {
  const list = make("ul", { class: "lectern-runs" });
  const none = note(say("No app has run yet."));
  let timer = 0;
  let stopped = false;
  let shown = "";

  async function refresh() {
    const { runs } = await call("GET", `/runs?limit=${SHOWN}`, { quiet: true });
    if (stopped) return;
    const now = JSON.stringify(runs);
    if (now !== shown) list.replaceChildren(...runs.map((/** @type {any} */ run) => rowOf(run, cancel)));
    shown = now;
    none.hidden = runs.length > 0;
    plan(runs.some((/** @type {any} */ run) => ACTIVE.includes(run.status)) ? BUSY : IDLE);
  }

  /** @param {number} delay */
  function plan(delay) {
    clearTimeout(timer);
    if (!stopped && !document.hidden) timer = window.setTimeout(again, delay);
  }

  function again() {
    refresh().catch(() => plan(IDLE)); // a server that restarts is there again soon
  }

  function seen() {
    if (!document.hidden) again();
  }

  /** @param {any} run */
  async function cancel(run) {
    try {
      await call("POST", `/runs/${run.id}/cancel`);
      await refresh();
    } catch (error) {
      toast("error", /** @type {Error} */ (error).message);
    }
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  }

  document.addEventListener("visibilitychange", seen);
  return { element: make("div", { class: "lectern-view" }, none, list), refresh, stop };
}

/**
 * @param {any} run
 * @param {(run: any) => void} cancel
 */
function rowOf(run, cancel) {
  const [text, picture] = LOOKS[run.status] ?? [run.status, "circle"];
  const state = make("span", { class: `lectern-state ${run.status}` }, icon(picture), say(text));
  const active = ACTIVE.includes(run.status) && run.status !== "canceling";
  return make(
    "li",
    { class: "lectern-run" },
    make(
      "div",
      { class: "lectern-run-head" },
      make("a", { href: address(run.urls.web), target: "_blank", rel: "noopener" }, run.app),
      state,
      active ? iconButton(say("Cancel this run"), "times", () => cancel(run)) : null,
    ),
    make("div", { class: "lectern-origin" }, [when(run.created_at), detail(run)].filter(Boolean).join(" · ")),
    run.progress ? make("progress", { max: 1, value: run.progress.value, "aria-label": say("Progress") }) : null,
    run.error ? make("p", { class: "lectern-problem" }, run.error.message) : null,
  );
}

/** @param {any} run */
function detail(run) {
  if (run.status === "queued" && run.queue_position)
    return say("place {place} in the queue", { place: run.queue_position });
  if (run.progress)
    return [`${Math.round(run.progress.value * 100)} %`, run.progress.current_node].filter(Boolean).join(" · ");
  if (run.started_at && run.completed_at) return seconds(Date.parse(run.completed_at) - Date.parse(run.started_at));
  return "";
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
