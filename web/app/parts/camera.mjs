// @ts-check
// A photograph from this device's camera, or where the page may not use it, from the system's own camera app.
import { closeButton, iconButton, openDialog } from "./dialog.mjs";
import { el } from "./dom.mjs";
import { say } from "./words.mjs";

/** @returns {Promise<File | null>}  null: none was taken */
export async function photograph() {
  const facing = { video: { facingMode: "environment", width: { ideal: 2560 }, height: { ideal: 1440 } } };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(facing); // no mediaDevices at all without HTTPS or loopback
    return await shoot(stream);
  } catch {
    return systemCamera();
  }
}

/** @param {MediaStream} stream @returns {Promise<File | null>} */
function shoot(stream) {
  const dialog = openDialog(say("Camera"), "camera");
  const video = el("video", { autoplay: true, playsinline: true, muted: true, "aria-label": say("What the camera sees") });
  video.srcObject = stream;
  return new Promise((resolve) => {
    let taken = /** @type {File | null} */ (null);
    const shutter = iconButton("camera", say("Take the picture"), async () => {
      taken = await still(video);
      dialog.close();
    });
    shutter.classList.add("shutter");
    dialog.append(video, el("div", { class: "dialog-bar" }, closeButton(dialog), shutter));
    shutter.focus();
    dialog.addEventListener("close", () => {
      stream.getTracks().forEach((track) => track.stop());
      resolve(taken);
    });
  });
}

/** @param {HTMLVideoElement} video @returns {Promise<File | null>} */
async function still(video) {
  const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  return blob && new File([blob], "camera.jpg", { type: "image/jpeg" });
}

/** @returns {Promise<File | null>} */
function systemCamera() {
  return new Promise((resolve) => {
    const picker = el("input", { type: "file", accept: "image/*", capture: "environment" });
    picker.addEventListener("change", () => resolve(picker.files[0] ?? null));
    picker.addEventListener("cancel", () => resolve(null));
    picker.click();
  });
}
