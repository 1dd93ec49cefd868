"""What travels: apps, runs, files, keys and errors, as JSON Schemas of the components."""

from ..faces.roles import Role
from ..media import Media
from ..picks import MOST_PICKS, NAME_LENGTH, TEXT_LENGTH
from ..publishing.proposals import Group
from ..publishing.requests import DESCRIPTION_LENGTH, TITLE_LENGTH
from ..publishing.versions import AppOptions
from ..runs import Priority, RunStatus
from ..surface.submission import EVENTS, METADATA_KEY_LENGTH, METADATA_KEYS, METADATA_VALUE_LENGTH
from .words import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    COUNT_OR_NULL,
    INTEGER,
    JSON_OBJECT,
    STRING,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    URL,
    URL_OR_NULL,
    Schema,
    array,
    choice,
    closed,
    either,
    or_null,
    record,
    ref,
)

STATUSES = tuple(map(str, RunStatus))
SLUG: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}
BACKEND: Schema = {"type": "string", "pattern": "^(sdwebui|diffusers):.{1,53}$", "maxLength": 63}
VERSION: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
PRIORITY = choice(*map(str, Priority))
SCOPES = choice("run", "publish", "admin")
METADATA: Schema = {
    "type": "object",
    "maxProperties": METADATA_KEYS,
    "propertyNames": {"maxLength": METADATA_KEY_LENGTH},
    "additionalProperties": {"type": "string", "maxLength": METADATA_VALUE_LENGTH},
}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}
TEXT: Schema = {"type": "string", "maxLength": TEXT_LENGTH}
HOOK_EVENTS = choice(*EVENTS)
TITLE: Schema = {"type": "string", "maxLength": TITLE_LENGTH}
DESCRIPTION: Schema = {"type": "string", "maxLength": DESCRIPTION_LENGTH}


def schemas() -> dict[str, Schema]:
    """All of them by name."""
    return {**_errors(), **_apps(), **_publishing(), **_runs(), **_access()}


def _errors() -> dict[str, Schema]:
    detail = record({"code": STRING, "message": STRING, "details": ANYTHING}, ("details",))
    return {"Error": record({"error": detail}, description="What went wrong: a stable code and one sentence.")}


def _apps() -> dict[str, Schema]:
    output = record(
        {
            "node_id": STRING,
            "class_type": STRING,
            "title": STRING,
            "media": choice(*(str(m) for m in Media if m is not Media.MASK), None),
            "media_types": array(STRING),
        }
    )
    options = record(AppOptions.model_json_schema()["properties"])
    roles: Schema = {
        "type": "object",
        "propertyNames": {"enum": list(map(str, Role))},
        "additionalProperties": NAME,
        "description": "Inputs by what OpenAI's and AUTOMATIC1111's APIs call what they are for.",
    }
    urls = record(
        dict.fromkeys(("get", "runs", "web", "openapi", "versions", "export", "picture"), URL), optional=("picture",)
    )
    app = record(
        {
            "slug": SLUG,
            "title": STRING,
            "description": STRING,
            "version": VERSION,
            "active_version": VERSION,
            "versions": array(VERSION),
            "source": choice("bundled", "app_mode", "picks", "proposed", "backend"),
            "inputs": JSON_OBJECT | {"description": "JSON Schema of a run's input; properties in the order of a form."},
            "outputs": {"type": "object", "additionalProperties": output},
            "stale": array(ref("Stale")),
            "missing": array(ref("Missing")),
            "options": options,
            "faces": record({"roles": roles, "derived": roles}),
            "picture": URL_OR_NULL,
            "created_at": TIME_OR_NULL,
            "updated_at": TIME_OR_NULL,
            "urls": urls,
        }
    )
    version = record(
        {
            "version": VERSION,
            "title": STRING,
            "created_at": TIME_OR_NULL,
            "source": STRING,
            "active": BOOLEAN,
            "inputs": COUNT,
            "outputs": COUNT,
        }
    )
    missing = record(
        {
            "kind": choice("node", "model", "file"),
            "name": STRING,
            "node_id": STRING,
            "title": STRING,
            "widget": STRING,
        }
    )
    return {
        "App": app,
        "AppList": record({"apps": array(ref("App"))}),
        "Stale": record({"id": STRING, "name": STRING, "reason": STRING}),
        "Missing": missing,
        "VersionList": record({"versions": array(version)}),
    }


def _publishing() -> dict[str, Schema]:
    place = closed({"node_id": NAME, "widget": NAME}, ("node_id", "widget"))
    number: Schema = {"type": "number"}
    pick = {
        "node_id": NAME | {"description": "In the API-format graph: `12:5` is node 5 inside the subgraph node 12."},
        "widget": NAME,
        "name": NAME,
        "label": TEXT,
        "description": TEXT,
        "required": BOOLEAN,
        "minimum": number,
        "maximum": number,
        "max_length": {"type": "integer", "minimum": 1},
        "choices": array(either(STRING, number, BOOLEAN)),
        "also": array(place, maxItems=MOST_PICKS, description="Further widgets that get the same value."),
    }
    output_pick = {"node_id": NAME, "name": NAME, "title": TEXT}
    publish = closed(
        {
            "workflow": or_null(JSON_OBJECT | {"description": "As the editor saves it."}),
            "prompt": JSON_OBJECT | {"description": "In API format; without it the workflow is converted."},
            "from": {"type": "string", "minLength": 1, "maxLength": 500}
            | {"description": "A file in the user's workflows folder, instead of `workflow`."},
            "title": or_null(TITLE),
            "description": or_null(DESCRIPTION),
            "inputs": array(ref("Pick"), maxItems=MOST_PICKS),
            "outputs": array(ref("OutputPick"), maxItems=MOST_PICKS),
            "options": ref("AppOptions"),
            "picture": or_null(STRING) | {"description": "A data URL of a PNG, JPEG or WebP of at most 512 KB."},
            "lectern_app": {"const": 1},
            "slug": SLUG,
        }
    )
    proposed = {
        "picked": BOOLEAN,
        "type": STRING,
        "current": ANYTHING,
        "group": choice(*map(str, Group)),
        "media": TEXT_OR_NULL,
    }
    proposal = record(
        {
            "source": choice("app_mode", "proposed"),
            "inputs": array(record({**pick, **proposed}, optional=tuple(set(pick) - {"node_id", "widget", "name"}))),
            "outputs": array(record({**output_pick, "name": STRING, "class_type": STRING, "picked": BOOLEAN})),
            "stale": array(ref("Stale")),
            "roles": {"type": "object", "additionalProperties": place},
            "slug": STRING,
            "title": STRING,
            "description": STRING,
        }
    )
    saved = record({"file": STRING, "title": STRING, "app_mode": BOOLEAN, "published": TEXT_OR_NULL})
    return {
        "Pick": closed(pick, ("node_id", "widget")),
        "OutputPick": closed(output_pick, ("node_id",)),
        "AppOptions": AppOptions.model_json_schema(),
        "Publish": publish,
        "AppChange": closed(
            {"title": or_null(TITLE), "description": or_null(DESCRIPTION), "options": ref("AppOptions")}
        ),
        "AppExport": record({"lectern_app": {"const": 1}, "slug": SLUG}),
        "Proposal": proposal,
        "WorkflowList": record({"workflows": array(saved)}),
    }


def _runs() -> dict[str, Schema]:
    item = {
        "url": URL,
        "content_type": STRING,
        "name": STRING,
        "size_bytes": COUNT_OR_NULL,
        "node_id": STRING,
        "take": COUNT | {"description": "Which of the `n` executions it came from."},
        "text": STRING | {"description": "The text itself, of a text output."},
    }
    progress = record(
        {
            "value": {"type": "number", "minimum": 0, "maximum": 1},
            "nodes_done": COUNT,
            "nodes_total": COUNT,
            "current_node": TEXT_OR_NULL,
            "step": COUNT_OR_NULL,
            "steps": COUNT_OR_NULL,
            "message": TEXT_OR_NULL,
            "take": COUNT_OR_NULL,
        }
    )
    error = record(
        {
            "code": STRING,
            "message": STRING,
            "node_id": TEXT_OR_NULL,
            "class_type": TEXT_OR_NULL,
            "title": TEXT_OR_NULL,
        }
    )
    run = record(
        {
            "id": {"type": "string", "format": "uuid"},
            "app": STRING,
            "version": VERSION,
            "status": choice(*STATUSES),
            "input": JSON_OBJECT | {"description": "What is used: with defaults, drawn seeds and files as URLs."},
            "n": {"type": "integer", "minimum": 1},
            "priority": PRIORITY,
            "worker": or_null(STRING | {"description": "In a fleet, who has or had it."}),
            "output": {"type": "object", "additionalProperties": array(ref("OutputItem"))},
            "outputs": array(record({**item, "output": STRING}, optional=("text",))),
            "error": or_null(error),
            "progress": or_null(progress),
            "queue_position": or_null({"type": "integer", "minimum": 1}),
            "logs": STRING,
            "metadata": {"type": "object", "additionalProperties": STRING},
            "metrics": record(
                {"queue_ms": NUMBER_OR_NULL, "execution_ms": NUMBER_OR_NULL, "cached_nodes": COUNT_OR_NULL}
            ),
            "created_at": TIME,
            "started_at": TIME_OR_NULL,
            "completed_at": TIME_OR_NULL,
            "expires_at": TIME_OR_NULL,
            "urls": record(dict.fromkeys(("get", "cancel", "events", "web", "zip"), URL)),
        }
    )
    file = record(
        {
            "id": STRING | {"pattern": "^[0-9a-f]{32}$"},
            "url": URL,
            "name": STRING,
            "content_type": STRING,
            "size_bytes": COUNT,
            "expires_at": TIME_OR_NULL,
        }
    )
    return {
        "Run": run,
        "OutputItem": record(item, optional=("text",)),
        "RunList": record({"runs": array(ref("Run")), "next": TEXT_OR_NULL}),
        "File": file,
    }


def _access() -> dict[str, Schema]:
    positive: Schema = {"type": "integer", "minimum": 1}
    key = {
        "id": either(STRING, INTEGER),
        "name": STRING,
        "prefix": STRING,
        "scopes": array(SCOPES),
        "apps": or_null(array(STRING)),
        "rate_per_minute": COUNT_OR_NULL,
        "concurrent": COUNT_OR_NULL,
        "created_at": TIME,
        "last_used_at": TIME_OR_NULL,
        "revoked_at": TIME_OR_NULL,
    }
    new_key = closed(
        {
            "name": NAME,
            "scopes": array(SCOPES, minItems=1, uniqueItems=True),
            "apps": or_null(array(either(SLUG, BACKEND), uniqueItems=True)),
            "rate_per_minute": or_null(positive),
            "concurrent": or_null(positive),
        },
        ("name", "scopes"),
    )
    session = record(
        {
            "access": choice("loopback", "keys", "open"),
            "signed_in": BOOLEAN,
            "name": TEXT_OR_NULL,
            "scopes": array(SCOPES),
        }
    )
    return {
        "Key": record(key),
        "KeyList": record({"keys": array(ref("Key"))}),
        "KeyMade": record({**key, "key": STRING | {"description": "The key itself; it is not shown again."}}),
        "KeyRequest": new_key,
        "Session": session,
        "SignIn": closed({"key": STRING}, ("key",)),
        "Health": record({"status": {"const": "ok"}}),
        **_fleet(),
        "Ready": record({"ready": BOOLEAN, "reasons": array(STRING)}),
    }


def _fleet() -> dict[str, Schema]:
    device = record({"name": STRING, "vram_total": COUNT, "vram_free": COUNT})
    worker = {
        "name": STRING,
        "state": choice("idle", "busy", "draining", "refused"),
        "reason": TEXT_OR_NULL,
        "version": STRING,
        "comfyui": STRING,
        "devices": array(device),
        "ram_free": COUNT,
        "run": TEXT_OR_NULL,
        "app": TEXT_OR_NULL,
        "since": TIME_OR_NULL,
    }
    dead = {"run": STRING, "app": STRING, "attempts": COUNT, "workers": array(STRING), "at": TIME_OR_NULL}
    fleet = {
        "engine": choice("embedded", "fleet"),
        "workers": array(record(worker)),
        "gateways": array(record({"name": STRING, "version": STRING})),
        "queues": array(record({"priority": choice("interactive", "batch"), "runs": COUNT})),
        "dead": array(record(dead)),
    }
    return {"Fleet": record(fleet)}
