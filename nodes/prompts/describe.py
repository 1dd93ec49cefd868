from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.prompts.describing import DETAILS, TASKS, Described, Sight, describe, language_of
from ...lectern.prompts.errors import ChatError
from ...lectern.prompts.pictures import jpegs, lightness
from ...lectern.prompts.watching import Watch
from ...lectern.prompts.wishes import OWN_LANGUAGE
from ...lectern.slides.palettes import palette_from_image
from .common import (
    BY_RULES,
    CATEGORY,
    ERROR,
    RULES,
    ChatModel,
    answered,
    answered_or,
    chat_model_input,
    failures,
    family_input,
    info,
    prompt_language_input,
    seed_input,
    settings,
    written,
)

T = TypeVar("T")

EACH, TOGETHER = "one by one", "all together"


class LecternPromptFromImage(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPromptFromImage",
            display_name="Prompt From Image",
            category=CATEGORY,
            description="Looks at pictures and writes a prompt to make alike ones, a caption, an alternative text or"
            " tags. A linked chat model that reads pictures writes them; without one, rules say colours and light.",
            search_aliases=["caption", "describe", "interrogate", "vision", "alt text", "tags", "image to prompt"],
            inputs=[
                io.Image.Input("images", tooltip="A picture or a batch. Models are sent small copies."),
                io.Combo.Input(
                    "task", options=list(TASKS), default=TASKS[0],
                    tooltip="What is written: a prompt, a caption, an alternative text for those who cannot see it, or"
                    " tags.",
                ),
                family_input(),
                seed_input(),
                io.Combo.Input(
                    "detail", options=list(DETAILS), default=DETAILS[1], optional=True,
                    tooltip="How long it becomes: about 30, 70 or 140 words for a prompt, less for the others.",

                ),
                prompt_language_input(),
                io.String.Input(
                    "wish", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="More that the model is asked, such as: name the plants.",
                ),
                io.Combo.Input(
                    "grouping", options=[EACH, TOGETHER], default=EACH, optional=True,
                    tooltip="A text for each picture, or a single one for what all of them share.",
                ),
                io.Combo.Input(
                    "fallback", options=[ERROR, RULES], default=ERROR, optional=True,
                    tooltip="When the model fails: an error, or what rules can say. The next run asks again.",
                ),
                chat_model_input(),
            ],
            outputs=[
                io.String.Output(
                    display_name="texts", is_output_list=True, tooltip="The texts in the order of the pictures."
                ),
                io.String.Output(display_name="info", tooltip="Who wrote them, and what there is to know about them."),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            is_output_node=True,  # shows its text, also when that comes from ComfyUI's memory
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, **_: object) -> str:
        """A makeshift last time makes it ask anew."""
        return failures(str(cls.hidden.unique_id))

    @classmethod
    async def execute(
        cls,
        images: Tensor,
        task: str,
        family: str,
        seed: int,
        detail: str = DETAILS[1],
        language: str = OWN_LANGUAGE,
        wish: str = "",
        grouping: str = EACH,
        fallback: str = ERROR,
        chat_model: ChatModel | None = None,
    ) -> io.NodeOutput:
        batch = checked(images, settings().limits.side)
        groups = list(batch.split(1)) if grouping == EACH else [batch]
        sight = Sight(task, family, language, detail, wish, seed)
        made, by = await _described(groups, sight, chat_model, fallback, cls.hidden)
        return io.NodeOutput(list(made.texts), info(by, made.notes), ui=written(made.texts, by, made.notes))


async def _described(
    groups: Sequence[Tensor], sight: Sight, model: ChatModel | None, fallback: str, hidden: io.HiddenHolder
) -> tuple[Described, str]:
    """The texts, and who wrote them."""
    if model is None:
        return Described(tuple(_attentive(_by_rules(groups, sight))), ()), BY_RULES
    watch = Watch()
    files = [_attentive(jpegs(group, settings().prompts.picture_side)) for group in groups]
    answer = answered(model, lambda backend: describe(files, sight, backend, watch), watch, hidden)
    return await answered_or(lambda error: _makeshift(groups, sight, error), answer, model, fallback, hidden)


def _makeshift(groups: Sequence[Tensor], sight: Sight, error: ChatError) -> Described:
    return Described(tuple(_attentive(_by_rules(groups, sight))), (f"Rules wrote instead of the model: {error}",))


def _attentive(made: Iterable[T]) -> list[T]:
    """All that is made one after the other; Cancel takes effect in between."""
    found = []
    for one in made:
        host.check_cancel()
        found.append(one)
    return found


def _by_rules(groups: Sequence[Tensor], sight: Sight) -> Iterator[str]:
    from ...lectern.prompts.rules.describing import describe_by_rules  # not while ComfyUI starts

    for group in groups:
        height, width = group.shape[1:3]
        light = lightness(group.mean(0))
        yield describe_by_rules(palette_from_image(group), width, height, light, sight.task, language_of(sight))
