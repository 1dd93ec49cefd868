"""A document that is longer than a model can be given at once: condensed part by part until it fits."""

from functools import partial

from .instructions import for_summary
from .messages import Backend, Message, Question
from .outlines import Plan
from .rules.summarising import chunks, key_sentences
from .structured import ask_text
from .together import together
from .watching import Watch

_ROUNDS = 3  # of condensing; what is still too long then is cut to its key sentences
_LEAST_GAIN = 0.8  # of the length; a model that does not condense is not asked again


async def condensed(plan: Plan, backend: Backend, watch: Watch) -> str:
    """The topic, or what a model made of it, in at most `backend.room` characters.

    Raises:
        ChatError.
    """
    text = plan.topic.strip()
    for _ in range(_ROUNDS):
        if len(text) <= backend.room:
            return text
        parts = [part for part in chunks(text, backend.room) if part.strip()]
        made = await together([partial(_summary, part, plan, backend, watch) for part in parts], backend.concurrency)
        shorter = "\n\n".join(made)
        if len(shorter) > _LEAST_GAIN * len(text):
            break
        text = shorter
    return _cut(text, backend.room)


async def _summary(part: str, plan: Plan, backend: Backend, watch: Watch) -> str:
    asked = Question((Message("system", for_summary(plan)), Message("user", part)), plan.seed)
    text, _ = await ask_text(backend, asked, watch.part())
    return text


def _cut(text: str, room: int) -> str:
    """Key sentences, in their order, as many as fit."""
    if len(text) <= room:
        return text
    kept: list[str] = []
    size = 0
    for sentence in key_sentences(text, max(1, room // 60)):
        size += len(sentence) + 1
        if size > room:
            break
        kept.append(sentence)
    return "\n".join(kept) or text[:room]
