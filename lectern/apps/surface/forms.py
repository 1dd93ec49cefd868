"""A run's form (multipart/form-data) as the body that the same request has in JSON."""

import json
from collections.abc import Mapping
from typing import Any

from ..contract import Contract
from ..errors import BadRequest
from ..inputs import Input, find_choice
from ..nodeinfo import Kind
from .receiving import Form
from .submission import parse_json

TRUE = frozenset({"true", "on", "yes", "1"})
FALSE = frozenset({"false", "off", "no", "0", ""})


def form_names(contract: Contract) -> dict[str, str]:
    """The inputs, each with its media; empty for those that take no file."""
    return {item.name: str(item.media or "") for item in contract.inputs}


def form_body(form: Form, contract: Contract) -> dict[str, Any]:
    """What `parse_submission` reads. Texts become numbers where the app wants numbers; what is none stays a text, for
    which the check of the input then has its own sentence."""
    items = {item.name: item for item in contract.inputs}
    given: dict[str, Any] = {
        name: _value(items[name], text)
        for name, text in form.fields.items()
        if name in items and _filled(items[name], text)
    }
    given |= {name: kept.url for name, kept in form.files.items()}
    return {"input": given, **_special(form.fields)}


def _filled(item: Input, text: str) -> bool:
    """A form sends empty texts for what nobody filled in; only for a text is that a value."""
    return text != "" or item.kind in (Kind.STRING, Kind.BOOLEAN)


def _value(item: Input, text: str) -> Any:
    if item.kind is Kind.BOOLEAN:
        return text.lower() in TRUE if text.lower() in TRUE | FALSE else text
    if item.kind in (Kind.INTEGER, Kind.NUMBER):
        return _number(text)
    if item.kind is Kind.CHOICE and find_choice(item, text) is None:
        return _number(text)
    return text


def _number(text: str) -> Any:
    """JSON's own reading; a seed's "random" and everything else stays a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else text


def _special(fields: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    readers = {
        "version": _number,
        "seed": _number,
        "n": _number,
        "priority": str,
        "metadata": _json,
        "webhook": str,
    }
    for name, read in readers.items():
        text = fields.get(f"_{name}")
        if text:
            body[name] = read(text)
    events = fields.get("_webhook_events_filter")
    if events:
        body["webhook_events_filter"] = [event.strip() for event in events.split(",")]
    return body


def _json(text: str) -> Any:
    """What may not stand in a JSON body either stays a text, for which the check of the key has its own sentence."""
    try:
        return parse_json(text.encode())
    except BadRequest:
        return text
