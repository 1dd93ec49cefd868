"""Calls that web pages make: which page may call, and the CORS headers that let it read the answer."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_ASKED = (
    "Authorization, Cancel-After, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, Range"
)
_TOLD = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, Preference-Applied, Retry-After"
_MAX_AGE = "600"  # seconds that a browser may remember a preflight
_PORTS = {"http": 80, "https": 443}


def is_foreign(headers: Mapping[str, str], listed: Sequence[str]) -> bool:
    """Whether a browser says that a page of another origin makes this call, one that the settings do not list.

    Programs send neither header, so they are never foreign.
    """
    origin = headers.get("Origin")
    if origin is not None and origin.lower() in listed:
        return False
    # A browser's own verdict. A page cannot forge it, and it holds where a proxy has rewritten the Host.
    verdict = headers.get("Sec-Fetch-Site")
    if verdict is not None:
        return verdict not in ("same-origin", "none")
    return origin is not None and not _same(origin, headers.get("Host", ""))


def cors(headers: Mapping[str, str], listed: Sequence[str]) -> dict[str, str]:
    """For every answer. Nothing at all while no origin is listed."""
    if not listed:
        return {}
    origin = headers.get("Origin", "").lower()
    if origin not in listed:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _TOLD,
    }


def preflight(headers: Mapping[str, str], listed: Sequence[str], methods: Iterable[str]) -> dict[str, str] | None:
    """The answer's headers to a browser that asks before it calls; None when it did not ask, or may not."""
    answer = cors(headers, listed)
    if "Access-Control-Request-Method" not in headers or "Access-Control-Allow-Origin" not in answer:
        return None
    return answer | {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": _ASKED,
        "Access-Control-Max-Age": _MAX_AGE,
    }


def _same(origin: str, host: str) -> bool:
    """Host and port; the scheme is not compared, because a proxy may have taken https off."""
    try:
        ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
        port = _PORTS.get(theirs.scheme)
        return bool(ours.hostname) and (ours.hostname, ours.port or port) == (theirs.hostname, theirs.port or port)
    except ValueError:
        return False
