// @ts-check
// The window for painting a mask over a picture: by finger, pen or mouse, or with the keyboard.
import { iconButton, openDialog } from "./dialog.mjs";
import { el } from "./dom.mjs";
import { Painting } from "./strokes.mjs";
import { say } from "./words.mjs";

const LONGEST = 4096; // pixels; browsers have no larger canvas on a phone
const STEP = 0.02; // of the picture's longer side, for each press of an arrow key

/**
 * @param {string} picture
 * @param {string | null} mask  an earlier one to go on with
 * @returns {Promise<Blob | "empty" | null>}  a PNG of the picture's size; null: left as it was
 */
export async function paintMask(picture, mask) {
  const image = await loaded(picture);
  const scale = Math.min(1, LONGEST / Math.max(image.naturalWidth, image.naturalHeight));
  const size = { width: Math.round(image.naturalWidth * scale), height: Math.round(image.naturalHeight * scale) };
  const painting = new Painting(el("canvas", size));
  if (mask) painting.begin(await loaded(mask));
  return new Promise((resolve) => new Painter(image, painting, resolve));
}

/** @param {string} src @returns {Promise<HTMLImageElement>} */
async function loaded(src) {
  const image = el("img", { src, alt: "" });
  await image.decode();
  return image;
}

class Painter {
  /** @param {HTMLImageElement} image @param {Painting} painting @param {(result: Blob | "empty" | null) => void} done */
  constructor(image, painting, done) {
    this.painting = painting;
    this.longest = Math.max(painting.canvas.width, painting.canvas.height);
    this.size = this.longest / 14;
    this.erase = false;
    /** @type {[number, number]} */
    this.cursor = [painting.canvas.width / 2, painting.canvas.height / 2];
    this.drawing = false;
    this.penDown = false; // by keyboard
    this.dialog = openDialog(say("Paint what changes"), "painter");
    this.ring = el("div", { class: "brush-ring", hidden: true });
    this.says = el("p", { class: "unseen", role: "status" });
    const { canvas } = painting;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", say("Canvas. Arrow keys move the brush, space lowers and lifts it, brackets change its size."));
    this.sheet = el("div", { class: "sheet" }, image, canvas, this.ring);
    this.sheet.style.setProperty("--ratio", `${canvas.width / canvas.height}`);
    this.dialog.append(el("h2", {}, say("Paint what changes")), el("div", { class: "table" }, this.sheet), this.tools(), this.says);
    this.listen(canvas);
    this.dialog.addEventListener("close", () => done(null)); // has no effect once it is done
    this.done = done;
    canvas.focus({ preventScroll: true });
  }

  tools() {
    const size = el("input", {
      type: "range", class: "slider", min: 1, max: 100, value: Math.round((this.size / this.longest) * 300), "aria-label": say("Brush size"),
      oninput: () => this.resize((Number(size.value) / 300) * this.longest),
    });
    this.slider = size;
    const draw = iconButton("paint", say("Brush"), () => this.use(false));
    const erase = iconButton("erase", say("Eraser"), () => this.use(true));
    this.modes = [draw, erase];
    this.use(false);
    const cancel = el("button", { type: "button", class: "button quiet", onclick: () => this.dialog.close() }, say("Cancel"));
    const done = el("button", { type: "button", class: "button", onclick: () => this.finish() }, say("Use this mask"));
    return el("div", { class: "dialog-bar" },
      el("div", { class: "tools" }, draw, erase, size,
        iconButton("undo", say("Undo"), () => this.painting.undo()),
        iconButton("fill", say("Paint everything"), () => this.painting.add("all")),
        iconButton("invert", say("Invert"), () => this.painting.add("invert")),
        iconButton("trash", say("Clear"), () => this.painting.add("none"))),
      el("div", { class: "ends" }, cancel, done));
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.drawing = true;
      this.dab(this.place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      this.cursor = this.place(event);
      this.showRing(true);
      if (!this.drawing) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const one of events.length ? events : [event]) this.painting.extend(this.place(one));
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.drawing = false; });
    canvas.addEventListener("pointerleave", () => this.showRing(false));
    canvas.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** The canvas's own pixel under the pointer. @param {PointerEvent} event @returns {[number, number]} */
  place(event) {
    const { canvas } = this.painting;
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  }

  /** @param {[number, number]} point */
  dab(point) {
    this.painting.add({ erase: this.erase, size: this.size, points: [point] });
  }

  /** @param {boolean} erase */
  use(erase) {
    this.erase = erase;
    this.modes?.forEach((button, place) => button.setAttribute("aria-pressed", `${(place === 1) === erase}`));
  }

  /** @param {number} size */
  resize(size) {
    this.size = Math.min(Math.max(size, this.longest / 300), this.longest / 3);
    if (this.slider) this.slider.value = `${Math.round((this.size / this.longest) * 300)}`;
    this.showRing(true);
  }

  /** @param {boolean} on */
  showRing(on) {
    const { width, height } = this.painting.canvas;
    this.ring.hidden = !on;
    this.ring.style.setProperty("left", `${(this.cursor[0] / width) * 100}%`);
    this.ring.style.setProperty("top", `${(this.cursor[1] / height) * 100}%`);
    this.ring.style.setProperty("width", `${(this.size / width) * 100}%`);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const step = this.longest * STEP * (event.shiftKey ? 4 : 1);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => this.walk(-step, 0), ArrowRight: () => this.walk(step, 0), ArrowUp: () => this.walk(0, -step),
      ArrowDown: () => this.walk(0, step), " ": () => this.togglePen(), "[": () => this.resize(this.size / 1.2),
      "]": () => this.resize(this.size * 1.2), e: () => this.use(!this.erase),
    };
    const undo = event.key === "z" && (event.ctrlKey || event.metaKey);
    const act = undo ? () => this.painting.undo() : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {number} x @param {number} y */
  walk(x, y) {
    const { width, height } = this.painting.canvas;
    this.cursor = [Math.min(Math.max(this.cursor[0] + x, 0), width), Math.min(Math.max(this.cursor[1] + y, 0), height)];
    if (this.penDown) this.painting.extend(this.cursor);
    this.showRing(true);
    const [across, down] = [this.cursor[0] / width, this.cursor[1] / height].map((part) => Math.round(part * 100));
    this.says.textContent = say("{across} % across, {down} % down", { across, down });
  }

  togglePen() {
    this.penDown = !this.penDown;
    this.showRing(true);
    this.ring.classList.toggle("down", this.penDown);
    if (this.penDown) this.dab(this.cursor);
    this.says.textContent = say(this.penDown ? "Brush down" : "Brush up");
  }

  async finish() {
    this.done(this.painting.empty ? "empty" : await this.painting.picture());
    this.dialog.close();
  }
}
