"""Hosts that `lectern.toml` names: `example.com`, `*.example.com`, `example.com:8443`, `10.0.0.5:5678`, `[fd00::1]`."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, StringConstraints

_RULE = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|(?:\*\.)?[^\s/@:*\[\]?#\\%]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_EXAMPLE = "write a host as example.com, *.example.com or example.com:8443"


class HostRule(NamedTuple):
    """One host, or with `below` all hosts below it, but not itself."""

    host: str  # lower case, as it stands in a request: international names in their ASCII form
    port: int | None = None  # None: the port that belongs to the scheme
    below: bool = False

    def names(self, host: str) -> bool:
        return host.endswith(f".{self.host}") if self.below else host == self.host


def parse_rule(text: str) -> HostRule:
    """Raises ValueError with what to write instead."""
    found = _RULE.fullmatch(text.strip().lower())
    port = int(found["port"]) if found and found["port"] else None
    if found is None or port == 0 or (port or 0) > 65535:
        raise ValueError(_EXAMPLE)
    host = found["host"]
    below = host.startswith("*.")
    return HostRule(_host(host.removeprefix("*."), below), port, below)


def _host(host: str, below: bool) -> str:
    address = _address(host.strip("[]"))
    if address is not None:
        if below:
            raise ValueError("an address has nothing below it; write it without *.")
        return address
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(_EXAMPLE) from None
    labels = name.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise ValueError(_EXAMPLE)
    return name


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _checked(text: str) -> str:
    parse_rule(text)
    return text.strip()


Host = Annotated[str, StringConstraints(max_length=260), AfterValidator(_checked)]


def rules(texts: Iterable[str]) -> tuple[HostRule, ...]:
    return tuple(map(parse_rule, texts))
