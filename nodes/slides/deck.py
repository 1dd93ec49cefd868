from collections.abc import Sequence

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.slides.colors import AUTO
from ...lectern.slides.deck_layout import pixel_size
from ...lectern.slides.deck_model import CONTENTS_PLACES, Contents, DeckSlide, DeckStyle, TextLook, Watermark
from ...lectern.slides.deck_output import FORMATS, DeckFiles, save_files
from ...lectern.slides.deck_template import Template
from ...lectern.slides.deck_texts import DeckTexts, deck_slides
from ...lectern.slides.decks import watermarks
from ...lectern.slides.pdf import Encoding
from ...lectern.slides.thumbnails import save_thumbnails
from .common import ANCHOR_NAMES, CATEGORY, all_valid, check_colors, day_of, deck_font, first, given, settings

PICTURE_AS = ("picture", "background")
PDF_PICTURES = ("lossless", "jpeg")


class LecternSaveDeck(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSaveDeck",
            display_name="Save Deck",
            category=CATEGORY,
            description="Saves pictures as a PowerPoint deck or a PDF: each fills its slide, and slides have titles,"
            " notes, alternative texts and live slide numbers.",
            search_aliases=["powerpoint", "pptx", "pdf", "presentation", "slides", "export"],
            is_input_list=True,
            is_output_node=True,
            inputs=[
                io.Image.Input("images", tooltip="The slides in order; the first one's shape becomes the deck's."),
                io.String.Input(
                    "titles", default="", multiline=True, dynamic_prompts=False,
                    tooltip="Slide titles for the outline, search and screen readers, one line a slide. They are not"
                    " drawn: Slide Title or native text does that.",
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
                    tooltip="Folder and name below ComfyUI's output folder; a number and .pptx or .pdf follow.",
                ),
                io.Combo.Input(
                    "format", options=list(FORMATS), default="pptx", optional=True,
                    tooltip="PowerPoint, PDF (one picture a page), or both files at once.",
                ),
                io.String.Input(
                    "sections", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="Sections of the PPTX, one line a slide; neighbours with the same name form one section.",
                ),
                io.Combo.Input(
                    "contents", options=list(CONTENTS_PLACES), default=CONTENTS_PLACES[0], optional=True,
                    tooltip="A slide that lists all titles with their numbers; each line is a link to its slide.",
                ),
                io.String.Input(
                    "contents_title", default="Contents", optional=True, advanced=True,
                    tooltip="The heading of the contents slide.",
                ),
                io.Boolean.Input(
                    "native_text", default=False, optional=True,
                    tooltip="Shows the titles as text that can be edited in PowerPoint. Use it instead of Slide Title.",
                ),
                io.String.Input(
                    "body", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="Editable text below the title, one paragraph a slide (blank line between); several lines"
                    " become bullets.",
                ),
                io.Combo.Input(
                    "text_position", options=ANCHOR_NAMES, default="bottom left", optional=True,
                    tooltip="Where editable title and body stand. A template's own places come first.",
                ),
                io.Float.Input(
                    "text_size", default=9.0, min=0.5, max=50.0, step=0.1, optional=True, advanced=True,
                    tooltip="Size of the editable title in percent of the slide's shorter side; the body has half.",
                ),
                io.String.Input(
                    "text_color", default=AUTO, optional=True, advanced=True,
                    tooltip="Of editable title and body: auto chooses light or dark by what lies behind; or #RRGGBB; or"
                    " a name such as white.",
                ),
                io.String.Input(
                    "text_font", default="", optional=True, advanced=True,
                    tooltip="Font family of editable text. Empty: the deck's own, and Inter in a PDF. The machine that"
                    " shows the PPTX needs the font; so does this one for a PDF.",
                ),
                io.String.Input(
                    "watermark", default="", optional=True,
                    tooltip="A short editable text on every slide; {n}, {total} and {date} are filled in.",
                ),
                io.Combo.Input(
                    "watermark_position", options=ANCHOR_NAMES, default="top right", optional=True, advanced=True,
                    tooltip="Where the editable watermark stands.",
                ),
                io.Combo.Input(
                    "picture_as", options=list(PICTURE_AS), default=PICTURE_AS[0], optional=True,
                    tooltip="A picture that can be moved and has an alternative text, or the slide's background, which"
                    " stays put while people edit. Only in the PPTX.",
                ),
                io.String.Input(
                    "template", default="", optional=True,
                    tooltip="File name of a .pptx in ComfyUI's input folder: its size, master and fonts stay, and the"
                    " picture goes into a layout's picture placeholder where there is one.",
                ),
                io.Boolean.Input(
                    "keep_template_slides", default=False, optional=True, advanced=True,
                    tooltip="The template's own slides stay in front; off removes them.",
                ),
                io.String.Input(
                    "author", default="", optional=True, advanced=True,
                    tooltip="The author in the document's properties.",
                ),
                io.String.Input(
                    "subject", default="", optional=True, advanced=True,
                    tooltip="The document's subject in its properties.",
                ),
                io.String.Input(
                    "keywords", default="", optional=True, advanced=True,
                    tooltip="Keywords in the document's properties.",
                ),
                io.Combo.Input(
                    "pdf_pictures", options=list(PDF_PICTURES), default=PDF_PICTURES[0], optional=True, advanced=True,
                    tooltip="Lossless keeps every pixel; JPEG makes a much smaller file.",
                ),
                io.Int.Input(
                    "pdf_quality", default=90, min=1, max=100, optional=True, advanced=True,
                    tooltip="Quality of JPEG pictures in a PDF.",
                ),
            ],
            outputs=[],
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls, text_color: list[str] | str | None = None, watermark: list[str] | str | None = None
    ) -> bool | str:
        return all_valid(text_color=lambda: check_colors(text_color), watermark=lambda: _check_watermark(watermark))

    @classmethod
    def fingerprint_inputs(
        cls, template: list[str] | None = None, watermark: list[str] | None = None, **_: object
    ) -> str:
        """A template that was changed on disk makes the deck anew, and so does another day in its watermark."""
        return host.input_stamp(first(template or [""]).strip()) + day_of(watermark or [])

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
        format: Sequence[str] = ("pptx",),
        sections: Sequence[str] = ("",),
        contents: Sequence[str] = CONTENTS_PLACES[:1],
        contents_title: Sequence[str] = ("Contents",),
        native_text: Sequence[bool] = (False,),
        body: Sequence[str] = ("",),
        text_position: Sequence[str] = ("bottom left",),
        text_size: Sequence[float] = (9.0,),
        text_color: Sequence[str] = (AUTO,),
        text_font: Sequence[str] = ("",),
        watermark: Sequence[str] = ("",),
        watermark_position: Sequence[str] = ("top right",),
        picture_as: Sequence[str] = PICTURE_AS[:1],
        template: Sequence[str] = ("",),
        keep_template_slides: Sequence[bool] = (False,),
        author: Sequence[str] = ("",),
        subject: Sequence[str] = ("",),
        keywords: Sequence[str] = ("",),
        pdf_pictures: Sequence[str] = PDF_PICTURES[:1],
        pdf_quality: Sequence[int] = (90,),
    ) -> io.NodeOutput:
        limits = settings().limits
        frames = [frame for batch in images for frame in checked(batch, limits.side)]
        texts = DeckTexts(titles, alt_texts, notes, body, sections)
        slides = deck_slides(frames, texts, limits.slides, limits.text)
        style = DeckStyle(
            first(document_title).strip() or slides[0].title,
            first(slide_numbers),
            first(author),
            first(subject),
            first(keywords),
            background=first(picture_as) == PICTURE_AS[1],
            text=TextLook(
                first(native_text), first(text_position), first(text_size), first(text_color), first(text_font).strip()
            ),
            watermark=Watermark(first(watermark), first(watermark_position)),
            contents=Contents(first(contents), first(contents_title)),
        )
        files = DeckFiles(
            first(format),
            Encoding(first(pdf_quality) if first(pdf_pictures) == PDF_PICTURES[1] else 0),
            lambda bold: deck_font(first(text_font).strip(), bold),
            _template(first(template).strip(), first(keep_template_slides)),
        )
        return io.NodeOutput(ui=_saved(slides, style, files, first(filename_prefix)))


def _template(name: str, keep: bool) -> Template | None:
    return Template(host.input_file(name), keep, settings().limits.template_mb) if name else None


def _check_watermark(text: list[str] | str | None) -> None:
    for one in given(text):
        watermarks(DeckStyle(watermark=Watermark(one)), 1)


def _saved(slides: list[DeckSlide], style: DeckStyle, files: DeckFiles, prefix: str) -> dict[str, list[dict[str, str]]]:
    """Writes the files and their thumbnails; what the editor shows of them."""
    width, height = pixel_size(slides[0].picture)
    target = host.save_target(prefix, width, height)
    names = [target.name(suffix) for suffix in files.suffixes]
    progress = host.Progress(len(slides) * len(names))
    save_files([target.folder / name for name in names], slides, style, files, progress.step)
    small = host.preview_target("lectern/thumbnail")
    shown = [small.name(".jpg", number) for number in range(len(slides))]
    save_thumbnails([small.folder / name for name in shown], [slide.picture for slide in slides])
    return {
        "files": [{"filename": name, "subfolder": target.subfolder, "type": "output"} for name in names],
        "thumbnails": [{"filename": name, "subfolder": small.subfolder, "type": "temp"} for name in shown],
    }
