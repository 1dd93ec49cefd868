// @ts-check
// A picture as large as the window: wheel, pinch, drag and keys; left and right go through the run's pictures.
import { address } from "./api.mjs";
import { closeButton, iconButton, openDialog } from "./dialog.mjs";
import { el } from "./dom.mjs";
import { downloadAddress } from "./gallery.mjs";
import { icon } from "./icons.mjs";
import { say } from "./words.mjs";

const MOST = 12; // times
const PAN = 80; // pixels for each press of an arrow key

/** @param {import("../types.mjs").Item[]} pictures @param {number} place */
export function openViewer(pictures, place) {
  new Viewer(pictures, place);
}

class Viewer {
  /** @param {import("../types.mjs").Item[]} pictures @param {number} place */
  constructor(pictures, place) {
    this.pictures = pictures;
    this.place = place;
    this.scale = 1;
    this.x = 0; // pixels from the middle
    this.y = 0;
    this.dialog = openDialog(say("Picture"), "viewer");
    this.image = el("img", { draggable: "false" });
    this.count = el("p", { class: "viewer-count", role: "status" });
    this.download = el("a", { class: "icon-button", "aria-label": say("Download"), title: say("Download") }, icon("download"));
    const many = pictures.length > 1;
    const back = many && iconButton("arrow", say("Previous picture"), () => this.go(-1));
    const next = many && iconButton("next", say("Next picture"), () => this.go(1));
    this.stage = el("div", { class: "viewer-stage" }, this.image);
    const tools = [iconButton("minus", say("Smaller"), () => this.zoom(1 / 1.4)), iconButton("plus", say("Larger"), () => this.zoom(1.4)), this.download];
    this.dialog.append(this.stage, el("div", { class: "viewer-bar" }, closeButton(this.dialog), back, this.count, next, el("span", { class: "spring" }), ...tools));
    /** @type {Map<number, [number, number]>} */
    this.fingers = new Map();
    this.listen();
    this.show();
  }

  show() {
    const item = this.pictures[this.place];
    this.image.src = address(item.url);
    this.image.alt = item.name;
    this.download.href = downloadAddress(item);
    this.download.download = item.name;
    this.count.textContent = this.pictures.length > 1 ? `${this.place + 1} / ${this.pictures.length}` : item.name;
    [this.scale, this.x, this.y] = [1, 0, 0];
    this.draw();
  }

  /** @param {number} by */
  go(by) {
    this.place = (this.place + by + this.pictures.length) % this.pictures.length;
    this.show();
  }

  draw() {
    this.image.style.setProperty("transform", `translate(${this.x}px, ${this.y}px) scale(${this.scale})`);
    this.stage.classList.toggle("zoomed", this.scale > 1);
  }

  /** Keeps what is under the point where it is. @param {number} times @param {[number, number]} [point] of the window */
  zoom(times, point) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = point ? [point[0] - box.left - box.width / 2, point[1] - box.top - box.height / 2] : [0, 0];
    const scale = Math.min(Math.max(this.scale * times, 1), MOST);
    const ratio = scale / this.scale;
    [this.x, this.y] = scale === 1 ? [0, 0] : [x - (x - this.x) * ratio, y - (y - this.y) * ratio];
    this.scale = scale;
    this.draw();
  }

  /** @param {number} x @param {number} y */
  pan(x, y) {
    if (this.scale === 1) return;
    [this.x, this.y] = [this.x + x, this.y + y];
    this.draw();
  }

  listen() {
    this.stage.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), [event.clientX, event.clientY]);
    }, { passive: false });
    this.stage.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => this.zoom(this.scale > 1 ? 0 : 3, [event.clientX, event.clientY]));
    this.stage.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      this.stage.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    this.stage.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(end, (/** @type {PointerEvent} */ event) => this.fingers.delete(event.pointerId));
    }
    this.dialog.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** One finger drags, two pinch. @param {PointerEvent} event */
  moved(event) {
    const from = this.fingers.get(event.pointerId);
    if (!from) return;
    const to = /** @type {[number, number]} */ ([event.clientX, event.clientY]);
    const other = [...this.fingers.entries()].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, to);
    if (!other) return this.pan(to[0] - from[0], to[1] - from[1]);
    const distance = (/** @type {[number, number]} */ a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
    this.zoom(distance(to) / distance(from), [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const zoomed = this.scale > 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => this.zoom(1.4), "=": () => this.zoom(1.4), "-": () => this.zoom(1 / 1.4), 0: () => this.zoom(0),
      ArrowLeft: () => (zoomed ? this.pan(PAN, 0) : this.go(-1)), ArrowRight: () => (zoomed ? this.pan(-PAN, 0) : this.go(1)),
      ArrowUp: () => this.pan(0, PAN), ArrowDown: () => this.pan(0, -PAN),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
