"""The pages of apps in the browser, as tests drive them."""

import re
from importlib import resources
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

# The browser itself notes each answer that is not 2xx or that never came; those are what such a test is about.
EXPECTED = ("Failed to load resource",)
AXE = resources.files("axe_playwright_python") / "axe.min.js"


class AppPages:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def open(self, path: str = "", prefix: str = "") -> None:
        self.page.goto(f"{self.url}{prefix}/lectern{path}")

    def open_app(self, slug: str, more: str = "", prefix: str = "") -> None:
        self.open(f"/a/{slug}{more}", prefix)
        expect(self.page.locator(".fields")).to_be_visible()

    def field(self, label: str) -> Locator:
        """Behind the label's own words may stand that it is needed."""
        return self.page.get_by_label(re.compile(f"^{re.escape(label)}")).first

    def block(self, name: str) -> Locator:
        return self.page.locator(f"[data-name={name}]")

    def run(self) -> None:
        self.page.get_by_role("button", name=re.compile("^(Run|运行)")).first.click()

    @property
    def stage(self) -> Locator:
        return self.page.locator(".stage-place")

    def pictures(self) -> Locator:
        return self.stage.locator("button.picture img")

    def faults(self) -> list[tuple[str, list[Any]]]:
        """What axe calls serious or critical, once nothing moves any more."""
        self.page.evaluate(
            "() => Promise.allSettled(document.getAnimations()"
            ".filter(one => one.effect.getTiming().iterations === 1).map(one => one.finished))"
        )
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text("utf-8"))
        options = {"resultTypes": ["violations"], "preload": False, "iframes": False}
        found = self.page.evaluate("options => axe.run(document, options)", options)["violations"]
        return [
            (one["id"], [node["target"] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
