"""`make demo`: a deck planned and made from a topic, by the bundled app run over HTTP on a real ComfyUI.

No model, no GPU, no account: rules plan it, and its pictures are drawn. What comes out is brought into demo/. Then all
templates are published as apps.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tools.app_client import AppClient
from tools.cache import CHECKOUT
from tools.console import ToolError, say, step
from tools.environment import Environment, prepare
from tools.process import child_environment
from tools.progress import ProgressView, read_progress
from tools.serve import Served, start
from tools.templates import publish_templates

SLUG = "topic-to-illustrated-deck"
INPUT = {
    "topic": "Quieter city streets",
    "slides": 5,
    "audience": "the city council",
    "palette": "aurora",
    "seed": 7,
}
FOLDER = CHECKOUT / "demo"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
# What a former demo wrote; anything else in the folder is the person's own.
OURS = ("slide-[0-9][0-9].*", "deck.pptx", "outline.md", "contact-sheet.png")


@dataclass(frozen=True)
class Output:
    """One result of a run."""

    url: str
    content_type: str
    name: str  # of the file, as the server calls it


def demo(_: Sequence[str]) -> int:
    """Every step, told as it goes."""
    say("1. Getting ready")
    environment = prepare()
    say(f"  ComfyUI {environment.comfyui.version} in {environment.comfyui.path}")
    say("2. Starting ComfyUI with Lectern")
    served = start(environment)
    say(f"  it answers at {served.url}")
    client = AppClient(served.url, Path(served.log))
    outputs = run_app(client)
    say(f"4. Bringing the results to {FOLDER}")
    files = save_outputs(client, outputs)
    sheet = make_contact_sheet(environment)
    say("5. Publishing the templates as apps")
    publish_templates(client)
    apps = client.apps()
    say(app_summary(apps))
    say(closing_words(served, [*files, sheet], len(apps)))
    return 0


def run_app(client: AppClient) -> list[Output]:
    """Submit the run and follow it to its end; a run that did not succeed is an error."""
    try:
        return read_outputs(follow_run(client))
    except (KeyError, TypeError, ValueError) as error:
        what = f"The server's answer is not what tools/demo.py expects ({error!r})"
        raise ToolError(f"{what}: load the checkout's code with `make serve` and try again.", client.log) from error


def follow_run(client: AppClient) -> dict[str, Any]:
    """One run of the bundled app, its progress shown."""
    app = client.app(SLUG)
    say(f'3. Running the app "{app.get("title", SLUG)}": {INPUT["slides"]} slides on "{INPUT["topic"]}"')
    view = ProgressView()
    run = client.follow(client.submit(SLUG, INPUT), lambda answer: view.show(read_progress(answer)))
    view.close()
    if run["status"] != "succeeded":
        error = run.get("error") or {}
        reason = f"{error.get('code', 'unknown')}: {error.get('message', 'no reason given')}"
        raise ToolError(f"The run {run['id']} {run['status']} ({reason}): see {client.log}.", client.log)
    return run


def read_outputs(run: dict[str, Any]) -> list[Output]:
    """A run's outputs, in the app's order."""
    outputs = [Output(item["url"], item["content_type"], item["name"]) for item in run["outputs"]]
    if not any(is_picture(output) for output in outputs):
        raise ToolError(f"The run {run['id']} succeeded but gave no picture: please report that as a bug in Lectern.")
    return outputs


def is_picture(output: Output) -> bool:
    return output.content_type.startswith("image/")


def save_outputs(client: AppClient, outputs: list[Output]) -> list[Path]:
    """Download all of them in place of a former demo's files."""
    with step(f"downloading {len(outputs)} files"):
        contents = [client.call(output.url) for output in outputs]
    FOLDER.mkdir(exist_ok=True)
    for pattern in OURS:
        for old in FOLDER.glob(pattern):
            old.unlink()
    files = [FOLDER / name for name in local_names(outputs)]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return files


def local_names(outputs: list[Output]) -> Iterator[str]:
    """slide-01.png and so on for pictures, deck.pptx and outline.md, a server's own name for anything else."""
    slides = 0
    for output in outputs:
        name = PurePosixPath(output.name).name
        if is_picture(output):
            slides += 1
            name = f"slide-{slides:02}{PurePosixPath(name).suffix or '.png'}"
        elif output.content_type == PPTX:
            name = "deck.pptx"
        elif output.content_type.startswith("text/plain"):
            name = "outline.md"
        yield name


def make_contact_sheet(environment: Environment) -> Path:
    """All slides on one picture."""
    command = [str(environment.python), "-m", "tools.contact_sheet", str(FOLDER)]
    with step("drawing the contact sheet"):
        done = subprocess.run(
            command, cwd=CHECKOUT, env=child_environment(), capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ToolError(f"The slides are in {FOLDER}, but their contact sheet could not be drawn: {reason}.")
    return FOLDER / "contact-sheet.png"


def app_summary(apps: Sequence[Mapping[str, Any]]) -> str:
    """Which apps need what this machine lacks."""
    waiting = [app["title"] for app in apps if app["missing"]]
    first = f"; these need models or files first, as their pages say: {', '.join(waiting)}" if waiting else ""
    return f"  {len(apps)} apps{first}"


def closing_words(served: Served, files: list[Path], apps: int) -> str:
    """Where everything is and what to try next."""
    listing = "\n".join(f"  {file.relative_to(CHECKOUT)}  {file.stat().st_size / 1024:.0f} KB" for file in files)
    body = json.dumps({"input": {"topic": "Tea, from leaf to cup", "slides": 7, "palette": "sunset", "seed": 1}})
    return f"""
Done. In {CHECKOUT}:
{listing}

Apps with pages of their own: {served.url}/lectern  ({apps} apps)

ComfyUI is still running: {served.url}  (log: {served.log})

Try next:
  - open demo/deck.pptx in PowerPoint, Keynote or LibreOffice, or look at demo/contact-sheet.png
  - demo/outline.md is the plan: correct it and send it back as "outline", and the deck follows
  - open {served.url}, then Templates, Lectern, "topic_to_illustrated_deck": the same as a graph; press Run
  - make a deck from anywhere:
      curl -s {served.url}/lectern/v1/apps/{SLUG}/runs \\
        -H 'Content-Type: application/json' -H 'Prefer: wait=60' -d '{body}'
  - make stop    stops ComfyUI
  - make test    checks and tests everything"""
