// @ts-check
// Apps in the editor: "Publish as app" as a command, in the menu and as a button, and the sidebar's tab.
import { app } from "../../scripts/app.js";
import { publishThis } from "./apps/publish.js";
import { mountSidebar } from "./apps/sidebar.js";
import { say } from "./words.js";

const COMMAND = "Lectern.PublishAsApp";

/** @type {(() => void) | undefined} */
let close;

app.registerExtension({
  name: "lectern.apps",

  commands: [
    {
      id: COMMAND,
      icon: "pi pi-send",
      label: () => say("Publish as app"),
      menubarLabel: () => say("Publish as app"),
      function: publishThis,
    },
  ],

  menuCommands: [{ path: ["File"], commands: [COMMAND] }],

  actionBarButtons: [
    {
      icon: "pi pi-send",
      onClick: () => app.extensionManager.command.execute(COMMAND),
      // read whenever it is drawn, so that they change with the language
      get label() {
        return say("Publish as app");
      },
      get tooltip() {
        return say("Publish as app: with a page, and an address for programs");
      },
    },
  ],

  setup() {
    app.extensionManager.registerSidebarTab({
      id: "lectern-apps",
      type: "custom",
      icon: "pi pi-send",
      title: "Lectern apps",
      label: "Lectern", // the front end's own tab "Apps" stands above
      tooltip: "Lectern apps",
      render(/** @type {HTMLElement} */ container) {
        if (container.firstElementChild) return; // the front end calls this whenever it draws
        container.style.height = "100%";
        close = mountSidebar(container);
      },
      destroy() {
        close?.();
        close = undefined;
      },
    });
  },
});
