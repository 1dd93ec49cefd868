"""The verbs that make versions of apps: publish, import."""

import argparse
from collections.abc import Mapping
from typing import Any

from .apps import app_path
from .client import Client
from .console import note, tell, tell_json
from .documents import data_url, is_export, publication, read_object, read_options, read_picks, slug_of
from .errors import SUCCEEDED, WrongUse
from .verbs import Verbs, client_of


def add_to(verbs: Verbs) -> None:
    publish = verbs.add("publish", publish_file, "publish a workflow as an app, or as its next version")
    publish.add_argument("file", help="a workflow as the editor saves it, in API format, or an exported app")
    publish.add_argument("--slug", help="the app's name in addresses; default: from the workflow, else the file's name")
    publish.add_argument(
        "--api", metavar="FILE", help="the same workflow in API format; spares the server converting it"
    )
    publish.add_argument("--title")
    publish.add_argument("--description")
    publish.add_argument("--picks", metavar="FILE", help="which widgets are inputs, and which nodes outputs (JSON)")
    publish.add_argument("--picture", metavar="FILE", help="PNG, JPEG or WebP of at most 512 KB")
    publish.add_argument("--options", metavar="JSON", help='such as {"max_seconds": 300, "roles": {"prompt": "motto"}}')
    publish.add_argument("--public", action="store_true", help="may be read and run without a key")
    publish.add_argument("--if-version", type=int, metavar="N", help="only when N is the active version; 0: a new app")
    verbs.json(publish)
    imported = verbs.add("import", import_file, "publish an app that export saved")
    imported.add_argument("file")
    imported.add_argument("--slug", help="another name in addresses than it had")
    verbs.json(imported)


def publish_file(asked: argparse.Namespace) -> int:
    body = publication(read_object(asked.file), asked.file)
    given = {"title": asked.title, "description": asked.description}
    body |= {key: value for key, value in given.items() if value is not None}
    if asked.api is not None:
        body |= publication(read_object(asked.api), asked.api)
    if asked.picks is not None:
        body |= read_picks(asked.picks)
    if asked.picture is not None:
        body["picture"] = data_url(asked.picture)
    options = {} if asked.options is None else read_options(asked.options)
    if asked.public:
        options["public"] = True
    if options:
        body["options"] = {**body.get("options", {}), **options}
    return _publish(asked, body, asked.if_version)


def import_file(asked: argparse.Namespace) -> int:
    document = read_object(asked.file)
    if not is_export(document):
        raise WrongUse(f"{asked.file} is not an exported app; use publish for a workflow.")
    return _publish(asked, document)


def _publish(asked: argparse.Namespace, body: Mapping[str, Any], version: int | None = None) -> int:
    slug = asked.slug or slug_of(body, asked.file)
    if not slug:
        raise WrongUse("Give the app's name in addresses with --slug; the file's name has no letter for it.")
    client = client_of(asked)
    headers = {} if version is None else {"If-Match": str(version)}
    app = client.json("PUT", app_path(slug), {**body, "slug": slug}, headers)
    if asked.json:
        tell_json(app)
    else:
        _report(client, app)
    return SUCCEEDED


def _report(client: Client, app: Mapping[str, Any]) -> None:
    inputs = ", ".join(app["inputs"]["properties"]) or "none"
    note(f"Published {app['title']}, version {app['version']}.")
    note(f"inputs: {inputs}; outputs: {', '.join(app['outputs'])}")
    for stale in app["stale"]:
        note(f"left out: {stale['name']} ({stale['reason']})")
    if app["missing"]:
        note(f"It cannot run here yet; missing: {', '.join(item['name'] for item in app['missing'])}")
    tell(client.url + app["urls"]["web"])
