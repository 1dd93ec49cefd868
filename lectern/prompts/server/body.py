"""The request: a question in OpenAI's words, as far as the server takes them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..messages import Message, Question
from .manners import NEWER_NAME, SHAPES, Manners
from .sampling import Sampling, folded

_SILENT = frozenset(("stream", "stream_options"))  # nobody asked for them


class Body(NamedTuple):
    content: dict[str, Any]
    notes: tuple[str, ...]  # what was left out, for the person


def request_body(
    model: str, question: Question, sampling: Sampling, thinking: Mapping[str, Any], manners: Manners
) -> Body:
    """
    Args:
        thinking: the fields that tell the server whether the model thinks.
    """
    wished = _wished(question, sampling, thinking, manners)
    left_out = [name for name, value in wished.items() if not manners.takes(name, value)]
    content: dict[str, Any] = {"model": model, "messages": [_message(one) for one in question.messages]}
    content |= {name: value for name, value in wished.items() if name not in left_out}
    if "stream" not in content:
        content.pop("stream_options", None)
    content |= _shape(question.schema, manners)
    notes = (f"The server does not take {name}; it was left out." for name in left_out if name not in _SILENT)
    return Body(content, tuple(notes))


def without_pictures(content: Mapping[str, Any], manners: Manners) -> dict[str, Any]:
    """The same request of one token and without its pictures."""
    messages = [one | {"content": _texts_of(one["content"])} for one in content["messages"]]
    length = NEWER_NAME if manners.newer_name or NEWER_NAME in content else "max_tokens"
    return {**content, "messages": messages, length: 1}


def _wished(question: Question, sampling: Sampling, thinking: Mapping[str, Any], manners: Manners) -> dict[str, Any]:
    """Every field that may be left out."""
    fields: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    fields["seed"] = folded(question.seed + sampling.seed)
    if sampling.temperature >= 0:
        fields["temperature"] = sampling.temperature
    if sampling.top_p < 1:
        fields["top_p"] = sampling.top_p
    tokens = question.max_tokens or sampling.max_tokens
    if tokens and not sampling.fields.keys() & {"max_tokens", NEWER_NAME}:
        fields[NEWER_NAME if manners.newer_name else "max_tokens"] = tokens
    return fields | {**thinking} | _merged(thinking, sampling.fields)


def _merged(thinking: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """What a person wrote wins; objects, such as chat_template_kwargs, are put together."""
    both = {
        name: {**thinking[name], **value}
        for name, value in further.items()
        if isinstance(value, Mapping) and isinstance(thinking.get(name), Mapping)
    }
    return {**further, **both}


def _message(message: Message) -> dict[str, Any]:
    if not message.pictures:
        return {"role": message.role, "content": message.text}
    parts = [{"type": "image_url", "image_url": {"url": _data_url(one)}} for one in message.pictures]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _data_url(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(picture).decode()}"


def _texts_of(content: Any) -> Any:
    return [part for part in content if part["type"] == "text"] if isinstance(content, list) else content


def _shape(schema: Mapping[str, Any] | None, manners: Manners) -> dict[str, Any]:
    kind = SHAPES[manners.shape] if schema is not None else ""
    if not kind:
        return {}
    if kind == "json_object":
        return {"response_format": {"type": kind}}
    held = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"response_format": {"type": kind, kind: held}}


def is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed, and all that it may hold required."""
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties", {})
    if properties or schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(properties):
            return False
    inside = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ()), schema.get("items")]
    return all(is_strict(one) for one in inside)
