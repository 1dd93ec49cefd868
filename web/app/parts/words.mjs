// @ts-check
// Our own words in the reader's language. Texts of workflows, models and the server come as they are.
import { CHINESE } from "./chinese.mjs";

export const LANGUAGE = document.documentElement.lang;
const chinese = LANGUAGE.startsWith("zh");

/**
 * @param {string} english  also when there is nothing else
 * @param {Record<string, unknown>} [values]  for the names in braces
 */
export function say(english, values = {}) {
  const words = (chinese && CHINESE[english]) || english;
  return words.replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
}

/** One of two sentences, by the number; Chinese has one form. @param {number} count @param {string} one @param {string} many */
export function count(count, one, many) {
  return say(count === 1 ? one : many, { count });
}

/** The other language, and how it calls itself. */
export const OTHER = chinese ? { lang: "en", name: "English" } : { lang: "zh-CN", name: "中文" };

/** Shows the page in the other language; what is in a form is kept by its draft. */
export function switchLanguage() {
  localStorage.setItem("lectern:language", OTHER.lang);
  location.reload();
}
