// @ts-check
// The front end's own dialogs with plain elements in them. Loaded on its own it does nothing.
import { app } from "../../../scripts/app.js";
import { dress } from "./dom.js";

let made = 0;

/**
 * @param {string} title
 * @param {HTMLElement} content
 * @param {{size?: "sm" | "md" | "lg" | "xl", closed?: () => void}} more
 * @returns {() => void}  closes it
 */
export function openDialog(title, content, { size = "md", closed = () => {} } = {}) {
  dress();
  content.addEventListener("keydown", keepToItself);
  const key = `extension-lectern-${(made += 1)}`;
  const { closeDialog } = app.extensionManager.dialog.showExtensionDialog({
    key,
    title,
    component: holding(content),
    dialogComponentProps: {
      size,
      bodyClass: "p-0 overflow-y-hidden",
      dismissableMask: false, // a click beside it must not lose what was written
      dismissOnFocusOutside: false, // a confirmation may open above
      onClose: closed,
    },
  });
  return closeDialog;
}

/**
 * A key that is pressed in a dialog is no shortcut of the editor; the dialog's own are.
 * @param {KeyboardEvent} event
 */
function keepToItself(event) {
  if (!["Tab", "Escape"].includes(event.key)) event.stopPropagation();
}

/**
 * A component of the front end's framework that holds an element: nothing of its own, the element beside it.
 * @param {HTMLElement} content
 */
function holding(content) {
  return {
    props: ["maximized"],
    render: () => null,
    /** @this {any} */
    mounted() {
      this.$el.parentNode.insertBefore(content, this.$el);
    },
    beforeUnmount() {
      content.remove();
    },
  };
}

/**
 * @param {string} title
 * @param {string} message
 * @returns {Promise<boolean>}
 */
export async function confirmDeletion(title, message) {
  return Boolean(await app.extensionManager.dialog.confirm({ title, message, type: "delete" }));
}
