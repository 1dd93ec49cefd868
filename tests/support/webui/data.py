"""What the double answers from: tests/data/sdwebui, condensed from recorded answers and Forge's OpenAPI document."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "data" / "sdwebui"


@cache
def _read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def load(name: str) -> Any:
    """The content of one data file, the caller's to change."""
    return deepcopy(_read(name))


def listed(name: str, *routes: str) -> dict[str, Any]:
    """Some entries of a data file."""
    content = load(name)
    return {route: content[route] for route in routes}
