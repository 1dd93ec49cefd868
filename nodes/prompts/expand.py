from comfy_api.v0_0_2 import io

from ...lectern.errors import LecternError
from ...lectern.prompts.errors import ChatError
from ...lectern.prompts.families import FAMILIES
from ...lectern.prompts.graphs import is_by_model
from ...lectern.prompts.styles import applied, chosen, read_styles
from ...lectern.prompts.styles import stamp as styles_stamp
from ...lectern.prompts.watching import Watch
from ...lectern.prompts.wishes import OWN_LANGUAGE, Expansion, Wish
from .common import (
    BY_RULES,
    CATEGORY,
    ERROR,
    NONE,
    ORIGINAL,
    ChatModel,
    answered,
    answered_or,
    bounded,
    chat_model_input,
    failures,
    family_input,
    info,
    prompt_language_input,
    seed_input,
    style_files,
    style_names,
    use_names,
    wildcard_folders,
    written,
)

# What only a run needs is imported by it: ComfyUI's start is not to wait for rules and their words.


class LecternPromptExpand(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPromptExpand",
            display_name="Prompt Expand",
            category=CATEGORY,
            description="Turns a short idea into a good prompt for an image model, in its own manner, with a negative"
            " prompt, a title and an alternative text. A linked chat model writes it; without one, rules do.",
            search_aliases=["enhance prompt", "llm", "magic prompt", "translate", "styles", "wildcards"],
            inputs=[
                io.String.Input(
                    "text", default="", multiline=True, dynamic_prompts=True,
                    tooltip="The idea, in any language. __name__ becomes a line of wildcards/name.txt in Lectern's"
                    " folder.",
                ),
                family_input(),
                io.Combo.Input(
                    "use", options=use_names(), default=use_names()[0],
                    tooltip="What the picture is for; a background, for example, leaves calm space for a title.",
                ),
                seed_input(),
                io.Float.Input(
                    "creativity", default=0.5, min=0.0, max=1.0, step=0.05, optional=True,
                    tooltip="0 keeps to your words, 1 invents freely around them.",
                ),
                io.String.Input(
                    "must_have", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="Terms that the prompt holds letter by letter, separated by commas or lines.",
                ),
                io.String.Input(
                    "must_not", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="Terms that the prompt never holds; the negative prompt holds them, if there is one.",
                ),
                prompt_language_input(),
                io.Combo.Input(
                    "style", options=style_names(), default=NONE, optional=True,
                    tooltip="A style of styles.csv (A1111's format) in Lectern's folder, put around the finished"
                    " prompt.",
                ),
                io.String.Input(
                    "look", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="What all pictures of a deck share: technique, colours, light. It ends every prompt.",
                ),
                io.Combo.Input(
                    "fallback", options=[ERROR, ORIGINAL], default=ERROR, optional=True,
                    tooltip="When the model fails: an error, or your own text as the prompt. The next run asks again.",
                ),
                chat_model_input(),
            ],
            outputs=[
                io.String.Output(display_name="positive", tooltip="The prompt."),
                io.String.Output(
                    display_name="negative", tooltip="What the picture must not show; empty where the model takes none."
                ),
                io.String.Output(display_name="title", tooltip="A few words, in the language of the idea."),
                io.String.Output(
                    display_name="alt_text", tooltip="What the picture shows, for those who cannot see it."
                ),
                io.String.Output(display_name="info", tooltip="Who wrote it, and what there is to know about it."),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            is_output_node=True,  # shows its text, also when that comes from ComfyUI's memory
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls, style: str | None = NONE, must_have: str | None = "", must_not: str | None = ""
    ) -> bool | str:
        """`style` is named here, so that one that came into the file since ComfyUI started is no mistake."""
        from ...lectern.prompts.terms import check_terms, terms_of

        try:
            check_terms(terms_of(must_have or ""), terms_of(must_not or ""))
            if style not in (None, NONE):
                chosen(style, read_styles(style_files()))
        except LecternError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, text: str | None = None, style: str | None = None, **_: object) -> str:
        """A change of the files that it uses, or a makeshift last time, makes it write anew. What is linked is not
        known yet, and may use any."""
        from ...lectern.prompts import wildcards

        folders = wildcard_folders()
        stamps = (
            "" if style == NONE else styles_stamp(style_files()),
            wildcards.stamp(folders) if text is None else wildcards.used(text, folders),
            failures(str(cls.hidden.unique_id)),
        )
        return " ".join(stamps)

    @classmethod
    async def execute(
        cls,
        text: str,
        family: str,
        use: str,
        seed: int,
        creativity: float = 0.5,
        must_have: str = "",
        must_not: str = "",
        language: str = OWN_LANGUAGE,
        style: str = NONE,
        look: str = "",
        fallback: str = ERROR,
        chat_model: ChatModel | None = None,
    ) -> io.NodeOutput:
        from ...lectern.prompts.terms import check_terms, repaired, terms_of
        from ...lectern.prompts.wildcards import filled

        must, never = terms_of(must_have), terms_of(must_not)
        check_terms(must, never)
        idea = bounded(text, "idea")
        if not is_by_model(cls.hidden.prompt or {}, str(cls.hidden.unique_id), "text"):
            idea = filled(idea, wildcard_folders(), seed)  # a model's text is data, never a template
        wish = Wish(idea, family, use, creativity, must, never, language, look, seed)
        made, by = await _expanded(wish, chat_model, fallback, cls.hidden)
        positive, negative = _styled(made, style)
        positive, mended = repaired(positive, must, never, FAMILIES[family].form)
        sentences = (*made.notes, *mended)
        return io.NodeOutput(
            positive,
            negative,
            made.title,
            made.alt_text,
            info(by, sentences),
            ui=written([positive], by, sentences),
        )


async def _expanded(
    wish: Wish, model: ChatModel | None, fallback: str, hidden: io.HiddenHolder
) -> tuple[Expansion, str]:
    """The prompt, and who wrote it."""
    from ...lectern.prompts.expanding import expand
    from ...lectern.prompts.rules.expanding import expand_by_rules

    if model is None:
        return expand_by_rules(wish), BY_RULES
    watch = Watch()
    answer = answered(model, lambda backend: expand(wish, backend, watch.part()), watch, hidden)
    return await answered_or(lambda error: _original(wish, error), answer, model, fallback, hidden)


def _original(wish: Wish, error: ChatError) -> Expansion:
    """The person's own words; what else is needed of them comes from the rules."""
    from ...lectern.prompts.rules.expanding import expand_by_rules

    ruled = expand_by_rules(wish)
    note = f"Your own text was taken: {error}"
    return Expansion(wish.text.strip(), ruled.negative, ruled.title, ruled.alt_text, (note,))


def _styled(made: Expansion, style: str) -> tuple[str, str]:
    if style == NONE:
        return made.positive, made.negative
    return applied(chosen(style, read_styles(style_files())), made.positive, made.negative)
