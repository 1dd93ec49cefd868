"""The real front end in Debian's Chromium."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

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


@pytest.fixture
def page(browser: Browser, server: ComfyServer, complaints: list[str]) -> Iterator[Page]:
    """The editor, ready, with an empty graph."""
    context = browser.new_context(viewport={"width": 1600, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _note(message, complaints))
    request = context.request
    for key, value in FIRST_START.items():
        request.post(f"{server.url}/api/settings/{key}", data=json.dumps(value))
    open_editor(page, server.url)
    yield page
    context.close()


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """The bare front end complains on its own (missing user.css, unreachable hosts); only what names us counts."""
    if message.type in ("error", "warning") and "lectern" in f"{message.text} {message.location}".lower():
        complaints.append(message.text)
