// @ts-check
// Calls to the server. Every address is below the folder that these modules come from, so that the pages work behind
// any prefix: `/lectern/v1/...` in an answer means the server's own root, which a proxy may have moved.
import { parseJson, writeJson } from "./numbers.mjs";

export const ROOT = new URL("../../", import.meta.url); // static/parts/ -> /lectern/

/** What the server said is wrong; `status` 0 when it could not be reached. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {unknown} [details] @param {number} [retryAfter] */
  constructor(status, code, message, details = null, retryAfter = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfter = retryAfter; // seconds
  }
}

/**
 * The page's address of something on the server.
 * @param {string} path  `v1/...`, or as answers have it, `/lectern/v1/...`
 */
export function address(path) {
  const url = new URL(path.replace(/^\/(api\/)?lectern\//, ""), ROOT);
  if (!url.href.startsWith(ROOT.href)) throw new ApiError(0, "foreign_address", path);
  return url.href;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}  of status 2xx. Throws ApiError.
 */
export async function request(method, path, { json, body, headers = {}, signal } = {}) {
  const written = json === undefined ? body : writeJson(json);
  /** @type {Record<string, string>} */
  const kind = json === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(address(path), { method, body: written, headers: { ...kind, ...headers }, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", `${error}`);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** @param {string} method @param {string} path @param {Parameters<typeof request>[2]} [options] */
export async function call(method, path, options) {
  const response = await request(method, path, options);
  return response.status === 204 ? null : parseJson(await response.text());
}

/** @param {Response} response */
async function refusal(response) {
  const wait = Number(response.headers.get("Retry-After")) || 0;
  try {
    const { code, message, details } = parseJson(await response.text()).error;
    return new ApiError(response.status, code, message, details, wait);
  } catch {
    return new ApiError(response.status, "unreadable", `${response.status} ${response.statusText}`, null, wait);
  }
}
