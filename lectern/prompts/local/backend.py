"""A transformers model on this machine, asked where the node runs, which it blocks as core's own nodes do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...errors import LecternError
from ...faults import told
from ...outofmemory import amount, ran_out
from ..errors import AnswerError, Blind, Shortage
from ..messages import Question, Reply
from ..watching import Part
from .drawing import Drawing, processors
from .fence import quiet
from .memory import Memory
from .model import Model
from .sizes import room, working
from .streaming import Writer
from .templates import has_template, opens_thoughts, prompt_of
from .writing import inputs_of, left_for_answer, pictures_of, unusable, write


@dataclass(frozen=True, eq=False)
class LocalBackend:
    """Asks are answered one after the other; none of them suspends."""

    model: Model
    memory: Memory = field(repr=False)
    check: Callable[[], None] = field(repr=False)  # raises ComfyUI's interrupt once Cancel was pressed
    drawing: Drawing = field(default_factory=Drawing)
    max_tokens: int = 1024  # of an answer, thoughts included
    thinking: bool = False  # asked of models that can do without

    @property
    def label(self) -> str:
        return self.model.name

    @property
    def patcher(self) -> Any:
        """For ComfyUI's cache: what holds the model's memory."""
        return self.model.weights

    @property
    def remote(self) -> bool:
        return False

    @property
    def concurrency(self) -> int:
        return 1

    @property
    def room(self) -> int:
        return room(self.model, self.max_tokens)

    async def ask(self, question: Question, part: Part) -> Reply:
        """Raises ChatError, ModelFolderError."""
        if any(one.pictures for one in question.messages):
            await self.check_sight()
        self.check()
        model = self.model
        with told(lambda reason: unusable(model, reason)), quiet():
            prompt = prompt_of(model, question.messages, self.thinking)
            pictures = pictures_of([file for one in question.messages for file in one.pictures])
            inputs = inputs_of(model, prompt, pictures, has_template(model))
        length = inputs["input_ids"].shape[1]
        tokens = left_for_answer(model, length, question.max_tokens or self.max_tokens)
        writer = Writer(model.tokenizer, part, self.check, opens_thoughts(prompt))
        self._written(inputs, tokens, writer, question.seed)
        return _reply(model, writer)

    async def check_sight(self) -> None:
        if not self.model.sees:
            raise Blind(
                f"{self.model.name} does not read pictures. Choose a vision-language model, or unlink the picture."
            )

    async def release(self) -> None:
        """Nothing: ComfyUI's manager takes the memory back when another model needs it."""

    def _written(self, inputs: dict[str, Any], tokens: int, writer: Writer, seed: int) -> None:
        model = self.model
        length = inputs["input_ids"].shape[1]
        shown = sum(one.numel() for one in inputs.values() if hasattr(one, "numel") and one.is_floating_point())
        needed = working(model, length, tokens, shown)
        draw = processors(self.drawing, seed, length)
        try:
            with told(lambda reason: unusable(model, reason)), quiet():
                self.memory.load([model.weights], needed)
                write(model, inputs, tokens, draw, writer, self.check)
            return
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
        # Outside of the handler and without its error, which holds every tensor of the frames it came through.
        self.memory.release([model.weights])
        raise self._shortage(needed)

    def _shortage(self, needed: int) -> LecternError:
        whole = self.model.weights.bytes + needed
        return Shortage(
            f"Not enough memory: {self.model.name} needs about {amount(whole)} on the device,"
            f" {amount(self.memory.free())} are free. Choose a smaller model or dtype bf16, give it a shorter text or"
            " smaller pictures, or set a lower max_tokens."
        )


def _reply(model: Model, writer: Writer) -> Reply:
    complete = bool(writer.tokens) and writer.tokens[-1] in model.ends
    text = writer.said.strip()
    if not text:
        cut = "" if complete else " Its thoughts took all of max_tokens: raise that, or turn thinking off."
        raise AnswerError(f"{model.name} answered nothing.{cut or ' Ask again with another seed, or another model.'}")
    return Reply(text, complete, len(writer.tokens), model.notes)
