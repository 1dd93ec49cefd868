from dataclasses import replace

from comfy_api.v0_0_2 import io

from ...lectern.errors import TextError
from ...lectern.prompts.errors import ChatError
from ...lectern.prompts.languages import LANGUAGES
from ...lectern.prompts.messages import Backend
from ...lectern.prompts.outlines import Outline, Plan
from ...lectern.prompts.watching import Watch
from .common import (
    BY_RULES,
    CATEGORY,
    ERROR,
    RULES,
    ChatModel,
    answered,
    answered_or,
    bounded,
    chat_model_input,
    failures,
    family_input,
    info,
    seed_input,
    settings,
    use_names,
    written,
)

AS_TOPIC = "as the topic"
BACKGROUND = "background with calm space"
SLIDE_CHARS = 4000  # of an outline, for each slide that the settings allow; this node writes about 1000
AS_WRITTEN = "Taken from the outline as it was written; nothing was asked."


# What only a run needs is imported by it: ComfyUI's start is not to wait for rules and their words.


class LecternDeckOutline(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternDeckOutline",
            display_name="Deck Outline",
            category=CATEGORY,
            description="Plans a whole deck from a topic or a pasted document: titles, bullets, speaker notes, a prompt"
            " and an alternative text for each picture, sections and numbering. A linked chat model plans it; without"
            " one, rules do.",
            search_aliases=["presentation", "slides", "plan", "storyline", "agenda", "llm", "powerpoint"],
            inputs=[
                io.String.Input(
                    "topic", default="", multiline=True, dynamic_prompts=False,
                    tooltip="A few words, or a whole document. A long one is condensed in parts first.",
                ),
                io.Int.Input(
                    "slides", default=8, min=1, max=500,
                    tooltip="Slides in all, the title slide included. Once there is an outline, that counts.",
                ),
                family_input(),
                seed_input(),
                io.String.Input("audience", default="", optional=True, tooltip="Whom it is for, in a few words."),
                io.Combo.Input(
                    "language", options=[AS_TOPIC, *LANGUAGES], default=AS_TOPIC, optional=True,
                    tooltip="The deck's language. Prompts are in that of the image model.",
                ),
                io.String.Input("tone", default="", optional=True, tooltip="For example: calm and factual."),
                io.String.Input(
                    "look", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="A style sheet in a line: technique, colours, light. It ends every prompt verbatim, so that"
                    " all pictures look alike. Empty: one is proposed.",
                ),
                io.Combo.Input(
                    "use", options=use_names(), default=BACKGROUND, optional=True,
                    tooltip="What the pictures are for, the title slide's aside.",
                ),
                io.Boolean.Input(
                    "cover", default=True, optional=True, tooltip="Begins with a title slide, which has no number."
                ),
                io.String.Input(
                    "outline", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="An outline as Markdown, such as the one that this node wrote, corrected by you. It is"
                    " taken as it stands; only prompts that it lacks are written. Empty: the deck is planned.",
                ),
                io.Combo.Input(
                    "fallback", options=[ERROR, RULES], default=ERROR, optional=True,
                    tooltip="When the model fails: an error, or an outline by rules. The next run asks again.",
                ),
                chat_model_input(),
            ],
            outputs=[
                io.String.Output(display_name="titles", is_output_list=True, tooltip="For Slide Title and Save Deck."),
                io.String.Output(
                    display_name="subtitles", is_output_list=True, tooltip="The title slide's; for Slide Title."
                ),
                io.String.Output(
                    display_name="bodies", is_output_list=True, tooltip="Bullets, one a line, for the body input."
                ),
                io.String.Output(display_name="notes", is_output_list=True, tooltip="Speaker notes, for Save Deck."),
                io.String.Output(
                    display_name="prompts", is_output_list=True, tooltip="A prompt for each picture, for any sampler."
                ),
                io.String.Output(
                    display_name="negative_prompts", is_output_list=True,
                    tooltip="Empty where the image model takes none.",
                ),
                io.String.Output(
                    display_name="alt_texts", is_output_list=True, tooltip="What each picture shows, for Save Deck."
                ),
                io.String.Output(
                    display_name="sections", is_output_list=True, tooltip="For Save Deck and Slide Watermark."
                ),
                io.String.Output(
                    display_name="levels", is_output_list=True,
                    tooltip="Numbering levels for Slide Number: 0 none, 1 a section's first slide, 2 the others.",
                ),
                io.String.Output(
                    display_name="outline", tooltip="All of it as Markdown: correct it and give it back as outline."
                ),
                io.String.Output(display_name="look", tooltip="The style sheet that all pictures share."),
                io.String.Output(display_name="deck_title", tooltip="For Save Deck's document_title."),
                io.Int.Output(display_name="count", tooltip="How many slides there are."),
                io.String.Output(display_name="info", tooltip="Who planned it, and what there is to know about it."),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            is_output_node=True,  # shows its text, also when that comes from ComfyUI's memory
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, **_: object) -> str:
        """A makeshift last time makes it plan anew."""
        return failures(str(cls.hidden.unique_id))

    @classmethod
    async def execute(
        cls,
        topic: str,
        slides: int,
        family: str,
        seed: int,
        audience: str = "",
        language: str = AS_TOPIC,
        tone: str = "",
        look: str = "",
        use: str = BACKGROUND,
        cover: bool = True,
        outline: str = "",
        fallback: str = ERROR,
        chat_model: ChatModel | None = None,
    ) -> io.NodeOutput:
        from ...lectern.prompts.markdown import from_markdown

        limits = settings().limits
        if slides > limits.slides:
            raise TextError(
                f"{slides} slides are more than the {limits.slides} that limits.slides in lectern.toml allows. Ask for"
                " fewer or raise it."
            )
        wanted = "" if language == AS_TOPIC else language
        start = None
        if outline.strip():
            start = from_markdown(outline, limits.slides, max(limits.text, limits.slides * SLIDE_CHARS))
            slides = len(start.slides)
        else:
            topic = bounded(topic, "topic")
        plan = Plan(topic, slides, audience, wanted, tone, look, family, use, cover and slides > 1, seed)
        return _outputs(*await _planned(start, plan, chat_model, fallback, cls.hidden))


async def _planned(
    start: Outline | None, plan: Plan, model: ChatModel | None, fallback: str, hidden: io.HiddenHolder
) -> tuple[Outline, str]:
    """The outline, and who wrote it.

    Args:
        start: what a person wrote; None plans from the topic.
    """
    from ...lectern.prompts.outlining import plan_deck, with_prompts

    watch = Watch()
    if start and all(slide.prompt for slide in start.slides):
        return start, AS_WRITTEN
    if model is None:
        return await _ruled(start, plan, watch), BY_RULES
    forgiving = fallback == RULES

    async def work(backend: Backend) -> Outline:
        outline = start or await plan_deck(plan, backend, watch)
        return await with_prompts(outline, plan, backend, watch, forgiving)

    makeshift = await _ruled(start, plan, Watch()) if forgiving else Outline("", ())
    answer = answered(model, work, watch, hidden)
    return await answered_or(lambda error: _noted(makeshift, error), answer, model, fallback, hidden)


async def _ruled(start: Outline | None, plan: Plan, watch: Watch) -> Outline:
    from ...lectern.prompts.outlining import plan_by_rules, with_prompts

    return await (with_prompts(start, plan, None, watch) if start else plan_by_rules(plan, watch))


def _noted(outline: Outline, error: ChatError) -> Outline:
    return replace(outline, notes=(f"Rules planned instead of the model: {error}", *outline.notes))


def _outputs(outline: Outline, by: str) -> io.NodeOutput:
    from ...lectern.prompts.markdown import to_markdown

    slides = outline.slides
    text = to_markdown(outline)
    return io.NodeOutput(
        [slide.title for slide in slides],
        [slide.subtitle for slide in slides],
        ["\n".join(slide.bullets) for slide in slides],
        [slide.notes for slide in slides],
        [slide.prompt for slide in slides],
        [slide.negative for slide in slides],
        [slide.alt_text or slide.title for slide in slides],
        [slide.section for slide in slides],
        [str(slide.level) for slide in slides],
        text,
        outline.look,
        outline.title,
        len(slides),
        info(by, outline.notes),
        ui=written([text], by, outline.notes),
    )
