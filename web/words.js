// @ts-check
// Our own words in the editor's language: English, and Chinese where that is chosen. Texts from ComfyUI's side come as
// they are. Loaded on its own it does nothing.
import { app } from "../../scripts/app.js";
import { CHINESE as APPS } from "./apps/words.js";

/** @type {Record<string, string>} */
const CHINESE = {
  ...APPS,
  "Correct this outline": "修改这份大纲",
  "The outline comes through a link. Correct it there, or remove the link.":
    "大纲来自连线：请在来源处修改，或断开连线。",
  "Download {file}": "下载 {file}",
  "{done} of {total}": "{done}/{total}",
  waiting: "等待中",
  thinking: "思考中",
  writing: "生成中",
  "{tokens} tokens": "{tokens} 个 token",
  "{rate} tokens/s": "{rate} token/秒",
};

/**
 * @param {string} english  also when there is nothing else
 * @param {Record<string, string | number>} values  for the names in braces
 */
export function say(english, values = {}) {
  const chinese = app.extensionManager.setting.get("Comfy.Locale") === "zh";
  const words = (chinese && CHINESE[english]) || english;
  return words.replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
}
