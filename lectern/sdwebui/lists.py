"""What a server has to offer, read from its answers; nothing in them is trusted."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

_MOST = 20_000  # entries of one list
_LONGEST = 300  # characters of one name


class Named(NamedTuple):
    """One choice, and what else the server knows it by."""

    name: str
    others: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        wanted = name.casefold()
        return any(wanted == one.casefold() for one in (self.name, *self.others))


@dataclass(frozen=True)
class ScriptArg:
    label: str
    value: Any
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScriptInfo:
    """A script's arguments in the order in which the server takes them."""

    title: str
    always_on: bool
    img2img: bool
    args: tuple[ScriptArg, ...]


class ListSource(NamedTuple):
    """Where a list comes from: the first of these addresses that the server has."""

    paths: tuple[str, ...]
    read: Callable[[Any], tuple[Any, ...]]


def load(body: bytes | bytearray) -> Any:
    """JSON of any kind; None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(one for one in values if isinstance(one, str) and 0 < len(one) <= _LONGEST)


def _items(content: Any) -> list[Mapping[str, Any]]:
    return [one for one in content[:_MOST] if isinstance(one, dict)] if isinstance(content, list) else []


def _named(*keys: str) -> Callable[[Any], tuple[Named, ...]]:
    """Reads a list of objects: the first key names the choice, the others hold further names."""

    def read(content: Any) -> tuple[Named, ...]:
        found = []
        for item in _items(content):
            names = _texts(value for key in keys for value in _values(item.get(key)))
            if names:
                found.append(Named(names[0], names[1:]))
        return tuple(dict.fromkeys(found))

    return read


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _within(key: str) -> Callable[[Any], tuple[Named, ...]]:
    """Reads an object that holds the list of names under a key."""

    def read(content: Any) -> tuple[Named, ...]:
        values = content.get(key) if isinstance(content, dict) else None
        return tuple(Named(one) for one in _texts(values[:_MOST] if isinstance(values, list) else ()))

    return read


def _styles(content: Any) -> tuple[Named, ...]:
    """Without the separator rows, which have no prompts."""
    real = [one for one in _items(content) if one.get("prompt") or one.get("negative_prompt")]
    return _named("name")(real)


def _scripts(content: Any) -> tuple[ScriptInfo, ...]:
    return tuple(_script(item) for item in _items(content) if isinstance(item.get("name"), str))


def _script(item: Mapping[str, Any]) -> ScriptInfo:
    args = tuple(
        ScriptArg(str(one.get("label") or "")[:_LONGEST], one.get("value"), _texts(_values(one.get("choices"))))
        for one in _items(item.get("args"))
    )
    return ScriptInfo(item["name"][:_LONGEST], bool(item.get("is_alwayson")), bool(item.get("is_img2img")), args)


API = "/sdapi/v1"
SOURCES: Mapping[str, ListSource] = {
    "checkpoints": ListSource((f"{API}/sd-models",), _named("title", "model_name", "filename", "hash")),
    "samplers": ListSource((f"{API}/samplers",), _named("name", "aliases")),
    "schedulers": ListSource((f"{API}/schedulers",), _named("label", "name", "aliases")),
    "vaes": ListSource((f"{API}/sd-vae", f"{API}/sd-modules"), _named("model_name", "filename")),
    "modules": ListSource((f"{API}/sd-modules",), _named("model_name", "filename")),
    "upscalers": ListSource((f"{API}/upscalers",), _named("name")),
    "latent_upscalers": ListSource((f"{API}/latent-upscale-modes",), _named("name")),
    "styles": ListSource((f"{API}/prompt-styles",), _styles),
    "loras": ListSource((f"{API}/loras",), _named("name", "alias", "path")),
    "face_restorers": ListSource((f"{API}/face-restorers",), _named("name")),
    "controlnet_models": ListSource(("/controlnet/model_list",), _within("model_list")),
    "controlnet_modules": ListSource(("/controlnet/module_list",), _within("module_list")),
    "scripts": ListSource((f"{API}/script-info",), _scripts),
}
