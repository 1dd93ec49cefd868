// @ts-check
// Calls of Lectern's HTTP surface from the editor, and what they answer. Loaded on its own it does nothing.
import { api } from "../../../scripts/api.js";
import { say } from "../words.js";

const PREFIX = "/lectern/v1";

/** @typedef {{input?: string, code?: string, message: string}} Detail */
/** @typedef {{access: "loopback" | "keys" | "open", signed_in: boolean, name: string, scopes: string[]}} Session */

/** What the server refused, in its own sentence. */
export class Refusal extends Error {
  /**
   * @param {number} status  0: it did not answer
   * @param {{code?: string, message?: string, details?: any}} told
   */
  constructor(status, told) {
    super(told.message ?? say("ComfyUI answered {status}.", { status }));
    this.status = status;
    this.code = told.code ?? "";
    /** @type {Detail[]} */
    this.details = Array.isArray(told.details) ? told.details : [];
  }
}

/** @type {() => Promise<boolean>} asks for a key; whether one was given */
let askForKey = async () => false;

/** @param {() => Promise<boolean>} ask */
export function signInBy(ask) {
  askForKey = ask;
}

/**
 * The answer's JSON; null where there is none.
 *
 * Where a key is needed the person is asked for it, then the call is made again.
 * @param {string} method
 * @param {string} path  below /lectern/v1
 * @param {{body?: any, headers?: Record<string, string>, quiet?: boolean}} more  quiet: nobody is asked for a key
 * @returns {Promise<any>}  throws a Refusal
 */
export async function call(method, path, more = {}) {
  const answer = await send(method, path, more);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const refusal = new Refusal(answer.status, await told(answer));
  if (refusal.status === 401 && !more.quiet && (await askForKey())) return call(method, path, { ...more, quiet: true });
  throw refusal;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, headers?: Record<string, string>}} more
 */
async function send(method, path, { body, headers = {} }) {
  const kind = body === undefined ? {} : { "Content-Type": "application/json" };
  const options = {
    method,
    headers: { ...kind, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  try {
    return await api.fetchApi(PREFIX + path, options);
  } catch {
    throw new Refusal(0, { message: say("ComfyUI does not answer.") });
  }
}

/** @param {Response} answer */
async function told(answer) {
  try {
    return (await answer.json()).error ?? {};
  } catch {
    return {};
  }
}

/**
 * Who one is; a Lectern without keys lets everybody in.
 * @returns {Promise<Session>}
 */
export async function session() {
  try {
    return await call("GET", "/session", { quiet: true });
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) {
      return { access: "loopback", signed_in: true, name: "", scopes: ["run", "publish", "admin"] };
    }
    throw error;
  }
}

/**
 * The whole address of one of ours, also behind a proxy that puts ComfyUI below a path.
 * @param {string} path  as the server gives it, below /lectern
 */
export function address(path) {
  return new URL(api.fileURL(path), window.location.href).href;
}
