"""What is asked of a chat model and what it answers, whatever kind of model it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .watching import Part

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    role: Role
    text: str
    pictures: tuple[bytes, ...] = ()  # JPEG files, in the order in which they are shown


@dataclass(frozen=True)
class Question:
    """One conversation that wants one answer."""

    messages: tuple[Message, ...]
    seed: int  # 0 to 2**64 - 1; a backend folds it to what its model takes
    schema: Mapping[str, Any] | None = None  # JSON Schema of the answer, for models that can be held to one
    max_tokens: int = 0  # 0: what the backend was set to


@dataclass(frozen=True)
class Reply:
    text: str  # without what a reasoning model thought
    complete: bool = True  # False: it was cut off at the largest number of tokens
    tokens: int = 0  # written; as the server counts them, else the pieces that came
    notes: tuple[str, ...] = ()  # for the person, one sentence each


class Backend(Protocol):
    """A chat model that can be asked. Several questions may be under way at once."""

    @property
    def label(self) -> str: ...  # how it is named to people, no address in it

    @property
    def remote(self) -> bool: ...  # asked on the background loop; else where the node runs, which it blocks

    @property
    def concurrency(self) -> int: ...  # questions that it answers at once

    @property
    def room(self) -> int: ...  # characters of a document that it can be given at once

    async def ask(self, question: Question, part: Part) -> Reply:
        """One answer, told to `part` while it is written.

        Raises:
            ChatError: what went wrong, named after its cause. Never a secret or the prompt in it.
            SettingsError: the entry's key or certificates cannot be read.
        """
        ...

    async def check_sight(self) -> None:
        """Raises Blind when it is known that pictures would not be seen."""
        ...

    async def release(self) -> None:
        """Frees the memory that the model takes, where that was wished for and can be done. Raises nothing."""
        ...
