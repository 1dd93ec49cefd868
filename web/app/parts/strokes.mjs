// @ts-check
// What was painted, as a list that can be taken back and drawn again at any time, and as the picture that a run gets.

const COLOR = "#ff4d2e"; // on the canvas over the picture; only its alpha counts

/** @typedef {{erase: boolean, size: number, points: [number, number][]} | "all" | "none" | "invert"} Stroke */

export class Painting {
  /** @param {HTMLCanvasElement} canvas  as large as the picture, in pixels */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {CanvasImageSource | null} */
    this.base = null;
  }

  /** Begins from an earlier mask. @param {HTMLImageElement} mask */
  begin(mask) {
    const { width, height } = this.canvas;
    this.context.drawImage(mask, 0, 0, width, height);
    const pixels = this.context.getImageData(0, 0, width, height);
    for (let at = 0; at < pixels.data.length; at += 4) {
      pixels.data[at + 3] = pixels.data[at]; // white on black becomes color on nothing
    }
    this.context.putImageData(pixels, 0, 0);
    this.wash("source-in", COLOR);
    const copy = document.createElement("canvas");
    Object.assign(copy, { width, height });
    /** @type {CanvasRenderingContext2D} */ (copy.getContext("2d")).drawImage(this.canvas, 0, 0);
    this.base = copy;
  }

  /** @param {Stroke} stroke */
  add(stroke) {
    this.strokes.push(stroke);
    this.draw(stroke);
  }

  /** Draws on from the last point of the last stroke. @param {[number, number]} point */
  extend(point) {
    const stroke = this.strokes.at(-1);
    if (!stroke || typeof stroke === "string") return;
    const from = stroke.points.at(-1) ?? point;
    stroke.points.push(point);
    this.draw({ ...stroke, points: [from, point] });
  }

  undo() {
    this.strokes.pop();
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.base) this.context.drawImage(this.base, 0, 0);
    this.strokes.forEach((stroke) => this.draw(stroke));
  }

  /** @param {Stroke} stroke */
  draw(stroke) {
    if (stroke === "all") return this.wash("source-over", COLOR);
    if (stroke === "none") return this.wash("destination-out", COLOR);
    if (stroke === "invert") return this.wash("source-out", COLOR);
    const { context } = this;
    const [first, ...others] = stroke.points;
    context.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: stroke.size, strokeStyle: COLOR });
    context.beginPath();
    context.moveTo(...first);
    (others.length ? others : [first]).forEach((point) => context.lineTo(...point)); // a line to itself is a dot
    context.stroke();
  }

  /** @param {GlobalCompositeOperation} how @param {string} color */
  wash(how, color) {
    Object.assign(this.context, { globalCompositeOperation: how, fillStyle: color });
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  get empty() {
    const { data } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    for (let at = 3; at < data.length; at += 4) if (data[at]) return false;
    return true;
  }

  /** White where something changes, black elsewhere. @returns {Promise<Blob>} */
  async picture() {
    this.wash("source-in", "#fff");
    this.wash("destination-over", "#000");
    return /** @type {Promise<Blob>} */ (new Promise((resolve) => this.canvas.toBlob(/** @type {any} */ (resolve), "image/png")));
  }
}
