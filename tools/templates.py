"""The pack's templates, published as apps on a server; those that are there already stay as they are."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.app_client import AppClient
from tools.cache import CHECKOUT
from tools.console import step

FOLDER = CHECKOUT / "workflows"
NOTE = "MarkdownNote"


def publish_templates(client: AppClient, folder: Path = FOLDER) -> list[str]:
    """Their slugs, those that had to be published (anew)."""
    documents = [document_of(file) for file in sorted(folder.glob("*.json"))]
    with step(f"looking at {len(documents)} templates"):
        known = {app["slug"] for app in client.apps()}
        changed = [one for one in documents if one["slug"] not in known or differs(one, client.export(one["slug"]))]
    if changed:
        with step(f"publishing {len(changed)} of them"):
            for document in changed:
                client.publish(document["slug"], document)
    return [document["slug"] for document in changed]


def document_of(file: Path) -> dict[str, Any]:
    """What is published of a template: both formats, its picture, and how it calls and explains itself."""
    workflow = json.loads(file.read_text("utf-8"))
    section = workflow.get("extra", {}).get("lectern", {}).get("app") or {}
    title, description = read_note(workflow)
    return {
        "slug": section.get("slug") or file.stem.replace("_", "-"),
        "title": section.get("title") or title,
        "description": section.get("description") or description,
        "workflow": workflow,
        "prompt": json.loads((file.parent / "api" / file.name).read_text("utf-8")),
        "picture": picture(file.with_suffix(".jpg")),
    }


def read_note(workflow: Mapping[str, Any]) -> tuple[str, str]:
    """Heading and first paragraph of the note in the graph, as plain text."""
    note = next(node["widgets_values"][0] for node in workflow["nodes"] if node["type"] == NOTE)
    heading, _, rest = note.lstrip("# ").partition("\n")
    return heading.strip(), re.sub(r"\*+", "", rest.strip().partition("\n\n")[0]).replace("\n", " ")


def picture(file: Path) -> str:
    """A test keeps thumbnails below 150 KB, so that they always fit."""
    return f"data:image/jpeg;base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def differs(document: Mapping[str, Any], published: Mapping[str, Any]) -> bool:
    return any(published.get(key) != value for key, value in document.items())
