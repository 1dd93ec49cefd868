"""Files that a publisher has: workflows in either format, exported apps, picks, pictures. Read, and made a request."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..apps.graph import is_graph
from .errors import WrongUse

PICTURE_BYTES = 512 * 1024  # what the server takes
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


def read_json(file: str) -> Any:
    """Raises WrongUse."""
    try:
        return json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise WrongUse(f"{file} is not JSON.") from None


def read_object(file: str) -> dict[str, Any]:
    """Raises WrongUse."""
    document = read_json(file)
    if not isinstance(document, dict):
        raise WrongUse(f"{file} must hold a JSON object.")
    return document


def is_export(document: object) -> bool:
    """Whether it is an app that `export` wrote."""
    return isinstance(document, dict) and "lectern_app" in document


def publication(document: object, file: str) -> dict[str, Any]:
    """The body of PUT for what a file holds: an exported app as it is, a workflow under the name of its format.

    Raises WrongUse.
    """
    if isinstance(document, dict):
        if is_export(document):
            return dict(document)
        if isinstance(document.get("nodes"), list):
            return {"workflow": document}
        if is_graph(document):
            return {"prompt": document}
    raise WrongUse(
        f"{file} is neither a workflow that ComfyUI's editor saved, nor one in API format, nor an exported app."
    )


def read_picks(file: str) -> dict[str, Any]:
    """`inputs` and `outputs`; a list alone is the inputs. Raises WrongUse."""
    picks = read_json(file)
    if isinstance(picks, list):
        return {"inputs": picks}
    if isinstance(picks, dict) and picks and picks.keys() <= {"inputs", "outputs"}:
        return picks
    raise WrongUse(f"{file} must hold a list of picks, or an object with inputs, outputs or both.")


def read_options(text: str) -> dict[str, Any]:
    """Raises WrongUse."""
    try:
        options = json.loads(text)
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise WrongUse("""--options must be a JSON object such as '{"max_seconds": 300}'.""")
    return options


def data_url(file: str) -> str:
    """A picture as the server takes it. Raises WrongUse."""
    kind = PICTURES.get(Path(file).suffix.lower())
    if kind is None:
        raise WrongUse(f"{file} must be a PNG, JPEG or WebP file.")
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from None
    if len(content) > PICTURE_BYTES:
        size = len(content) / 1024
        raise WrongUse(f"{file} has {size:.0f} KB; a picture may have {PICTURE_BYTES // 1024} KB. Make it smaller.")
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def slug_of(body: Mapping[str, Any], file: str) -> str:
    """The name that the document gives itself, else the file's, as addresses may have it."""
    own = body.get("slug") or _section(body.get("workflow")).get("slug")
    if isinstance(own, str) and own:
        return own
    stem = re.sub(r"(\.app|\.lectern)?\.json$", "", Path(file).name, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:63].rstrip("-")


def _section(workflow: object) -> Mapping[str, Any]:
    """`extra.lectern.app` of a workflow."""
    for key in ("extra", "lectern", "app"):
        workflow = workflow.get(key) if isinstance(workflow, dict) else None
    return workflow if isinstance(workflow, dict) else {}
