// @ts-check
// The picture of an app in the publish dialog: the last result, a file, or the one that it has. Loaded on its own it
// does nothing.
import { say } from "../words.js";
import { button, icon, make } from "./dom.js";
import { scaled, scaledFile } from "./picture.js";

/**
 * @param {string | null} present  address of the picture that the app has
 * @param {string | undefined} result  address of the last result in the editor
 * @returns {{element: HTMLElement, picture: () => string | undefined}}  picture: a data URL when there is a new one
 */
export function portraitOf(present, result) {
  /** @type {string | undefined} */
  let chosen;
  const frame = make("div", { class: "lectern-frame" });
  const problem = make("p", { class: "lectern-problem", role: "alert" });
  const file = make("input", { type: "file", accept: "image/png,image/jpeg,image/webp", hidden: true, onchange: pick });
  const none = button(present ? say("Undo") : say("None"), () => show(undefined), { kind: "plain" });
  const buttons = [
    result && button(say("Last result"), () => take(scaled(result)), { icon: "image" }),
    button(say("File…"), () => file.click(), { icon: "upload" }),
    none,
  ];

  /** @param {string | undefined} url */
  function show(url) {
    chosen = url;
    none.hidden = !url;
    const source = url ?? present;
    const empty = () => make("div", { class: "lectern-empty-frame" }, icon("image"), say("No picture"));
    frame.replaceChildren(source ? make("img", { src: source, alt: say("Picture of the app") }) : empty());
  }

  /** @param {Promise<string>} making */
  async function take(making) {
    problem.textContent = "";
    try {
      show(await making);
    } catch {
      problem.textContent = say("This picture cannot be used; take a PNG, JPEG or WebP file.");
    }
  }

  function pick() {
    if (file.files?.[0]) void take(scaledFile(file.files[0]));
    file.value = "";
  }

  show(undefined);
  if (result && !present) void scaled(result).then(show, () => {}); // a result that is gone by now is no mistake
  const element = make(
    "div",
    { class: "lectern-portrait" },
    frame,
    make("div", { class: "lectern-line" }, ...buttons, file),
    problem,
  );
  return { element, picture: () => chosen };
}
