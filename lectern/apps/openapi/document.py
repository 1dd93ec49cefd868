"""Puts the OpenAPI 3.1 document together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..contract import Contract
from ..inputs import Input
from ..nodeinfo import Kind
from ..schema import FILE_MB, input_schema, property_schema
from ..surface.submission import URL_LENGTH
from .examples import run_example
from .operations import STREAM, V1, file_paths, operation, publish_paths, run_paths, service_paths
from .responses import responses
from .schemas import HOOK_EVENTS, METADATA, PRIORITY, VERSION, schemas
from .words import BYTES, GUEST, STRING, WITH_KEY, Schema, answer, array, closed, either, parameter, ref

TAGS = {
    "Apps": "What can be run.",
    "Runs": "One execution each; kept until it expires.",
    "Files": "Pictures and other files for inputs.",
    "Publish": "Workflows become apps. Needs the scope publish.",
    "Access": "Keys and who is asking.",
    "Service": "Health and figures.",
}
SEED: Schema = either({"type": "integer", "minimum": 0}, {"const": "random"})
PREFER = "`wait=30` answers when the run has ended, at the latest after so many seconds; `respond-async` does not wait."
TIME_SPAN = "^([1-9][0-9]{0,3}[sm]|[1-9][0-9]?h)$"
WEB_ADDRESS: Schema = {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": URL_LENGTH}
IDEMPOTENCY = "A repeated call with the same key and body gets the first call's run."
CANCEL_AFTER = "The run is cancelled after this time: `90s`, `10m`, `1h`."

View = Mapping[str, Any]  # an app as GET /apps/{slug} shows it


def openapi_document(
    apps: Sequence[tuple[View, Contract]],
    base_url: str,
    access: str,
    *,
    everything: bool = True,
    max_mb: int = FILE_MB,
    version: str = "1",
) -> dict[str, Any]:
    """The document of all apps, or with `everything` off of what a caller of these apps needs.

    Args:
        base_url: where this server is reached, without a slash at the end.
        access: `keys` when calls need one, else `loopback` or `open`.
        max_mb: of one input file, in megabytes.
        version: of Lectern.
    """
    paths = {path: item for view, contract in apps for path, item in _app_paths(view, contract, max_mb).items()}
    paths |= run_paths() | file_paths()
    if everything:
        paths |= publish_paths() | service_paths()
    else:
        paths |= {f"{V1}/apps/{quote(str(view['slug']))}": {"get": _look(view)} for view, _ in apps}
    tags = {operation["tags"][0] for item in paths.values() for operation in item.values()}
    return {
        "openapi": "3.1.0",
        "info": {"title": _title(apps, everything), "version": version, "description": _description(apps, everything)},
        "servers": [{"url": base_url}],
        "security": _security(access),
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in tags],
        "paths": paths,
        "components": {"schemas": schemas(), "responses": responses(), "securitySchemes": _schemes()},
    }


def _title(apps: Sequence[tuple[View, Contract]], everything: bool) -> str:
    return "Lectern apps" if everything or not apps else str(apps[0][0]["title"])


def _description(apps: Sequence[tuple[View, Contract]], everything: bool) -> str:
    if everything or not apps:
        return "ComfyUI workflows as apps: named inputs, runs with progress, durable results."
    return str(apps[0][0].get("description") or "")


def _security(access: str) -> list[dict[str, list[str]]]:
    return list(WITH_KEY) if access == "keys" else [{}]


def _schemes() -> dict[str, Schema]:
    return {
        "key": {"type": "http", "scheme": "bearer", "description": "A key: `Authorization: Bearer lct_...`."},
        "basic": {"type": "http", "scheme": "basic", "description": "Any user name; the key is the password."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "lectern_session",
            "description": "What POST /lectern/v1/session sets.",
        },
    }


def _app_paths(view: View, contract: Contract, max_mb: int) -> dict[str, Any]:
    """The runs of one app, with its own inputs."""
    slug, title = str(view["slug"]), str(view["title"])
    most = int(_options(view).get("max_n") or 1)
    body = {
        "application/json": {"schema": _json_request(contract, most, max_mb), "example": run_example(contract)},
        "multipart/form-data": {"schema": _form_request(contract, most, max_mb)},
    }
    location = {"Location": {"schema": STRING, "description": "The run's address."}}
    ended = answer("The run has ended.", ref("Run"), headers=location)
    ended["content"] |= STREAM
    answers = {
        "201": answer("The run is queued.", ref("Run"), headers=location),
        "200": ended,
        "202": answer("The time to wait is over and the run still goes on.", ref("Run"), headers=location),
    }
    headers = [
        parameter("Prefer", "header", STRING, PREFER),
        parameter("Idempotency-Key", "header", {"type": "string", "pattern": "^[ -~]{1,255}$"}, IDEMPOTENCY),
        parameter("Cancel-After", "header", {"type": "string", "pattern": TIME_SPAN}, CANCEL_AFTER),
    ]
    post = operation(
        "Apps", f"run_{_identifier(view)}", f"Run {title}", answers, *headers,
        fails=(404, 409, 413, 415, 422), body=body,
    )  # fmt: skip
    public = GUEST if _options(view).get("public") else {}
    text = {"description": view["description"]} if view.get("description") else {}
    return {f"{V1}/apps/{quote(slug)}/runs": {"post": {**post, **text, **public}}}


def _look(view: View) -> Schema:
    name = f"get_{_identifier(view)}"
    return operation(
        "Apps", name, f"Look at {view['title']}", {"200": answer("The app.", ref("App"))}, fails=(404,), guest=True
    )


def _identifier(view: View) -> str:
    return re.sub("[^a-z0-9]", "_", str(view["slug"]))


def _options(view: View) -> Mapping[str, Any]:
    options = view.get("options")
    return options if isinstance(options, Mapping) else {}


def _takes(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _json_request(contract: Contract, most: int, max_mb: int) -> Schema:
    required = any(item.required for item in contract.inputs)
    return closed(
        {
            "input": input_schema(contract, max_mb),
            "version": VERSION,
            "seed": SEED | {"description": "For every seed that `input` does not name."},
            "n": {
                "type": "integer",
                "minimum": 1,
                "maximum": most,
                "description": "Executions, each with the next seed.",
            },
            "priority": PRIORITY | {"description": "As the app says, when it is not given."},
            "metadata": METADATA,
            "webhook": WEB_ADDRESS,
            "webhook_events_filter": array(HOOK_EVENTS, uniqueItems=True, minItems=1),
        },
        ("input",) if required else (),
    )


def _form_request(contract: Contract, most: int, max_mb: int) -> Schema:
    """A field for each input; files are parts of their own, or as text what the JSON request takes."""
    fields = {item.name: _form_field(item, max_mb) for item in contract.inputs}
    special = {
        "_version": VERSION,
        "_seed": SEED,
        "_n": _takes(most),
        "_priority": PRIORITY,
        "_metadata": {"type": "string", "contentMediaType": "application/json", "contentSchema": METADATA},
        "_webhook": WEB_ADDRESS,
    }
    return closed({**fields, **special}, tuple(item.name for item in contract.inputs if item.required))


def _form_field(item: Input, max_mb: int) -> Schema:
    schema = property_schema(item, max_mb)
    if item.kind is not Kind.FILE:
        return schema
    return {**{key: value for key, value in schema.items() if key != "default"}, **BYTES}
