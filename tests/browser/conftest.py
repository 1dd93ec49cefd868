"""The real front end in Debian's Chromium."""

import json
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from support.editor import open_editor
from tools.server import ComfyServer

CHROMIUM = "/usr/bin/chromium"
# Without these Chromium looks for hosts that a closed network refuses.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
FIRST_START = {"Comfy.TutorialCompleted": True, "Comfy.Workflow.ShowMissingModelsWarning": False}


@pytest.fixture(scope="module")  # ended before the next module: its event loop must not be there for async tests
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """Errors and warnings of the console that are ours, and every script error."""
    return []


class Desk:
    """The editor, kept open from test to test: to open it anew takes seconds."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._context: BrowserContext | None = None
        self._page: Page | None = None

    def cleared(self) -> Page:
        """With an empty graph, as it is when it was just opened."""
        if self._page is None or not self._clear(self._page):
            self.leave()
            self._page = self._open()
        return self._page

    def leave(self) -> None:
        if self._context is not None:
            self._context.close()
        self._context = self._page = None

    def _open(self) -> Page:
        self._context = self._browser.new_context(viewport={"width": 1600, "height": 900}, accept_downloads=True)
        for key, value in FIRST_START.items():
            self._context.request.post(f"{self._url}/api/settings/{key}", data=json.dumps(value))
        page = self._context.new_page()
        open_editor(page, self._url)
        return page

    def _clear(self, page: Page) -> bool:
        if page.is_closed() or not page.url.startswith(self._url) or page.locator("[role=dialog]").count():
            return False
        page.unroute_all()
        page.evaluate("() => window.app.extensionManager.setting.set('Comfy.VueNodes.Enabled', false)")
        page.evaluate("() => window.app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
        page.wait_for_function("() => window.app.graph.nodes.length === 0")
        return True


@pytest.fixture(scope="module")
def desk(browser: Browser, server: ComfyServer) -> Iterator[Desk]:
    made = Desk(browser, server.url)
    yield made
    made.leave()


@pytest.fixture
def page(desk: Desk, complaints: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """The editor, ready, with an empty graph; opened anew for tests that are marked `fresh`."""
    fresh = request.node.get_closest_marker("fresh") is not None
    if fresh:
        desk.leave()
    page = desk.cleared()

    def failed(error: Error) -> None:
        complaints.append(str(error))

    def said(message: ConsoleMessage) -> None:
        _note(message, complaints)

    page.on("pageerror", failed)
    page.on("console", said)
    yield page
    page.remove_listener("pageerror", failed)
    page.remove_listener("console", said)
    if fresh or request.node.stash.get(FAILED, False):
        desk.leave()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """The bare front end complains on its own (missing user.css, unreachable hosts); only what names us counts."""
    if message.type in ("error", "warning") and "lectern" in f"{message.text} {message.location}".lower():
        complaints.append(message.text)
