"""Selectable scripts: their argument lists, and what prompt matrix, a list of prompts and the X/Y/Z plot ask for."""

from typing import Any, NamedTuple

from support.webui.errors import Crash, Refusal
from support.webui.plan import Item
from support.webui.state import State

AXES = {"Seed": ("seed", int), "Steps": ("steps", int), "CFG Scale": ("cfg", float)}  # the axes that the double plots


class Selected(NamedTuple):
    items: tuple[Item, ...]
    grid: bool  # one comes first, announced by index_of_first_image
    only_grid: bool = False


def info(state: State, name: str, img2img: bool, always_on: bool) -> dict[str, Any]:
    """A script's row of script-info, by its title in any case."""
    for script in state.lists["script-info"]:
        if script["name"] == name.lower() and script["is_img2img"] == img2img:
            if script["is_alwayson"] == always_on:
                return script
            if always_on:
                raise Refusal(422, "Cannot have a selectable script in the always on scripts params")
    raise Refusal(422, f"Script '{name}' not found")


def select(state: State, body: dict[str, Any], img2img: bool, items: tuple[Item, ...]) -> Selected:
    """The request's items as its script multiplies them."""
    name = body.get("script_name")
    if not name:
        return Selected(items, False)
    script, args = info(state, name, img2img, always_on=False), body["script_args"]
    wanted = len(script["args"])
    if len(args) != wanted:  # the real servers shift every later script's arguments instead
        raise Refusal(422, f"Script '{name}' takes {wanted} arguments, got {len(args)}")
    return SCRIPTS[script["name"]](items[0], args)


def _matrix(item: Item, args: list[Any]) -> Selected:
    at_start, other_seeds, which, join, _ = args
    positive = which == "positive"
    first, *parts = [part.strip() for part in (item.prompt if positive else item.negative).split("|")]
    items: list[Item] = []
    for number in range(2 ** len(parts)):
        chosen = [part for index, part in enumerate(parts) if number & (1 << index)]
        text = (", " if join == "comma" else " ").join([*chosen, first] if at_start else [first, *chosen])
        seeded = item._replace(seed=item.seed + (number if other_seeds else 0))
        items.append(seeded._replace(prompt=text) if positive else seeded._replace(negative=text))
    return Selected(tuple(items), True)


def _prompts(item: Item, args: list[Any]) -> Selected:
    iterate, _same, where, text, _file = args
    items: list[Item] = []
    for number, line in enumerate(line.strip() for line in str(text).splitlines() if line.strip()):
        around = (line, item.prompt) if where == "start" else (item.prompt, line)
        prompt = " ".join(part for part in around if part)
        items.append(item._replace(prompt=prompt, seed=item.seed + (number if iterate else 0)))
    return Selected(tuple(items), False)


def _plot(item: Item, args: list[Any]) -> Selected:
    """The axes' types are indices into their choices: a name crashes the real script. Z is not plotted here."""
    across = _axis(args[0], args[1])
    down = _axis(args[3], args[4])
    return Selected(tuple(item._replace(**x, **y) for y in down for x in across), True, only_grid=not args[10])


def _axis(kind: Any, values: Any) -> list[dict[str, Any]]:
    if not isinstance(kind, int):
        raise Crash("TypeError", f"list indices must be integers or slices, not {type(kind).__name__}")
    name = ("Nothing", "Seed", "Var. seed", "Var. strength", "Steps", "CFG Scale")[min(kind, 5)]
    if name not in AXES:
        return [{}]
    field, read = AXES[name]
    return [{field: read(value)} for value in str(values).split(",") if value.strip()]


SCRIPTS = {"prompt matrix": _matrix, "prompts from file or textbox": _prompts, "x/y/z plot": _plot}
