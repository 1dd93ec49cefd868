// @ts-check
// The page of one app.
import { call } from "./parts/api.mjs";
import { AppPage } from "./parts/apppage.mjs";
import { closedDoor } from "./parts/door.mjs";
import { el, fill } from "./parts/dom.mjs";
import { header } from "./parts/header.mjs";

const slug = decodeURIComponent(location.pathname.replace(/\/+$/, "").split("/").pop() ?? "");
const version = new URLSearchParams(location.search).get("version") ?? "";
const main = el("main", { id: "main", class: "app-page" });
document.body.append(header("app"), main);

try {
  const query = /^\d+$/.test(version) ? `?version=${version}` : "";
  const app = await call("GET", `v1/apps/${encodeURIComponent(slug)}${query}`);
  await new AppPage({ ...app, version: query ? Number(version) : app.version }, main).open();
} catch (error) {
  main.className = "page";
  fill(main, closedDoor(error));
}
