"""A text encoder that ComfyUI has loaded and can write with, such as Qwen3-VL or Gemma, as core's Generate Text does.

Such a CLIP is asked in one go (comfy_extras/nodes_textgen.py of ComfyUI 0.30): its answer cannot be watched while it is
written; core shows a bar of tokens. It has no place for a system prompt, and its sampling is core's own: the seed goes
to a generator on the device that computes, so a card and a processor write different texts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ...errors import LecternError
from ...faults import told
from ...outofmemory import amount, ran_out
from ..errors import AnswerError, Blind, ModelFolderError, Refused, Shortage
from ..messages import Message, Question, Reply
from ..thinking import without_thinking
from ..watching import Part
from .drawing import Drawing
from .sizes import room_of
from .stopping import checked
from .writing import pictures_of

CONTEXT = 32_768  # tokens, of one that does not say
NAME = "The linked CLIP"


@dataclass(frozen=True, eq=False)
class ClipBackend:
    """`clip` is what ComfyUI's CLIP outputs carry."""

    clip: Any
    check: Callable[[], None]  # raises ComfyUI's interrupt once Cancel was pressed
    drawing: Drawing = field(default_factory=Drawing)
    max_tokens: int = 1024  # of an answer, thoughts included
    thinking: bool = False  # asked of models that can do without
    unload: Callable[[], None] = lambda: None  # takes it off the device, after it ran out of memory there

    @property
    def label(self) -> str:
        return "the linked CLIP"

    @property
    def patcher(self) -> Any:
        """For ComfyUI's cache: what holds the model's memory."""
        return self.clip.patcher

    @property
    def remote(self) -> bool:
        return False

    @property
    def concurrency(self) -> int:
        return 1

    @property
    def room(self) -> int:
        return room_of(context_of(self.clip), self.max_tokens)

    async def ask(self, question: Question, part: Part) -> Reply:
        """Raises ChatError, ModelFolderError."""
        check_writes(self.clip)
        files = [file for one in question.messages for file in one.pictures]
        if files:
            await self.check_sight()
        self.check()
        with told(_unusable):
            tokens = self._tokens(text_of(question.messages), batch(pictures_of(files)) if files else None)
        length = question.max_tokens or self.max_tokens
        written = self._written(tokens, _left(self.clip, tokens, length), question.seed)
        self.check()
        reply = _reply(self.clip, written, length)
        part.write(reply.text, reply.tokens)
        return reply

    async def check_sight(self) -> None:
        """By a look at whether a picture becomes anything but numbers of words."""
        check_writes(self.clip)
        with told(_unusable):
            seen = self._tokens("x", batch([Image.new("RGB", (64, 64))]))
        if all(isinstance(one[0], int | float) for one in _flat(seen)):
            raise Blind(f"{NAME} does not read pictures. Link one that does, such as Qwen3-VL, or unlink the picture.")

    async def release(self) -> None:
        """Nothing: ComfyUI's manager takes the memory back when another model needs it."""

    def _tokens(self, text: str, picture: Any) -> Any:
        return self.clip.tokenize(
            text, image=picture, skip_template=False, min_length=1, thinking=self.thinking, video=None, audio=None
        )

    def _written(self, tokens: Any, length: int, seed: int) -> list[int]:
        drawing = self.drawing
        try:
            with told(_unusable), checked(self.clip.cond_stage_model, self.check):
                return self.clip.generate(
                    tokens,
                    do_sample=drawing.temperature > 0,
                    max_length=length,
                    temperature=drawing.temperature or 1.0,
                    top_k=drawing.top_k,
                    top_p=drawing.top_p,
                    min_p=0.0,
                    repetition_penalty=drawing.repetition_penalty,
                    presence_penalty=0.0,
                    seed=seed % 2**64,
                )
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
        # Outside of the handler and without its error, which holds every tensor of the frames it came through.
        self.unload()
        raise Shortage(
            f"Not enough memory: {NAME[0].lower() + NAME[1:]} ({amount(_bytes(self.clip))} of weights) cannot write"
            f" {length} tokens. Set a lower max_tokens, give it a shorter text or a smaller picture, or link a smaller"
            " model."
        )


def check_writes(clip: Any) -> None:
    """Raises ModelFolderError for a CLIP that only reads, such as those of Stable Diffusion, or T5."""
    top = getattr(clip, "cond_stage_model", None)
    if not (hasattr(top, "generate") and any(hasattr(one, "generate") for one in _transformers(clip))):
        kind = type(top).__name__
        raise ModelFolderError(
            f"{NAME} ({kind}) only reads text; it cannot write any. Link a text encoder that is a language model, such"
            " as Qwen3-VL, Qwen3 4B or Gemma 3, or choose another chat model."
        )


def context_of(clip: Any) -> int:
    """Tokens of prompt and answer together."""
    found = []
    for one in _transformers(clip):
        config = getattr(getattr(one, "model", None), "config", None)
        found.append(getattr(config, "max_position_embeddings", None))
    known = [one for one in found if isinstance(one, int) and one > 0]
    return min(known, default=CONTEXT)


def text_of(messages: Sequence[Message]) -> str:
    """One prompt: there is one turn, the user's. What the model is to hold to comes first."""
    return "\n\n".join(one.text for one in messages if one.text)


def batch(pictures: Sequence[Image.Image]) -> Any:
    """-> IMAGE (n, H, W, 3), all of the first one's size, which is what a batch can be."""
    import torch

    from ...images import from_pillow

    size = pictures[0].size
    return torch.cat([from_pillow(one if one.size == size else one.resize(size)) for one in pictures])


def _left(clip: Any, tokens: Any, wished: int) -> int:
    told_tokens, context = sum(1 for _ in _flat(tokens)), context_of(clip)
    if told_tokens >= context:
        raise Refused(
            f"What {NAME[0].lower() + NAME[1:]} is given has {told_tokens} tokens; it takes {context} together with its"
            " answer. Give it a shorter text."
        )
    return min(wished, context - told_tokens)


def _reply(clip: Any, written: list[int], length: int) -> Reply:
    with told(_unusable):
        text = without_thinking(clip.decode(written))
    complete = len(written) < length
    if not text:
        cut = "Its thoughts took all of max_tokens: raise that, or turn thinking off"
        raise AnswerError(f"{NAME} answered nothing. {'Ask again with another seed' if complete else cut}.")
    return Reply(text, complete, len(written))


def _transformers(clip: Any) -> Iterator[Any]:
    """ComfyUI wraps each text encoder in a module that has it as `transformer`."""
    top = getattr(clip, "cond_stage_model", None)
    for one in top.modules() if top is not None else ():
        if (found := getattr(one, "transformer", None)) is not None:
            yield found


def _flat(tokens: Any) -> Iterator[tuple[Any, ...]]:
    """(token, weight) of all batches; a picture is one entry that is no number."""
    for batches in tokens.values() if isinstance(tokens, dict) else [tokens]:
        for one in batches:
            yield from one


def _bytes(clip: Any) -> int:
    return sum(one.numel() * one.element_size() for one in clip.cond_stage_model.parameters())


def _unusable(reason: str) -> LecternError:
    return ModelFolderError(
        f"{NAME} cannot be asked: {reason}. Link another text encoder that is a language model, or update ComfyUI."
    )
