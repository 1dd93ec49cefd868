from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.errors import LengthError
from ...lectern.images import checked
from ...lectern.slides.decks import DeckSlide, DeckStyle, save_deck
from ...lectern.slides.sequence import spread, texts_of
from .common import CATEGORY, first, settings


class LecternSaveDeck(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSaveDeck",
            display_name="Save Deck",
            category=CATEGORY,
            description="Saves pictures as a PowerPoint deck: each fills its slide, and the slides have titles, notes,"
            " alternative texts and live slide numbers.",
            search_aliases=["powerpoint", "pptx", "presentation", "slides", "export"],
            is_input_list=True,
            is_output_node=True,
            inputs=[
                io.Image.Input("images", tooltip="The slides in order; the first one's shape becomes the deck's."),
                io.String.Input(
                    "titles", default="", multiline=True, dynamic_prompts=False,
                    tooltip="Slide titles for the outline, search and screen readers, one line a slide. They are not"
                    " drawn: Slide Title does that.",
                ),
                io.String.Input(
                    "notes", default="", multiline=True, dynamic_prompts=False,
                    tooltip="Speaker notes, one paragraph a slide (blank line between).",
                ),
                io.String.Input(
                    "alt_texts", default="", multiline=True, dynamic_prompts=False,
                    tooltip="What each picture shows, one line a slide, for those who cannot see it. Empty: the title.",
                ),
                io.String.Input("document_title", default="", tooltip="The document's title in its properties."),
                io.Boolean.Input(
                    "slide_numbers", default=True,
                    tooltip="PowerPoint's own slide numbers: they stay right when slides are moved. Switch them off"
                    " when the pictures already carry numbers.",
                ),
                io.String.Input(
                    "filename_prefix", default="lectern/deck",
                    tooltip="Folder and name below ComfyUI's output folder; a number and .pptx follow.",
                ),
            ],
            outputs=[],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        titles: list[str],
        notes: list[str],
        alt_texts: list[str],
        document_title: list[str],
        slide_numbers: list[bool],
        filename_prefix: list[str],
    ) -> io.NodeOutput:
        limits = settings().limits
        frames = [frame for batch in images for frame in checked(batch, limits.side)]
        if len(frames) > limits.slides:
            raise LengthError(
                f"The deck would have {len(frames)} slides; {limits.slides} are allowed (limits.slides in"
                " lectern.toml). Make several decks or raise the limit."
            )
        slides = [
            DeckSlide(frame, title, alt, note)
            for frame, title, alt, note in zip(
                frames,
                spread(texts_of(titles, "lines", limits.text), len(frames), "titles"),
                spread(texts_of(alt_texts, "lines", limits.text), len(frames), "alternative texts"),
                spread(texts_of(notes, "paragraphs", limits.text), len(frames), "notes"),
                strict=True,
            )
        ]
        style = DeckStyle(first(document_title).strip() or slides[0].title, first(slide_numbers))
        target = host.save_target(first(filename_prefix), frames[0].shape[1], frames[0].shape[0])
        name = target.name(".pptx")
        save_deck(target.folder / name, slides, style, host.Progress(len(slides)).step)
        return io.NodeOutput(ui={"files": [{"filename": name, "subfolder": target.subfolder, "type": "output"}]})
