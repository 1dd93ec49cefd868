"""Every address that does not depend on an app's inputs."""

from typing import Any

from ..surface.submission import LIST_DEFAULT, LIST_LIMIT
from .responses import failures
from .schemas import SLUG, STATUSES, VERSION
from .words import BYTES, GUEST, STRING, Schema, answer, json_body, parameter, ref

V1 = "/lectern/v1"
RUN_ID = parameter("id", "path", {"type": "string", "format": "uuid"}, "The run's id.")
FILE_ID = parameter("id", "path", {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "The file's id.")
APP_SLUG = parameter("slug", "path", SLUG, "The app's name in addresses.")
VERSION_NUMBER = parameter("n", "path", VERSION, "The version's number.")
PLACE = parameter(
    "k", "path", {"type": "integer", "minimum": 0, "maximum": 999_999}, "The output's place in `outputs`."
)
ONE_STATUS = "|".join(STATUSES)
ACTIVE: Schema = {"type": "string", "pattern": '^"?[0-9]{1,9}"?$'}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": LIST_LIMIT, "default": LIST_DEFAULT}
LAST_EVENT = "The id of the last event that was received; events after it are sent again."
EVENTS = "Server-sent events: `status`, `progress`, `preview`, `output`, `log` and at the end `completed` with the run."
BINARY: Schema = {"*/*": {"schema": BYTES}}
PARTS: dict[str, Schema] = {
    "200": {"description": "The file.", "content": BINARY},
    "206": {"description": "A part of the file.", "content": BINARY},
    "304": answer("It is what `If-None-Match` names."),
}
ASKED = (
    parameter("Range", "header", STRING, "Only a part, such as `bytes=0-1023`."),
    parameter("If-None-Match", "header", STRING, "The ETag of what is there already."),
    parameter("download", "query", {"enum": ["1"]}, "To be saved instead of shown."),
)
STREAM: Schema = {"text/event-stream": {"schema": STRING | {"description": EVENTS}}}


def operation(
    tag: str,
    name: str,
    summary: str,
    answers: dict[str, Schema],
    *parameters: Schema,
    fails: tuple[int, ...] = (),
    body: Schema | None = None,
    guest: bool = False,
) -> Schema:
    """One operation; `name` is its operationId, `body` the content of its request, `guest`: it needs no key."""
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        **({"parameters": list(parameters)} if parameters else {}),
        **({} if body is None else {"requestBody": {"required": True, "content": body}}),
        "responses": {**answers, **failures(*fails)},
        **(GUEST if guest else {}),
    }


def run_paths() -> dict[str, Any]:
    """Runs, once they are there."""
    query = [
        parameter("app", "query", STRING, "Only runs of this app."),
        parameter(
            "status",
            "query",
            {"type": "string", "pattern": f"^({ONE_STATUS})(,({ONE_STATUS}))*$"},
            f"Only these, separated by commas: {', '.join(STATUSES)}.",
        ),
        parameter("limit", "query", LIMIT, "At most so many."),
        parameter("cursor", "query", STRING, "`next` of the page before."),
    ]
    one = {"200": answer("The run.", ref("Run"))}
    resume = (
        parameter("Last-Event-ID", "header", STRING, LAST_EVENT),
        parameter("last_event_id", "query", STRING, LAST_EVENT),
    )
    listed = {"200": answer("Newest first.", ref("RunList"))}
    deleted = {"204": answer("It is gone.")}
    events = {"200": {"description": EVENTS, "content": STREAM}}
    return {
        f"{V1}/runs": {"get": operation("Runs", "listRuns", "List runs", listed, *query)},
        f"{V1}/runs/{{id}}": {
            "get": operation("Runs", "getRun", "Look at a run", one, RUN_ID, fails=(404, 410), guest=True),
            "delete": operation(
                "Runs", "deleteRun", "Delete an ended run", deleted, RUN_ID, fails=(404, 409, 410), guest=True
            ),
        },
        f"{V1}/runs/{{id}}/cancel": {
            "post": operation(
                "Runs", "cancelRun", "Cancel a run; an ended one stays", one, RUN_ID, fails=(404, 410), guest=True
            )
        },
        f"{V1}/runs/{{id}}/events": {
            "get": operation("Runs", "runEvents", "Follow a run", events, RUN_ID, *resume, fails=(404, 410), guest=True)
        },
        f"{V1}/runs/{{id}}/outputs/{{k}}": {"get": _output()},
        f"{V1}/runs/{{id}}/outputs.zip": {
            "get": operation(
                "Runs", "getOutputs", "All outputs as one archive",
                {"200": {"description": "The archive.", "content": {"application/zip": {"schema": BYTES}}}},
                RUN_ID, fails=(404, 410), guest=True,
            )
        },
    }  # fmt: skip


def _output() -> Schema:
    return operation("Runs", "getOutput", "One output", PARTS, RUN_ID, PLACE, *ASKED, fails=(404, 410, 416), guest=True)


def file_paths() -> dict[str, Any]:
    """Files to be used as inputs."""
    form: Schema = {"type": "object", "properties": {"file": BYTES}, "required": ["file"]}
    body = {"multipart/form-data": {"schema": form}, "application/octet-stream": {"schema": BYTES}}
    answers = {"201": answer("It is stored.", ref("File")), "200": answer("It was there already.", ref("File"))}
    return {
        f"{V1}/files": {
            "post": operation("Files", "uploadFile", "Upload a file", answers, fails=(413, 415, 422), body=body)
        },
        f"{V1}/files/{{id}}": {
            "get": operation("Files", "getFile", "The file's bytes", PARTS, FILE_ID, *ASKED, fails=(404, 410, 416))
        },
    }


def publish_paths() -> dict[str, Any]:
    """Apps: list, publish, change, versions."""
    app = answer("The app.", ref("App"))
    search = parameter("q", "query", STRING, "Words in the slug, the title or the description.")
    version = parameter("version", "query", VERSION, "Another version than the active one.")
    match = parameter("If-Match", "header", ACTIVE, "The active version that is known; 409 when it is another one.")
    picture: Schema = {"200": {"description": "The picture.", "content": {"image/*": {"schema": BYTES}}}}
    change = json_body(ref("AppChange"))
    publish = json_body(ref("Publish"))
    draft = json_body({"type": "object", "properties": {"workflow": {}, "prompt": {}}, "additionalProperties": False})
    return {
        f"{V1}/apps": {
            "get": operation(
                "Apps", "listApps", "List apps", {"200": answer("By slug.", ref("AppList"))}, search, guest=True
            )
        },
        f"{V1}/apps/{{slug}}": {
            "get": operation(
                "Apps", "getApp", "Look at an app", {"200": app}, APP_SLUG, version, fails=(404,), guest=True
            ),
            "put": operation(
                "Publish", "publishApp", "Publish a workflow: a new version", {"201": app}, APP_SLUG, match,
                fails=(404, 409, 413, 415, 422), body=publish,
            ),
            "patch": operation(
                "Publish", "changeApp", "Change title, description or options", {"200": app}, APP_SLUG,
                fails=(404, 409, 413, 415, 422), body=change,
            ),
            "delete": operation(
                "Publish", "deleteApp", "Take an app away; its runs stay", {"204": answer("It is gone.")}, APP_SLUG,
                fails=(404, 409),
            ),
        },
        f"{V1}/apps/{{slug}}/versions": {
            "get": operation(
                "Apps", "listVersions", "The app's versions", {"200": answer("Newest first.", ref("VersionList"))},
                APP_SLUG, fails=(404,), guest=True,
            )
        },
        f"{V1}/apps/{{slug}}/versions/{{n}}/activate": {
            "post": operation(
                "Publish", "activateVersion", "Make a version the one that runs", {"200": app}, APP_SLUG,
                VERSION_NUMBER, fails=(404, 409),
            )
        },
        f"{V1}/apps/{{slug}}/export": {
            "get": operation(
                "Publish", "exportApp", "The app as one document, which publishApp takes",
                {"200": answer("The document.", ref("AppExport"))}, APP_SLUG, version, fails=(404,),
            )
        },
        f"{V1}/apps/{{slug}}/picture": {
            "get": operation(
                "Apps", "getPicture", "The app's picture", {**picture, "304": answer("Unchanged.")}, APP_SLUG,
                fails=(404,), guest=True,
            )
        },
        f"{V1}/propose": {
            "post": operation(
                "Publish", "propose", "What of a workflow could be inputs and outputs",
                {"200": answer("Nothing is stored.", ref("Proposal"))}, fails=(413, 415, 422), body=draft,
            )
        },
        f"{V1}/workflows": {
            "get": operation(
                "Publish", "listWorkflows", "App Mode workflows in the user's folder",
                {"200": answer("By file.", ref("WorkflowList"))},
            )
        },
    }  # fmt: skip


def service_paths() -> dict[str, Any]:
    """Keys, session, health and the document itself."""
    key_id = parameter("id", "path", STRING, "The key's id.")
    text: Schema = {"200": {"description": "Prometheus text.", "content": {"text/plain": {"schema": STRING}}}}
    session = answer("Who is asking, and what they may.", ref("Session"))
    made = {"201": answer("The key, this once.", ref("KeyMade"))}
    ready = {status: answer("Whether runs can be taken.", ref("Ready")) for status in ("200", "503")}
    health = operation("Service", "health", "Whether the process answers", {"200": answer("It does.", ref("Health"))})
    readiness = operation("Service", "ready", "Whether runs can be taken", ready)
    readiness["responses"] |= ready
    fleet = {"200": answer("Workers, gateways, queues, and runs that were given up.", ref("Fleet"))}
    document: Schema = {"200": answer("An OpenAPI 3.1 document.", {"type": "object"})}
    return {
        f"{V1}/session": {
            "get": operation("Access", "getSession", "Who is asking", {"200": session}) | {"security": [{}]},
            "post": operation(
                "Access", "signIn", "Sign in with a key, for browsers", {"200": session},
                fails=(413, 415, 422), body=json_body(ref("SignIn")),
            ) | {"security": [{}]},
            "delete": operation("Access", "signOut", "Sign out", {"204": answer("Signed out.")}) | {"security": [{}]},
        },
        f"{V1}/keys": {
            "get": operation("Access", "listKeys", "List keys", {"200": answer("All keys.", ref("KeyList"))}),
            "post": operation(
                "Access", "makeKey", "Make a key", made, fails=(409, 413, 415, 422), body=json_body(ref("KeyRequest"))
            ),
        },
        f"{V1}/keys/{{id}}": {
            "delete": operation(
                "Access", "revokeKey", "Revoke a key", {"204": answer("Revoked.")}, key_id, fails=(404,)
            )
        },
        f"{V1}/openapi.json": {"get": operation("Service", "openapi", "This document", document)},
        f"{V1}/apps/{{slug}}/openapi.json": {
            "get": operation("Service", "appOpenapi", "The document of one app", document, APP_SLUG, fails=(404,))
        },
        f"{V1}/fleet": {"get": operation("Service", "fleet", "Who executes runs, and what waits", fleet)},
        "/lectern/health": {"get": health | {"security": [{}]}},
        "/lectern/ready": {"get": readiness | {"security": [{}]}},
        "/lectern/metrics": {"get": operation("Service", "metrics", "Figures for Prometheus", text)},
    }  # fmt: skip
