// @ts-check
// What this device keeps: a draft of each form, which runs were started here. A browser that forbids storage (a private
// window, a full disk) has none of it, and everything else goes on.
import { parseJson, writeJson } from "./numbers.mjs";

const KEPT = 60; // runs of each app

/** @param {Storage} storage @param {string} key */
function read(storage, key) {
  try {
    return parseJson(storage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Storage} storage @param {string} key @param {unknown} value */
function write(storage, key, value) {
  try {
    storage.setItem(key, writeJson(value));
  } catch {
    return; // storage is full or closed
  }
}

/** @param {string} slug @returns {Record<string, unknown>} */
export function readDraft(slug) {
  return read(sessionStorage, `lectern:draft:${slug}`) ?? {};
}

/** @param {string} slug @param {Record<string, unknown>} values */
export function writeDraft(slug, values) {
  write(sessionStorage, `lectern:draft:${slug}`, values);
}

/** Ids of the runs that this device started, newest first. @param {string} slug @returns {string[]} */
export function startedRuns(slug) {
  const kept = read(localStorage, `lectern:runs:${slug}`);
  return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
}

/** @param {string} slug @param {string} id */
export function rememberRun(slug, id) {
  const others = startedRuns(slug).filter((one) => one !== id);
  write(localStorage, `lectern:runs:${slug}`, [id, ...others].slice(0, KEPT));
}

/** @param {string} slug @param {string} id */
export function forgetRun(slug, id) {
  write(localStorage, `lectern:runs:${slug}`, startedRuns(slug).filter((one) => one !== id));
}
