"""Lectern's app endpoints over plain HTTP, as a caller would use them (standard library only)."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tools.console import ToolError
from tools.server import direct

ENDED = ("succeeded", "failed", "canceled")
POLL_SECONDS = 0.25
# A local server that does not answer for this long is broken, whatever it computes.
TIMEOUT_SECONDS = 60


class AppClient:
    """One Lectern server."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log

    def app(self, slug: str) -> dict[str, Any]:
        """What the app is: title, inputs, outputs."""
        return json.loads(self.call(f"/lectern/v1/apps/{slug}"))

    def apps(self) -> list[dict[str, Any]]:
        """All apps, by slug."""
        return json.loads(self.call("/lectern/v1/apps"))["apps"]

    def export(self, slug: str) -> dict[str, Any]:
        """The app as a document that `publish` takes."""
        return json.loads(self.call(f"/lectern/v1/apps/{slug}/export"))

    def publish(self, slug: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Make it the app's next version; returns the app."""
        return json.loads(self.call(f"/lectern/v1/apps/{slug}", document, "PUT"))

    def submit(self, slug: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Queue a run; returns it at once."""
        return json.loads(self.call(f"/lectern/v1/apps/{slug}/runs", {"input": dict(values)}))

    def follow(self, run: dict[str, Any], watch: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Ask for the run until it has ended, handing every answer to `watch`."""
        watch(run)
        while run["status"] not in ENDED:
            time.sleep(POLL_SECONDS)
            run = json.loads(self.call(run["urls"]["get"]))
            watch(run)
        return run

    def call(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> bytes:
        """GET, or POST of a JSON body; an error becomes one sentence with the server's own words in it."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with direct.open(request, timeout=TIMEOUT_SECONDS) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise ToolError(f"{request.get_method()} {path} was answered with {said(error)}", self.log) from error
        except OSError as error:
            raise ToolError(f"ComfyUI at {self.url} stopped answering ({error}): see {self.log}.", self.log) from error


def said(error: urllib.error.HTTPError) -> str:
    """Status, and code and message of the error envelope if there is one."""
    text = error.read().decode(errors="replace")
    try:
        told = json.loads(text)["error"]
        return f"{error.code} {told['code']}: {told['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}: {text[:200].strip()}"
