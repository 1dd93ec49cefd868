"""What the Prompts nodes share."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.errors import LecternError, TextError
from ...lectern.mount import chats as chats  # the one hub of chat servers
from ...lectern.prompts.errors import ChatError
from ...lectern.prompts.families import FAMILIES, USES
from ...lectern.prompts.graphs import asked_later
from ...lectern.prompts.languages import LANGUAGES
from ...lectern.prompts.messages import Backend
from ...lectern.prompts.styles import read_styles
from ...lectern.prompts.watching import Watch
from ...lectern.prompts.wishes import OWN_LANGUAGE
from ..shared import notes as notes
from ..shared import settings as settings

T = TypeVar("T")

CATEGORY = "Lectern/Prompts"
NONE = "none"
ERROR, ORIGINAL, RULES = "error", "original", "rules"  # what happens when the model fails
BY_RULES = "Written by rules: no chat model is linked."
MAKESHIFT = "The chat model failed; this stands in for its answer until the next run."


@dataclass(frozen=True)
class ChatModel:
    """What a LECTERN_CHAT_MODEL link carries."""

    backend: Backend
    make_room: bool = False  # ComfyUI's models leave the GPU before it is asked

    @property
    def patcher(self) -> Any:
        """What ComfyUI's cache looks for on an output, to know that dropping it frees a model."""
        return getattr(self.backend, "patcher", None)


ChatModelType = io.Custom("LECTERN_CHAT_MODEL")  # a ChatModel


def chat_names() -> list[str]:
    """For the widget; with a mistake in lectern.toml the default, so that the editor still opens."""
    try:
        return list(settings().chat)
    except LecternError:
        return ["local"]


def style_files() -> list[Path]:
    return [*settings().prompts.styles, host.private_directory() / "styles.csv"]


def wildcard_folders() -> list[Path]:
    """Of two files with one name the one in Lectern's folder counts, as of styles."""
    return [host.private_directory() / "wildcards", *settings().prompts.wildcards]


def style_names() -> list[str]:
    """For the widget; with a mistake in a file none, so that the editor still opens."""
    try:
        return [NONE, *(name for name in read_styles(style_files()) if name != NONE)]
    except LecternError:
        return [NONE]


def chat_model_input() -> io.Input:
    return ChatModelType.Input(
        "chat_model", optional=True,
        tooltip="From a Chat Model or Local Chat Model node. Without one the text is written by rules, on any machine.",
    )  # fmt: skip


def family_input() -> io.Input:
    return io.Combo.Input(
        "family", options=list(FAMILIES), default=next(iter(FAMILIES)),
        tooltip="The image model that the prompt is for; each has its own way to be talked to.",
    )  # fmt: skip


def seed_input() -> io.Input:
    return io.Int.Input(
        "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, control_after_generate=io.ControlAfterGenerate.fixed,
        tooltip="Another seed asks anew. With the same seed and inputs nothing is asked again.",
    )  # fmt: skip


def prompt_language_input() -> io.Input:
    return io.Combo.Input(
        "language", options=[OWN_LANGUAGE, *LANGUAGES], default=OWN_LANGUAGE, optional=True,
        tooltip="The prompt's language, whatever yours is. The model's own is English; Qwen-Image and Wan also read"
        " Chinese.",
    )  # fmt: skip


def use_names() -> list[str]:
    return list(USES)


_failures: Counter[str] = Counter()  # by node: what was written instead must not be kept as if it were an answer


def failures(node_id: str) -> str:
    """For fingerprints: changes when the node's last answer was a makeshift, so that the next run asks again."""
    return str(_failures[node_id])


async def answered(
    model: ChatModel, work: Callable[[Backend], Coroutine[Any, Any, T]], watch: Watch, hidden: io.HiddenHolder
) -> T:
    """Runs work with the model: shown while it writes, ended by Cancel, and unloaded after its last use in the graph.

    Raises:
        ChatError, SettingsError, and ComfyUI's interrupt.
    """
    node_id = str(hidden.unique_id)
    if model.make_room:
        host.unload_models()
    if not model.backend.remote:
        return await host.narrated_here(_released(model.backend, work, _is_last(hidden)), watch, node_id)
    return await host.narrated(_released(model.backend, work, _is_last(hidden)), watch, node_id)


async def _released(backend: Backend, work: Callable[[Backend], Coroutine[Any, Any, T]], last: bool) -> T:
    try:
        made = await work(backend)
    except BaseException:
        # What comes later in the graph will hardly run; and a server that hangs is not waited for once more.
        host.background.start(backend.release())
        raise
    if last:
        await backend.release()
    return made


def _is_last(hidden: io.HiddenHolder) -> bool:
    return not asked_later(hidden.prompt or {}, str(hidden.unique_id))


async def answered_or(
    makeshift: Callable[[ChatError], T],
    answer: Coroutine[Any, Any, T],
    model: ChatModel,
    fallback: str,
    hidden: io.HiddenHolder,
) -> tuple[T, str]:
    """The answer, or with a fallback what is made in its place when the model fails; and who wrote it.

    Raises:
        ChatError: without a fallback.
    """
    try:
        return await answer, f"Written by {model.backend.label}."
    except ChatError as error:
        if fallback == ERROR:
            raise
        _failures[str(hidden.unique_id)] += 1
        return makeshift(error), MAKESHIFT


def bounded(text: str, what: str) -> str:
    """Raises TextError: nothing is written there, or more than limits.text."""
    limit = settings().limits.text
    if not text.strip():
        raise TextError(f"There is no {what}. Write one, in a few words or more.")
    if len(text) > limit:
        raise TextError(
            f"The {what} has {len(text)} characters; {limit} are allowed (limits.text in lectern.toml). Shorten it."
        )
    return text


def info(by: str, sentences: Sequence[str]) -> str:
    """Who wrote it, and the notes: one a line."""
    return "\n".join((by, *sentences))


def written(texts: Sequence[str], by: str, sentences: Sequence[str]) -> dict[str, list[str]]:
    """What the node shows on its face when it is done: its texts, and notes. That a model wrote needs no note."""
    return {"lectern_text": list(texts), **notes((by, *sentences) if by in (BY_RULES, MAKESHIFT) else sentences)}
