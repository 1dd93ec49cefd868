// @ts-check
// Numbers as people read them, and JSON whose whole numbers keep every digit: a seed may have 64 bits.
import { LANGUAGE } from "./words.mjs";

/** @param {string} text */
export function parseJson(text) {
  return JSON.parse(text, /** @type {any} */ (keepDigits));
}

/** @param {string} _ @param {unknown} value @param {{source?: string}} [context]  of newer browsers */
function keepDigits(_, value, context) {
  const exact = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "");
  return exact ? BigInt(/** @type {string} */ (context?.source)) : value;
}

/** @param {unknown} value */
export function writeJson(value) {
  const raw = /** @type {any} */ (JSON).rawJSON;
  const write = (/** @type {bigint} */ whole) => (raw ? raw(`${whole}`) : Number(whole));
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? write(one) : one));
}

/**
 * What was typed as a number; null when it is none.
 * @param {string} text
 * @returns {number | bigint | null}
 */
export function parseNumber(text) {
  const plain = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return /^[+-]?\d+$/.test(plain) && !Number.isSafeInteger(value) ? BigInt(plain) : value;
}

/** @param {number} bytes */
export function fileSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = bytes < 1 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  const digits = { maximumFractionDigits: power < 2 ? 0 : 1, unitDisplay: power ? "short" : "long" };
  return new Intl.NumberFormat(LANGUAGE, /** @type {any} */ ({ style: "unit", unit: units[power], ...digits })).format(bytes / 1000 ** power);
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  const [value, unit] = seconds < 90 ? [seconds, "second"] : [seconds / 60, "minute"];
  const format = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: seconds < 10 ? 1 : 0 };
  return new Intl.NumberFormat(LANGUAGE, /** @type {any} */ (format)).format(value);
}

/** @param {string} iso */
export function moment(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? {} : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(LANGUAGE, /** @type {any} */ ({ hour: "2-digit", minute: "2-digit", ...day })).format(date);
}
