"""The hub's list of a commit's files, taken apart with suspicion."""

import json
import re
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..errors import HubAnswerError

MOST_FILES = 10_000
_SIZES = range(1 << 50)  # bytes
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Letters of any language, digits and what stands in names; neither \ nor : nor control characters.
_PATH = re.compile(r"[\w.+@(),=~#&!'\[\] -]+(?:/[\w.+@(),=~#&!'\[\] -]+)*")


class Entry(NamedTuple):
    path: str  # relative to the pipeline's folder, with /
    size: int  # bytes
    digest: str  # "sha256:<hex>" of what git LFS or Xet holds, "git:<hex>" (the blob's id) of everything else


def commit_of(text: bytes) -> str:
    """From the answer about a revision. Raises HubAnswerError."""
    values = _parsed(text)
    commit = values.get("sha") if isinstance(values, dict) else None
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise _strange("it names no commit")
    return commit


def entries_of(text: bytes) -> list[Entry]:
    """The files of one page. Raises HubAnswerError."""
    values = _parsed(text)
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise _strange("it is no list of files")
    return [_entry(one) for one in values if one.get("type") == "file"]


def checked_path(path: Any) -> str:
    """Raises HubAnswerError for a path that leads out of a folder, or could on some system."""
    parts = path.split("/") if isinstance(path, str) and len(path) < 1024 and _PATH.fullmatch(path) else [".."]
    if any(part.strip(" .") == "" or part.endswith((".", " ")) for part in parts) or PurePosixPath(path).is_absolute():
        raise _strange(f"it names the file {str(path)[:100]!r}")
    return path


def _entry(values: dict[str, Any]) -> Entry:
    large = values.get("lfs")
    source = large if isinstance(large, dict) else values
    size, digest = source.get("size"), source.get("oid")
    kind, length = ("sha256", 64) if source is large else ("git", 40)
    path = checked_path(values.get("path"))
    if not isinstance(size, int) or size not in _SIZES:
        raise _strange(f"it gives {str(size)[:40]!r} as the size of {path[:100]}")
    if not isinstance(digest, str) or not re.fullmatch(rf"[0-9a-f]{{{length}}}", digest):
        raise _strange(f"it gives {str(digest)[:80]!r} as the digest of {path[:100]}")
    return Entry(path, size, f"{kind}:{digest}")


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _strange("it is not JSON") from None


def _strange(what: str) -> HubAnswerError:
    return HubAnswerError(
        f"The hub's answer cannot be used: {what}. Look at url in [hub] of lectern.toml; when it is right, take another"
        " pipeline."
    )
