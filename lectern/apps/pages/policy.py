"""What a browser may do with our pages: the headers of every answer below /lectern that is not the API's."""

# Pictures and recordings that a person has just chosen or drawn are shown from `blob:` and `data:` addresses.
_PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

COMMON = {
    "Cache-Control": "no-cache",  # kept, but asked for again each time: an update of the pack shows at once
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


def page_headers() -> dict[str, str]:
    return COMMON | {"Content-Security-Policy": _worded(_PAGE)}


def file_headers() -> dict[str, str]:
    """A file opened on its own, such as an SVG, can do nothing."""
    return COMMON | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def _worded(policy: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())
