"""The verbs about apps as they are: apps, show, export, versions, activate, delete."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .client import V1
from .console import note, tell, tell_json, tell_table
from .errors import SUCCEEDED, WrongUse
from .verbs import Verbs, client_of


def app_path(slug: str) -> str:
    return f"{V1}/apps/{quote(slug, safe='')}"


def add_to(verbs: Verbs) -> None:
    apps = verbs.add("apps", list_apps, "list the apps")
    apps.add_argument("--search", metavar="WORDS", default="", help="only apps with these words")
    verbs.json(apps)
    show = verbs.add("show", show_app, "show an app: its inputs and outputs")
    show.add_argument("slug")
    show.add_argument("--version", type=int, metavar="N", help="another version than the active one")
    verbs.json(show)
    export = verbs.add("export", export_app, "save an app as one file, which import reads")
    export.add_argument("slug")
    export.add_argument(
        "-o", "--output", metavar="FILE", help="default: <slug>.lectern.json; - for the standard output"
    )
    export.add_argument("--version", type=int, metavar="N", help="another version than the active one")
    versions = verbs.add("versions", list_versions, "list the versions of an app")
    versions.add_argument("slug")
    verbs.json(versions)
    activate = verbs.add("activate", activate_version, "make a version the one that runs")
    activate.add_argument("slug")
    activate.add_argument("number", type=int)
    delete = verbs.add("delete", delete_app, "delete an app; its runs stay")
    delete.add_argument("slug")


def list_apps(asked: argparse.Namespace) -> int:
    client = client_of(asked)
    apps = client.get(f"{V1}/apps?q={quote(asked.search)}")["apps"]
    if asked.json:
        tell_json(apps)
    elif apps:
        tell_table([(app["slug"], f"v{app['version']}", app["title"], _lack(app)) for app in apps])
    else:
        note(_nothing(asked.search, client.keyed))
    return SUCCEEDED


def _nothing(search: str, keyed: bool) -> str:
    """Where keys are asked for, the server shows nobody more than they may use."""
    whose = "that this key may use" if keyed else "that can be used without a key"
    return f"There is no app {whose}{' and that has these words' if search else ''}."


def _lack(app: Mapping[str, Any]) -> str:
    names = ", ".join(item["name"] for item in app["missing"])
    return f"missing: {names}" if names else ""


def show_app(asked: argparse.Namespace) -> int:
    version = "" if asked.version is None else f"?version={asked.version}"
    client = client_of(asked)
    app = client.get(app_path(asked.slug) + version)
    if asked.json:
        tell_json(app)
        return SUCCEEDED
    tell(f"{app['title']} ({app['slug']}, version {app['version']})")
    for line in (app["description"], f"page: {client.url}{app['urls']['web']}", _lack(app)):
        if line:
            tell(line)
    schema = app["inputs"]
    tell("\ninputs")
    tell_table(
        [_input_row(name, one, name in schema["required"]) for name, one in schema["properties"].items()] or [("none",)]
    )
    tell("\noutputs")
    tell_table([(f"  {name}", one["media"] or "", one["title"]) for name, one in app["outputs"].items()])
    if app["faces"]["roles"]:
        tell("\nroles, for OpenAI's and AUTOMATIC1111's APIs")
        tell_table([(f"  {role}", name) for role, name in app["faces"]["roles"].items()])
    for stale in app["stale"]:
        note(f"left out: {stale['name']} ({stale['reason']})")
    return SUCCEEDED


def _input_row(name: str, schema: Mapping[str, Any], required: bool) -> tuple[str, ...]:
    default = "required" if required else json.dumps(schema.get("default"), ensure_ascii=False)
    return f"  {name}", kind_of(schema), default[:60], str(schema.get("title", ""))


def kind_of(schema: Mapping[str, Any]) -> str:
    """What an input takes, in a word or two."""
    if "x-media" in schema:
        return schema["x-media"]
    if schema.get("x-seed"):
        return "seed"
    if "enum" in schema:
        choices = " | ".join(map(str, schema["enum"]))
        return choices if len(choices) <= 60 else f"{len(schema['enum'])} choices"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f" {low} to {high}" if low is not None and high is not None else ""
    return f"{schema.get('type', '')}{limits}"


def export_app(asked: argparse.Namespace) -> int:
    version = "" if asked.version is None else f"?version={asked.version}"
    document = client_of(asked).get(f"{app_path(asked.slug)}/export{version}")
    if asked.output == "-":
        tell_json(document)
        return SUCCEEDED
    file = Path(asked.output or f"{document['slug']}.lectern.json")
    try:
        part = file.with_name(f"{file.name}.part")
        part.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise WrongUse(f"{file} cannot be written: {error.strerror}.") from None
    tell(str(file))
    return SUCCEEDED


def list_versions(asked: argparse.Namespace) -> int:
    versions = client_of(asked).get(f"{app_path(asked.slug)}/versions")["versions"]
    if asked.json:
        tell_json(versions)
    else:
        tell_table([
            (one["version"], one["created_at"], one["source"], one["title"], "active" if one["active"] else "")
            for one in versions
        ])  # fmt: skip
    return SUCCEEDED


def activate_version(asked: argparse.Namespace) -> int:
    app = client_of(asked).json("POST", f"{app_path(asked.slug)}/versions/{asked.number}/activate")
    note(f"{app['slug']} now runs version {app['version']}.")
    return SUCCEEDED


def delete_app(asked: argparse.Namespace) -> int:
    client_of(asked).json("DELETE", app_path(asked.slug))
    note(f"{asked.slug} is deleted; its runs stay.")
    return SUCCEEDED
