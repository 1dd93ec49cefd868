"""Lectern over HTTP. Redirects are not followed, so that the key goes to the server that was named and to no other."""

import json
import mimetypes
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote, urlsplit

from .errors import OutOfReach, Refused, WrongUse

V1 = "/lectern/v1"
SECONDS = 90.0  # without a byte; event streams have one every 15 seconds
LOOPBACK = ("127.0.0.1", "localhost", "::1")
AWAY = (502, 503, 504)  # the server, or the proxy before it, says that it cannot answer now
PIECE_BYTES = 256 * 1024


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    id: str
    data: Any


class Client:
    """One server; opens a connection for each request."""

    def __init__(self, url: str, key: str = "") -> None:
        """Raises WrongUse."""
        self.url = checked_url(url)
        self._key = key
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if urlsplit(self.url).hostname in LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))  # a proxy for the outer world has no part in this
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def keyed(self) -> bool:
        return bool(self._key)

    def get(self, path: str) -> Any:
        return self.json("GET", path)

    def json(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON; None for an empty one. Raises Refused, OutOfReach."""
        data = None if body is None else json.dumps(body).encode()
        sent = {} if body is None else {"Content-Type": "application/json"}
        with self.open(method, path, data, {**sent, **(headers or {})}) as response:
            content = response.read()
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise OutOfReach(self._no_lectern(response.status)) from None

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """The answer, to be read. Raises Refused, OutOfReach, also while it is read."""
        if not path.startswith("/") or path.startswith("//"):
            raise OutOfReach(f"{self.url} names another server for what it has ({path[:80]}); that is not asked.")
        request = urllib.request.Request(self.url + path, data, {**self._login(), **(headers or {})}, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                yield response
        except urllib.error.HTTPError as error:
            with error:
                raise self._failure(error) from None
        except (OSError, HTTPException) as error:
            raise OutOfReach(f"{self.url} cannot be reached: {_reason(error)}.") from None

    def upload(self, file: Path) -> str:
        """Its URL at the server, to be used as an input's value. Raises WrongUse, Refused, OutOfReach."""
        try:
            source = file.open("rb")
            size = file.stat().st_size
        except OSError as error:
            raise WrongUse(f"{file} cannot be read: {error.strerror}.") from None
        headers = {
            "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "Content-Length": str(size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        }
        with source, self.open("POST", f"{V1}/files", source, headers) as response:
            return json.load(response)["url"]

    def events(self, path: str, last_id: str = "") -> Iterator[Event]:
        """Until the server ends the stream. Raises Refused, OutOfReach."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        with self.open("GET", path, headers=headers) as response:
            try:
                yield from read_events(response)
            except ValueError:
                raise OutOfReach(self._no_lectern(response.status)) from None

    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def _failure(self, error: urllib.error.HTTPError) -> Refused | OutOfReach:
        """With the server's own words."""
        if 300 <= error.code < 400:
            where = error.headers.get("Location", "another address")
            return OutOfReach(f"{self.url} redirects to {where}; give the address that it leads to.")
        try:
            told = json.loads(error.read())["error"]
            message, code = str(told["message"]), str(told["code"])
        except (ValueError, LookupError, TypeError, OSError, HTTPException):
            return OutOfReach(self._no_lectern(error.code))
        if error.code in AWAY:
            return OutOfReach(message)
        if error.code == 401 and not self._key:
            message += " Set LECTERN_KEY, or give --key-env or --key-file."
        return Refused(message, error.code, code)

    def _no_lectern(self, status: int) -> str:
        return f"{self.url} answers {status}, but not as Lectern does; is the pack installed there and ComfyUI running?"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


def checked_url(url: str) -> str:
    """Without a slash at the end. Raises WrongUse, which does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or parts.query or parts.fragment:
        raise WrongUse("The address must be like http://127.0.0.1:8188 or https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise WrongUse(
            "Keep the password out of the address; Lectern takes a key (LECTERN_KEY, --key-env, --key-file)."
        )
    return url.strip().rstrip("/")


def read_events(lines: Iterator[bytes] | HTTPResponse) -> Iterator[Event]:
    """Server-sent events (WHATWG HTML, section 9.2) whose data is JSON; what is no event is passed over."""
    name, event_id, data = "message", "", []
    for line in lines:
        field, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)
        elif field == "" and not value and data:
            yield Event(name, event_id, json.loads("\n".join(data)))
            name, data = "message", []


def read_key(variable: str | None, file: str | None, environ: Mapping[str, str]) -> str:
    """The key from the variable, the file's first line, or LECTERN_KEY; empty without any. Raises WrongUse."""
    if variable is not None:
        if variable not in environ:
            raise WrongUse(f"The environment variable {variable} is not set.")
        key = environ[variable]
    elif file is not None:
        try:
            with Path(file).open(encoding="utf-8") as source:
                key = source.readline(4096)
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(
                f"The key file {file} cannot be read: {getattr(error, 'strerror', 'it is no text')}."
            ) from None
    else:
        key = environ.get("LECTERN_KEY", "")
    key = key.strip()
    if not re.fullmatch("[!-~]*", key):
        raise WrongUse("The key holds characters that no key has; check that it was copied whole.")
    return key


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({inner.verify_message})"
    if isinstance(inner, TimeoutError):
        return f"nothing came for {SECONDS:.0f} seconds"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(inner) or type(inner).__name__
