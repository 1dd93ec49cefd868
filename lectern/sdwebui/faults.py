"""What a server's error answer says, whatever its family: see the table of error shapes in the tests' data.

A1111 {"error", "detail", "errors"}, Forge {"detail"} or {"error", "message"}, SD.Next a bare JSON string at times,
stable-diffusion.cpp {"error", "message"}, any of them an empty body or a proxy's HTML page.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import Busy, Failed, Missing, NotAuthorised, Redirected, Refused, RequestError, ServerError

_SHOWN = 300  # characters of a server's own words
_READ = 64 * 1024  # bytes of an error answer that are looked at
_FEWEST_SECONDS, _MOST_SECONDS = 1.0, 60.0  # of a Retry-After that is heeded


def reason(body: bytes | bytearray) -> str:
    """The server's own words in one line, or nothing when it gave none."""
    text = bytes(body[:_READ]).decode("utf-8", "replace")
    try:
        found = _from_json(json.loads(text))
    except (ValueError, RecursionError):
        found = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    line = " ".join(found.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."


def _from_json(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return ""
    detail = content.get("detail")
    if isinstance(detail, list):
        return "; ".join(_field(one) for one in detail[:10])
    for key in ("detail", "message", "errors", "error"):
        value = content.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _field(item: Any) -> str:
    """One entry of a 422 list: the field and what is wrong with it."""
    if not isinstance(item, dict):
        return str(item)
    place = [str(step) for step in item.get("loc", []) if step != "body"] if isinstance(item.get("loc"), list) else []
    return f"{'.'.join(place)}: {item.get('msg', '')}" if place else str(item.get("msg", ""))


def fault(
    server: str, path: str, status: int, headers: Mapping[str, str], body: bytes | bytearray
) -> ServerError | RequestError:
    """The error that an answer other than 2xx stands for.

    Args:
        server: how the server is named to people.
    """
    said = reason(body)
    quoted = f": {said.rstrip('.')}." if said else f" and gave no reason (HTTP {status})."
    if status == 401:
        return NotAuthorised(
            f"{server} wants a user name and password{f' ({said})' if said else ''}. Set user and password_env in its"
            " entry of lectern.toml."
        )
    if 300 <= status < 400:
        target = re.sub(r"^https?://[^/?#]*|[^!-~]", "", headers.get("Location", ""))[:200]
        return Redirected(
            f"{server} points from {path} to {target or 'elsewhere'}. If it lies below a path, add that path to its url"
            " in lectern.toml."
        )
    if status == 404 and said in ("", "Not Found"):
        return Missing(f"{server} has no {path}. Start it with --api, or correct its url or dialect in lectern.toml.")
    if status == 429:
        return Busy(f"{server} is asked too often{quoted} Wait a minute, or raise its limit.", _retry_after(headers))
    if status == 422:
        return RequestError(f"{server} refused the request{quoted}")
    if status < 500:
        return Refused(f"{server} refused the request{quoted}")
    return Failed(f"{server} failed{quoted} Its console says more.")


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    seconds = float(value) if re.fullmatch(r"\d{1,6}", value) else _FEWEST_SECONDS
    return min(max(seconds, _FEWEST_SECONDS), _MOST_SECONDS)
