// @ts-check
// Starts a run, once, even over a connection that breaks between the question and its answer.
import { ApiError, call } from "./api.mjs";
import { askForKey } from "./door.mjs";

const TRIES = 4;
const PAUSE = 400; // milliseconds

/**
 * @param {import("../types.mjs").App} app
 * @param {Record<string, unknown>} input
 * @param {number} n
 * @returns {Promise<import("../types.mjs").Run>}  Throws ApiError.
 */
export async function startRun(app, input, n) {
  const json = { input, version: app.version, ...(n > 1 ? { n } : {}) };
  const headers = { "Idempotency-Key": freshKey() };
  for (let tries = 1; ; tries++) {
    try {
      return await call("POST", `v1/apps/${encodeURIComponent(app.slug)}/runs`, { json, headers });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && (error.status || tries === TRIES))) throw error;
      if (error.status === 401) await askForKey();
      else await new Promise((resolve) => setTimeout(resolve, PAUSE * tries));
    }
  }
}

/** `crypto.randomUUID` exists only where the page came by HTTPS or from this machine. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}
