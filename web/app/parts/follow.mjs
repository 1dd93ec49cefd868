// @ts-check
// Follows a run to its end, whatever happens on the way: the stream is opened again after each break and goes on where
// it was; where streams do not get through at all, the run is asked for instead.
import { ApiError, call } from "./api.mjs";
import { readEvents } from "./events.mjs";

const PAUSES = [300, 700, 1500, 3000, 5000]; // milliseconds between tries
const POLL = 2000; // milliseconds
const HOPELESS = 3; // streams in a row that gave nothing

export const ENDED = ["succeeded", "failed", "canceled", "expired"];

/**
 * @typedef {object} Watcher
 * @property {(run: import("../types.mjs").Run) => void} onRun  its state; `progress` and `outputs` grow
 * @property {(address: string) => void} onPreview
 * @property {(connected: boolean) => void} onConnection
 */

/**
 * @param {import("../types.mjs").Run} run
 * @param {Watcher} watcher
 * @param {AbortSignal} signal
 * @returns {Promise<import("../types.mjs").Run>}  as it ended. Throws ApiError when it is gone or not ours to see.
 */
export async function follow(run, watcher, signal) {
  const state = { run, lastId: /** @type {string | null} */ (null), empty: 0, failures: 0 };
  watcher.onRun(run);
  while (!ENDED.includes(state.run.status)) {
    await (state.empty < HOPELESS ? listen(state, watcher, signal) : pause(POLL, signal));
    if (ENDED.includes(state.run.status)) break;
    await ask(state, watcher, signal);
    await pause(PAUSES[0], signal); // a stream that ends at once must not become a storm of requests
  }
  return state.run;
}

/** @typedef {{run: import("../types.mjs").Run, lastId: string | null, empty: number, failures: number}} State */

/** @param {State} state @param {Watcher} watcher @param {AbortSignal} signal */
async function listen(state, watcher, signal) {
  let heard = 0;
  try {
    for await (const event of readEvents(`v1/runs/${state.run.id}/events`, state.lastId, signal)) {
      heard++;
      state.failures = 0;
      state.lastId = event.id ?? state.lastId;
      watcher.onConnection(true);
      take(state, event, watcher);
      if (event.event === "completed") return;
    }
  } catch (error) {
    if (signal.aborted) throw error;
  }
  state.empty = heard ? 0 : state.empty + 1;
}

/** @param {State} state @param {import("./events.mjs").ServerEvent} event @param {Watcher} watcher */
function take(state, { event, data }, watcher) {
  if (event === "preview") return watcher.onPreview(`data:${imageType(data.content_type)};base64,${data.data_base64}`);
  if (event === "completed") state.run = data;
  if (event === "status") state.run = { ...state.run, status: data.status, queue_position: data.queue_position ?? null };
  if (event === "progress") state.run = { ...state.run, progress: data };
  if (event === "output" && !state.run.outputs.some((one) => one.url === data.url)) {
    state.run = { ...state.run, outputs: [...state.run.outputs, data] };
  }
  watcher.onRun(state.run);
}

/** @param {unknown} type */
function imageType(type) {
  return type === "image/png" || type === "image/webp" ? type : "image/jpeg";
}

/** Asks for the run until the server answers. @param {State} state @param {Watcher} watcher @param {AbortSignal} signal */
async function ask(state, watcher, signal) {
  for (;;) {
    try {
      state.run = await call("GET", `v1/runs/${state.run.id}`, { signal });
      watcher.onConnection(true);
      return watcher.onRun(state.run);
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || !passes(error)) throw error;
      watcher.onConnection(false);
      await pause(PAUSES[Math.min(state.failures++, PAUSES.length - 1)], signal);
    }
  }
}

/** What may be over in a moment; a 404 can also come from a server that has not loaded its packs yet. @param {ApiError} error */
function passes({ status, code }) {
  return status === 0 || status === 429 || status >= 500 || (status === 404 && code !== "run_not_found");
}

/** Shorter when the device wakes up or is online again. @param {number} milliseconds @param {AbortSignal} signal */
async function pause(milliseconds, signal) {
  const over = new AbortController();
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    addEventListener("online", resolve, over);
    document.addEventListener("visibilitychange", resolve, over);
    signal.addEventListener("abort", resolve, over);
  });
  over.abort();
  signal.throwIfAborted();
}
