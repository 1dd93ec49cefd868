"""What the double says unless a test says otherwise: words of the user, in the shape that was asked for."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]

_MOODS = ("at dawn", "at dusk", "in soft light", "under a wide sky", "in the rain", "from above", "in autumn")
_MOST_WORDS = 12


def default_answer(body: Body) -> str:
    """JSON where the request asks for it, else a prompt; another one for another seed."""
    schema = _schema(body)
    if schema is not None:
        return json.dumps(fill(schema, _words(body), _seed(body)), ensure_ascii=False)
    if body.get("response_format") or re.search(r"\bjson\b", " ".join(texts(body)), re.IGNORECASE):
        return json.dumps({"text": _prompt(body)}, ensure_ascii=False)
    return _prompt(body)


def texts(body: Body, role: str = "") -> list[str]:
    """The texts of all messages, or of those of one role."""
    return [_text(one.get("content")) for one in body["messages"] if not role or one.get("role") == role]


def pictures(body: Body) -> list[str]:
    """The URLs of all pictures."""
    parts = (part for one in body["messages"] if isinstance(one.get("content"), list) for part in one["content"])
    return [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]


def fill(schema: Mapping[str, Any], words: Sequence[str], seed: int = 0) -> Any:
    """A value of a JSON Schema, made from words. Understands what our schemas use."""
    return _fill(schema, words, seed, "", schema.get("$defs", {}))


def _fill(schema: Mapping[str, Any], words: Sequence[str], seed: int, name: str, known: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][seed % len(schema["enum"])]
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0], words, seed, name, known)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        inside = schema.get("properties", {})
        return {
            key: _fill(one, words, seed + at, f"{name} {key}".strip(), known)
            for at, (key, one) in enumerate(inside.items())
        }
    if kind == "array":
        count = max(schema.get("minItems", 0), min(3, schema.get("maxItems", 3)))
        return [_fill(schema.get("items", {}), words, seed + 5 * at, f"{name} {at + 1}", known) for at in range(count)]
    if kind in ("integer", "number"):
        return _number(schema, seed)
    return (
        {"boolean": seed % 2 == 0, "null": None}[kind]
        if kind in ("boolean", "null")
        else _string(schema, words, seed, name)
    )


def _number(schema: Mapping[str, Any], seed: int) -> int:
    least, most = int(schema.get("minimum", 0)), int(schema.get("maximum", 100))
    return least + seed % (most - least + 1)


def _string(schema: Mapping[str, Any], words: Sequence[str], seed: int, name: str) -> str:
    turned = [*words[seed % len(words) :], *words[: seed % len(words)]] if words else ["nothing"]
    text = f"{' '.join([*turned[:6], _MOODS[seed % len(_MOODS)]])} ({name})" if name else " ".join(turned)
    text += " and more" * max(0, (schema.get("minLength", 0) - len(text) + 8) // 9)
    return text[: schema.get("maxLength", len(text))]


def _prompt(body: Body) -> str:
    seen = [f"showing {len(pictures(body))} pictures"] if pictures(body) else []
    return ", ".join([" ".join(_words(body)) or "nothing", *seen, _MOODS[_seed(body) % len(_MOODS)]])


def _seed(body: Body) -> int:
    return int(body.get("seed") or 0)


def _words(body: Body) -> list[str]:
    """The first words of the last thing that the user said."""
    said = texts(body, "user") or [""]
    return re.findall(r"[^\W_][\w'-]*", said[-1])[:_MOST_WORDS]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _schema(body: Body) -> Mapping[str, Any] | None:
    """That of response_format, else one that is written in a text."""
    shape = body.get("response_format") or {}
    if shape.get("type") == "json_schema":
        return shape["json_schema"]["schema"]
    return next((one for text in texts(body) for one in _objects(text) if "properties" in one), None)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The outermost JSON objects in a text."""
    start = text.find("{")
    while start >= 0:
        try:
            found, end = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
            continue
        yield found
        start = text.find("{", end)
