// @ts-check
// A link that opens an app with these inputs. They travel in the fragment, which no server ever sees.
import { isUploaded } from "./files.mjs";
import { parseJson, writeJson } from "./numbers.mjs";

const LONGEST = 8000; // characters; mail and chat programs cut longer links

/**
 * The inputs that differ from the app's own.
 * @param {Record<string, unknown>} values
 * @param {Record<string, import("../types.mjs").Schema>} schemas
 */
function worthSharing(values, schemas) {
  const own = Object.entries(values).filter(([name, value]) => value !== schemas[name]?.default);
  return Object.fromEntries(own.filter(([name, value]) => !schemas[name]?.["x-media"] || isUploaded(value)));
}

/**
 * @param {Record<string, unknown>} values
 * @param {Record<string, import("../types.mjs").Schema>} schemas
 * @returns {string | null}  null: too long
 */
export function sharedLink(values, schemas) {
  const url = new URL(location.href);
  url.hash = `i=${encode(writeJson(worthSharing(values, schemas)))}`;
  return url.href.length > LONGEST ? null : url.href;
}

/** The inputs in this page's link. @returns {Record<string, unknown> | null} */
export function linkedInputs() {
  const [, code] = location.hash.match(/^#i=([\w-]+)$/) ?? [];
  if (!code) return null;
  try {
    const values = parseJson(decode(code));
    return typeof values === "object" && values !== null && !Array.isArray(values) ? values : null;
  } catch {
    return null; // cut off on its way
  }
}

/** @param {string} text */
function encode(text) {
  const binary = String.fromCodePoint(...new TextEncoder().encode(text.slice(0, LONGEST * 2)));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} code */
function decode(code) {
  const binary = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (sign) => /** @type {number} */ (sign.codePointAt(0))));
}
