"""Every piece of code in the README's section on apps, run as it stands there against a real ComfyUI."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from support import readme
from support.client import Comfy, node, workflow
from tools.server import CHECKOUT, ComfyServer, free_port

USUAL = "http://127.0.0.1:8188"
V1 = "/lectern/v1"
PHOTOS = {
    "1": node("LoadImage", image="none.png"),
    "2": node("SaveImage", images=["1", 0], filename_prefix="photo"),
}


@pytest.fixture
def place(comfy: Comfy, tmp_path: Path) -> Iterator[Path]:
    """A folder with a picture and a saved workflow, beside a server with the app `my-photos`."""
    Image.new("RGB", (32, 24), (10, 120, 200)).save(tmp_path / "photo.png")
    (tmp_path / "deck.json").write_text(json.dumps(workflow("deck_from_titles", api=False)))
    picks = [{"node_id": "1", "widget": "image", "name": "picture"}]
    answer = comfy.request("PUT", f"{V1}/apps/my-photos", {"prompt": PHOTOS, "inputs": picks})
    assert answer.status == 201, answer.body
    yield tmp_path
    for app in comfy.get(f"{V1}/apps").json["apps"]:
        if app["slug"] in ("my-photos", "my-deck", "second-deck"):
            comfy.request("DELETE", app["urls"]["get"])


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """ComfyUI/custom_nodes/lectern, and the private folder where it lies from there."""
    (tmp_path / "ComfyUI" / "custom_nodes").mkdir(parents=True)
    (tmp_path / "ComfyUI" / "user").mkdir()
    shutil.copytree(CHECKOUT / "lectern", tmp_path / "ComfyUI" / "custom_nodes" / "lectern" / "lectern")
    return tmp_path / "ComfyUI" / "custom_nodes" / "lectern"


def ran(command: list[str], folder: Path, **environ: str) -> str:
    """The standard output of a command that must succeed."""
    told = {**os.environ, "PYTHONPATH": "", **environ}
    done = subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(script: str, folder: Path, comfy: Comfy) -> str:
    """`python` is this one, the home folder the test's, and the server the test's."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "python").unlink(missing_ok=True)
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tools / "python").chmod(0o755)
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(folder), "LECTERN_URL": comfy.url}
    return ran(["bash", "-euc", script.replace(USUAL, comfy.url)], folder, **environ)


def python(script: str, folder: Path, comfy: Comfy) -> str:
    return ran([sys.executable, "-c", script.replace(USUAL, comfy.url)], folder)


def test_the_command_line(comfy: Comfy, place: Path, pack: Path):
    shell(readme.block("bash", "lectern publish"), place, comfy)
    assert sorted(file.suffix for file in (place / "slides").iterdir()) == [".png", ".pptx"]
    first, second = (comfy.get(f"{V1}/apps/{slug}").json for slug in ("my-deck", "second-deck"))
    assert first["title"] == second["title"] == "My deck" and first["inputs"] == second["inputs"]


def test_the_picks(comfy: Comfy, place: Path, pack: Path):
    (place / "picks.json").write_text(readme.block("json", "node_id"))
    script = f"cd {pack} && python -m lectern publish ~/deck.json --slug my-deck --picks ~/picks.json"
    shell(script, place, comfy)
    app = comfy.get(f"{V1}/apps/my-deck").json
    assert list(app["inputs"]["properties"]) == ["colours", "titles"] and list(app["outputs"]) == ["deck"]
    assert app["stale"] == [] and app["inputs"]["required"] == ["titles"]


def test_the_first_key(comfy: Comfy, place: Path, pack: Path):
    script = f"cd {pack}\n{readme.block('bash', 'keys create')}"
    assert shell(script, place, comfy).startswith("lct_")
    assert (place / "ComfyUI" / "user" / "__lectern" / "lectern.db").is_file()


def test_curl_and_the_answer_as_it_is_shown(comfy: Comfy, place: Path):
    run = json.loads(shell(readme.block("bash", 'titles":'), place, comfy))
    assert run["status"] == "succeeded" and len(run["output"]["pictures"]) == 2
    shown = json.loads(readme.block("json", "deck_00001_"))
    (deck,), (told,) = run["output"]["deck"], shown["output"]["deck"]
    assert (deck["name"], deck["url"].replace(run["id"], "…")) == (told["name"], told["url"])


def test_curl_with_a_form(comfy: Comfy, place: Path):
    assert_photo(comfy, json.loads(shell(readme.block("bash", "-F picture"), place, comfy)))


def assert_photo(comfy: Comfy, run: dict[str, Any]) -> None:
    assert run["status"] == "succeeded", run
    (item,) = run["outputs"]
    assert comfy.get(item["url"]).headers["Content-Type"] == "image/png"


def test_python_with_the_standard_library(comfy: Comfy, place: Path):
    python(readme.block("python", "urllib.request"), place, comfy)
    assert len(list(place.glob("slide_*.png"))) == 2 and len(list(place.glob("*.pptx"))) == 1


def test_httpx(comfy: Comfy, place: Path):
    assert python(readme.block("python", "httpx"), place, comfy).startswith("succeeded ['/lectern/v1/runs/")


@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no Chromium on this machine")
def test_javascript_in_a_browser(comfy: Comfy):
    """fetch and EventSource are a browser's: Node.js has no EventSource before 22."""
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{comfy.url}/lectern/health")
        page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
        page.evaluate(f"async () => {{ {readme.block('js', 'EventSource')} }}")
        browser.close()
    assert said[-1].startswith("succeeded [/lectern/v1/runs/") and len(said) > 1
    assert all(0 <= float(value) <= 1 for value in said[:-1])


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js to read n8n's expressions with")
@pytest.mark.parametrize("word", ["random", "resumeUrl"])
def test_n8n(comfy: Comfy, server: ComfyServer, tmp_path: Path, word: str):
    """What n8n makes of the JSON body: its expressions are JavaScript."""
    expression = readme.block("text", word).strip().removeprefix("{{").removesuffix("}}")
    port = free_port()
    script = f"""
        const $json = {{ titles: 'A "quoted"\\nline' }}, $execution = {{ resumeUrl: "http://127.0.0.1:{port}/x" }};
        console.log({expression});"""
    body = json.loads(ran(["node", "-e", script], tmp_path))
    with allowed(server, port):
        answer = comfy.post(f"{V1}/apps/deck-from-titles/runs", body, Prefer="wait=60")
    assert answer.status == 200 and answer.json["status"] == "succeeded", answer.body
    assert comfy.get(answer.json["output"]["deck"][0]["url"]).status == 200


@contextmanager
def allowed(server: ComfyServer, port: int) -> Iterator[None]:
    """Webhooks may go to a port of this machine, while the block lasts."""
    file = server.base / "user" / "__lectern" / "lectern.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'[apps]\nwebhook_hosts = ["127.0.0.1:{port}"]\nprivate_hosts = ["127.0.0.1"]\n')
    try:
        yield
    finally:
        file.unlink()


def test_the_receiver_of_webhooks(comfy: Comfy, server: ComfyServer, tmp_path: Path):
    port = free_port()
    script = readme.block("python", "webhook-id").replace("9000", str(port))
    private = str(server.base / "user" / "__lectern")
    with allowed(server, port):
        secret = ran([sys.executable, "-m", "lectern", "webhook-secret", "--offline", private], CHECKOUT).strip()
        receiver = subprocess.Popen(
            [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "WEBHOOK_SECRET": secret},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            hook = f"http://127.0.0.1:{port}/"
            forged = Comfy(hook.rstrip("/"))
            wait_for(forged)
            assert forged.request("POST", "/", b"{}", {"webhook-signature": "v1,AAAA"}).status == 401
            body = {"input": {"titles": "Hello"}, "webhook": hook}
            run = comfy.post(f"{V1}/apps/deck-from-titles/runs", body, Prefer="wait=60").json
            assert receiver.stdout is not None
            line = receiver.stdout.readline()
        finally:
            receiver.terminate()
            receiver.communicate()
    assert line.startswith(f"run.completed succeeded ['/lectern/v1/runs/{run['id']}/outputs/0'")


def wait_for(receiver: Comfy) -> None:
    """Until it listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            receiver.request("POST", "/", b"{}")
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the receiver did not start")
