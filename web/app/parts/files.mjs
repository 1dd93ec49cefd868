// @ts-check
// Files go to the server as soon as they are chosen: a run then names them, and a reload of the page keeps them.
import { ApiError, call } from "./api.mjs";
import { fileSize } from "./numbers.mjs";
import { say } from "./words.mjs";

/** @typedef {{url: string, name: string, content_type: string, size_bytes: number}} Uploaded */

/** @param {Blob} file @param {string} name @param {AbortSignal} [signal] @returns {Promise<Uploaded>} */
export function upload(file, name, signal) {
  const body = new FormData();
  body.append("file", file, name);
  return call("POST", "v1/files", { body, signal });
}

/**
 * Why a file cannot be taken, before it travels.
 * @param {File} file
 * @param {import("../types.mjs").Schema} schema
 */
export function refuse(file, schema) {
  const limit = schema["x-max-mb"];
  if (limit && file.size > limit * 2 ** 20) {
    return say("This file has {size}; at most {mb} MB are taken.", { size: fileSize(file.size), mb: limit });
  }
  return accepts(file, schema["x-accept"]) ? null : say("Files of this kind are not taken here: {name}", { name: file.name });
}

/** As the browser reads `accept`: types, types with a star, endings. @param {File} file @param {string[]} [accept] */
function accepts(file, accept = []) {
  return !accept.length || accept.some((one) => {
    if (one === "*/*") return true;
    if (one.startsWith(".")) return file.name.toLowerCase().endsWith(one.toLowerCase());
    return one.endsWith("/*") ? file.type.startsWith(one.slice(0, -1)) : file.type === one;
  });
}

/** @param {unknown} error */
export function uploadFailure(error) {
  if (!(error instanceof ApiError) || !error.status) return say("The file did not arrive: the server cannot be reached.");
  return error.status === 413 ? say("This file is too large for the server.") : error.message;
}

/** An address that only `POST /files` gives: what a shared link may carry. @param {unknown} value @returns {value is string} */
export function isUploaded(value) {
  return typeof value === "string" && /^\/(api\/)?lectern\/v1\/files\/[\w-]+$/.test(value);
}
