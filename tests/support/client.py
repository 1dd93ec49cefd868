"""A person's view of ComfyUI over HTTP: post a graph, wait, fetch what came out."""

import io
import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from tools.server import direct

_colors = itertools.count()  # so that ComfyUI has something to do
PATIENCE = 120  # seconds for one workflow
WORKFLOWS = Path(__file__).parents[2] / "workflows"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Comfy:
    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self.url + path, data, kind | (headers or {}), method=method)
        try:
            with direct.open(request, timeout=PATIENCE) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.request("POST", path, body, headers)

    def run(self, graph: dict[str, Any]) -> dict[str, Any]:
        """Executes an API-format graph and returns its history entry, failed or not."""
        answer = self.post("/prompt", {"prompt": graph})
        assert answer.status == 200 and not answer.json["node_errors"], answer.body
        return self.wait(answer.json["prompt_id"])

    def free(self, models: bool = True, cache: bool = True) -> None:
        """As "Unload models and execution cache". ComfyUI does it before it takes the second prompt from now on."""
        self.post("/free", {"unload_models": models, "free_memory": cache})
        self.outputs({
            "1": node("EmptyImage", width=1, height=1, batch_size=1, color=next(_colors)),
            "2": node("PreviewImage", images=["1", 0]),
        })  # fmt: skip

    def wait(self, prompt_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            history = self.get(f"/history/{prompt_id}").json
            if prompt_id in history:
                return history[prompt_id]
            time.sleep(0.05)
        raise AssertionError(f"ComfyUI did not finish {prompt_id} within {PATIENCE} s")

    def outputs(self, graph: dict[str, Any]) -> dict[str, Any]:
        """Executes a graph that must succeed; node id -> its ui output."""
        entry = self.run(graph)
        assert entry["status"]["status_str"] == "success", entry["status"]
        return entry["outputs"]

    def error(self, graph: dict[str, Any]) -> str:
        """Executes a graph that must fail; the message that a person sees."""
        entry = self.run(graph)
        errors = [data for kind, data in entry["status"]["messages"] if kind == "execution_error"]
        assert errors, entry["status"]
        return errors[0]["exception_message"].strip()

    def file(self, entry: dict[str, str]) -> bytes:
        keys = ("filename", "subfolder", "type")
        return self.get(f"/view?{urllib.parse.urlencode({key: entry[key] for key in keys})}").body

    def pictures(self, entries: list[dict[str, str]]) -> list[Image.Image]:
        return [Image.open(io.BytesIO(self.file(entry))) for entry in entries]


def workflow(name: str, api: bool = True) -> dict[str, Any]:
    """A bundled workflow, in API format or as the editor saves it."""
    return json.loads((WORKFLOWS / ("api" if api else "") / f"{name}.json").read_text("utf-8"))


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
