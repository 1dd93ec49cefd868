"""What a publisher sends: the body of PUT and PATCH, read and checked as far as it can be without ComfyUI."""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import BadRequest, InvalidInput
from ..graph import Graph, is_graph
from ..inputs import ECHO_LENGTH, Problem, shown
from ..store.published import Picture
from .saved import Workflow

TITLE_LENGTH = 200  # characters
DESCRIPTION_LENGTH = 4000
PICTURE_BYTES = 512 * 1024
PICTURE = re.compile(r"data:(image/(?:png|jpeg|webp));base64,(.*)", re.DOTALL)
SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}

# `lectern_app` and `slug` stand in exported apps, which can be sent back as they are.
_KEYS = (
    "workflow", "prompt", "from", "title", "description", "inputs", "outputs", "options", "picture", "lectern_app",
    "slug",
)  # fmt: skip
_AMENDABLE = ("title", "description", "options")


class Publication(NamedTuple):
    workflow: Workflow | None  # UI format
    graph: Graph | None  # API format
    file: str  # in the user's workflows folder; empty without one
    title: str
    description: str | None
    inputs: object  # unread picks; None: not given
    outputs: object
    options: object
    picture: Picture | None


class Amendment(NamedTuple):
    title: str | None
    description: str | None
    options: object


def parse_publication(body: object) -> Publication:
    """Raises BadRequest, InvalidInput."""
    body = _object(body)
    problems = [*_unknown(body, _KEYS), *_texts(body), *_workflow(body), *_picture_problems(body)]
    _raise(problems)
    return Publication(
        workflow=body.get("workflow"),
        graph=body.get("prompt"),
        file=body.get("from") or "",
        title=(body.get("title") or "").strip(),
        description=body.get("description"),
        inputs=body.get("inputs"),
        outputs=body.get("outputs"),
        options=body.get("options"),
        picture=_read_picture(body.get("picture")),
    )


def parse_amendment(body: object) -> Amendment:
    """Raises BadRequest, InvalidInput."""
    body = _object(body)
    problems = [*_unknown(body, _AMENDABLE), *_texts(body)]
    if body.get("title", "x") is not None and not str(body.get("title", "x")).strip():
        problems.append(Problem("title", "missing", "title must not be empty."))
    _raise(problems)
    return Amendment(body.get("title"), body.get("description"), body.get("options"))


def parse_drawing(body: object) -> tuple[Workflow | None, Graph | None]:
    """The body of POST /propose: a workflow and, or only, its graph. Raises BadRequest, InvalidInput."""
    body = _object(body)
    _raise([*_unknown(body, ("workflow", "prompt")), *_workflow(body)])
    return body.get("workflow"), body.get("prompt")


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


def _raise(problems: list[Problem]) -> None:
    if problems:
        message = " ".join(problem.message for problem in problems)[:1000]
        raise InvalidInput(message, [problem._asdict() for problem in problems])


def _unknown(body: Mapping[str, Any], keys: tuple[str, ...]) -> Iterable[Problem]:
    for key in body:
        if key not in keys:
            message = f"{shown(key)} is not a key of this request; it may have {', '.join(keys)}."
            yield Problem(key[:ECHO_LENGTH], "unknown_key", message)


def _texts(body: Mapping[str, Any]) -> Iterable[Problem]:
    for key, limit in (("title", TITLE_LENGTH), ("description", DESCRIPTION_LENGTH)):
        value = body.get(key)
        if value is not None and not (isinstance(value, str) and len(value) <= limit):
            yield Problem(key, "wrong_type", f"{key} must be a text of at most {limit} characters; got {shown(value)}.")


def _workflow(body: Mapping[str, Any]) -> Iterable[Problem]:
    workflow, graph, file = body.get("workflow"), body.get("prompt"), body.get("from")
    if file is not None and not (isinstance(file, str) and 0 < len(file) <= 500):
        yield Problem("from", "wrong_type", "from must be the path of a file in the user's workflows folder.")
    if workflow is not None and not isinstance(workflow, dict):
        yield Problem("workflow", "wrong_type", "workflow must be a workflow as the editor saves it, an object.")
    elif workflow is not None and not isinstance(workflow.get("nodes"), list):
        hint = "; an API-format graph belongs in prompt" if is_graph(workflow) else ""
        yield Problem("workflow", "wrong_type", f"workflow has no list of nodes{hint}.")
    if graph is not None and not is_graph(graph):
        yield Problem("prompt", "wrong_type", "prompt must be a workflow in API format, as Export (API) saves it.")
    if workflow is None and graph is None and not file:
        yield Problem("workflow", "missing", "Send a workflow, its prompt (API format), or the file in from.")


def _picture_problems(body: Mapping[str, Any]) -> Iterable[Problem]:
    if body.get("picture") is not None and _read_picture(body["picture"]) is None:
        what = f"a PNG, JPEG or WebP data URL of at most {PICTURE_BYTES // 1024} KB"
        yield Problem("picture", "wrong_type", f"picture must be {what}.")


def _read_picture(value: object) -> Picture | None:
    found = PICTURE.fullmatch(value) if isinstance(value, str) and len(value) < 2 * PICTURE_BYTES else None
    if found is None:
        return None
    try:
        content = base64.b64decode(found[2], validate=True)
    except ValueError:  # also for other characters than ASCII
        return None
    fits = content.startswith(SIGNATURES[found[1]]) and len(content) <= PICTURE_BYTES
    return Picture(content, found[1]) if fits else None
