// @ts-check
// A list whose rows are moved: by dragging a handle with mouse or finger, and by keys. Loaded on its own it does
// nothing.

/**
 * @param {HTMLElement} row
 * @param {HTMLElement} handle
 * @param {() => void} moved  the rows stand in their new order
 */
export function movable(row, handle, moved) {
  handle.addEventListener("pointerdown", (event) => {
    if (event.button === 0) drag(row, handle, event, moved);
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
    step(row, event.key === "ArrowUp");
    moved();
  });
}

/**
 * @param {HTMLElement} row
 * @param {HTMLElement} handle
 * @param {PointerEvent} start
 * @param {() => void} moved
 */
function drag(row, handle, start, moved) {
  start.preventDefault(); // no text is selected
  handle.focus();
  handle.setPointerCapture(start.pointerId);
  row.classList.add("dragged");
  const follow = (/** @type {PointerEvent} */ event) => put(row, event.clientY);
  handle.addEventListener("pointermove", follow);
  const end = () => {
    handle.removeEventListener("pointermove", follow);
    row.classList.remove("dragged");
    moved();
  };
  handle.addEventListener("lostpointercapture", end, { once: true });
}

/**
 * The others go around the row: one that is taken out of the page loses the pointer and the focus.
 * @param {HTMLElement} row
 * @param {boolean} up
 */
function step(row, up) {
  if (up && row.previousElementSibling) row.after(row.previousElementSibling);
  if (!up && row.nextElementSibling) row.before(row.nextElementSibling);
  row.scrollIntoView({ block: "nearest" });
}

/**
 * @param {HTMLElement} row
 * @param {number} y  of the pointer
 */
function put(row, y) {
  while (row.previousElementSibling && y < middle(row.previousElementSibling)) row.after(row.previousElementSibling);
  while (row.nextElementSibling && y > middle(row.nextElementSibling)) row.before(row.nextElementSibling);
}

/** @param {Element} element */
function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
