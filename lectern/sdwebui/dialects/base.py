"""What differs between the families of servers: data, and small functions on the request.

A new family is one file beside this one and one row in the table of `__init__`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..draft import Draft
from ..lists import Named

Payload = dict[str, Any]  # a request body in the server's words; pictures are still `Sent` objects


class Route(StrEnum):
    """Addresses that a family may lack."""

    PROGRESS = "progress"
    INTERRUPT = "interrupt"
    TASKS = "tasks"  # force_task_id and /internal/progress, which tell our job from a stranger's
    EXTRAS = "extras"
    EXTRAS_BATCH = "extras batch"
    INTERROGATE = "interrogate"
    PNG_INFO = "png-info"
    CONTROLNET = "controlnet"


def unchanged(payload: Payload, _draft: Draft, _loras: Collection[Named]) -> Payload:
    return payload


@dataclass(frozen=True)
class Dialect:
    """One family. `translate` gets a payload of its own, in A1111's words, and may change it."""

    name: str
    label: str  # for people
    routes: frozenset[Route]
    translate: Callable[[Payload, Draft, Collection[Named]], Payload] = unchanged
    reads: frozenset[str] | None = None  # request fields that it takes; None: all
    ignores: frozenset[str] = frozenset()  # of all, those that it does not take
    most_images: int = 1 << 30  # in one request
    iterations: bool = True  # n_iter works
    composites: bool = True  # lays the original over what a mask keeps
    lora_tags: bool = True  # <lora:name:weight> in the prompt
    lora_list: bool = False  # LoRAs in a list of their own, which `translate` makes of the tags
    extensions: bool = True  # A1111's ControlNet and ADetailer extensions can be there
    interrogators: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        return (self.reads is None or name in self.reads) and name not in self.ignores
