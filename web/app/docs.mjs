// @ts-check
// The OpenAPI document of all apps in Swagger UI, which the page has loaded before this.
import { address, request } from "./parts/api.mjs";
import { closedDoor } from "./parts/door.mjs";
import { el, fill } from "./parts/dom.mjs";
import { header } from "./parts/header.mjs";
import { say } from "./parts/words.mjs";

// No <main>: the viewer brings its own, and a link in each line (deepLinking) would stand inside a button.
const place = el("div", { id: "document" });
const main = el("div", { id: "main", class: "docs" }, el("h1", { class: "unseen" }, say("API")), place);
document.title = `${say("API")} · Lectern`;
document.body.append(header("docs"), main);

followTheme();

try {
  const document = await (await request("GET", "v1/openapi.json")).json(); // plain numbers: the viewer knows no BigInt
  const { SwaggerUIBundle } = /** @type {any} */ (window);
  SwaggerUIBundle({
    spec: moved(document), domNode: place, validatorUrl: null, defaultModelsExpandDepth: 0,
    docExpansion: "list", tryItOutEnabled: false, syntaxHighlight: { theme: "monokai" }, persistAuthorization: false,
  });
} catch (error) {
  fill(main, closedDoor(error));
}

/** "Try it out" calls the server as this page reaches it, behind any prefix. @param {any} document */
function moved(document) {
  return { ...document, servers: [{ url: address("").replace(/\/lectern\/$/, "") }] };
}

/** Swagger UI has a class for its dark colors. */
function followTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  new MutationObserver(show).observe(root, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", show);
  show();
}
