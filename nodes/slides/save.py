import datetime

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.slides.encoders import FORMATS, Encoder, Encoding
from ...lectern.slides.names import check_template, file_stems
from ...lectern.slides.saving import save_pictures
from ...lectern.slides.sequence import spread, texts_of
from .common import CATEGORY, all_valid, first, given, settings


class LecternSaveSlides(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSaveSlides",
            display_name="Save Slides",
            category=CATEGORY,
            description="Saves pictures as PNG, JPEG, WebP or AVIF on all processor cores, with the resolution of a"
            " slide, a largest file size if you like, and names made from titles.",
            search_aliases=["save image", "export", "jpg", "jpeg", "webp", "avif", "dpi", "file size"],
            is_input_list=True,
            is_output_node=True,
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            inputs=[
                io.Image.Input("images", tooltip="Pictures in order: a batch, a list, or both."),
                io.Combo.Input(
                    "format", options=list(FORMATS), default="PNG",
                    tooltip="PNG keeps every pixel and alpha; WebP and AVIF are small and keep alpha; JPEG opens"
                    " everywhere, and what is transparent becomes white in it.",
                ),
                io.Int.Input(
                    "quality", default=90, min=1, max=100,
                    tooltip="For JPEG, WebP and AVIF: 100 is best and largest. PNG is always without loss.",
                ),
                io.Int.Input(
                    "target_kb", default=0, min=0, max=1_000_000,
                    tooltip="Largest file in KB (1000 bytes): quality is lowered until each picture is no larger."
                    " 0: any size.",
                ),
                io.String.Input(
                    "titles", default="", multiline=True, dynamic_prompts=False,
                    tooltip="For {title} in the file name, one line a picture. A list works too.",
                ),
                io.String.Input(
                    "filename", default="{prefix}_{counter}_",
                    tooltip="Name of each file: {prefix} (the end of filename_prefix), {counter} (goes on from run to"
                    " run), {n} and {total} (this run's pictures), {date}, {title}.",
                ),
                io.String.Input(
                    "filename_prefix", default="lectern/slide",
                    tooltip="Folder and name below ComfyUI's output folder. Nothing is ever overwritten.",
                ),
                io.Boolean.Input(
                    "workflow", default=True,
                    tooltip="Keep this workflow in the files, as Save Image does, so that they can be dropped on"
                    " ComfyUI. Switch it off before you give pictures away.",
                ),
                io.Int.Input(
                    "dpi", default=0, min=0, max=2400, advanced=True,
                    tooltip="Resolution noted in PNG and JPEG; no pixel changes. 0: the one at which the picture fills"
                    " a PowerPoint slide, 144 for 1920 x 1080.",
                ),
                io.String.Input(
                    "infotext", optional=True, force_input=True,
                    tooltip="What each picture was made from, as A1111 and Forge write it, so that their PNG Info reads"
                    " it. One for each picture or one for all. Linked, it is written whatever workflow says.",
                ),
            ],
            outputs=[],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, filename: list[str] | str | None) -> bool | str:
        return all_valid(filename=lambda: [check_template(one) for one in given(filename)])

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        format: list[str],
        quality: list[int],
        target_kb: list[int],
        titles: list[str],
        filename: list[str],
        filename_prefix: list[str],
        workflow: list[bool],
        dpi: list[int],
        infotext: list[str] | None = None,
    ) -> io.NodeOutput:
        limits = settings().limits
        frames = [frame for batch in images for frame in checked(batch, limits.side)]
        named = spread(texts_of(titles, "lines", limits.text), len(frames), "titles")
        infotexts = spread(texts_of(infotext or [], "none", limits.text), len(frames), "infotexts")
        texts = host.workflow_texts(cls.hidden.prompt, cls.hidden.extra_pnginfo) if first(workflow) else {}
        encoder = Encoder(Encoding(first(format), first(quality), first(target_kb) * 1000, first(dpi), texts))
        target = host.save_target(first(filename_prefix), frames[0].shape[1], frames[0].shape[0])
        today = datetime.date.today().isoformat()
        stems = file_stems(first(filename), target.stem, target.counter, today, named)
        progress = host.Progress(len(frames))
        names = save_pictures(target.folder, frames, stems, encoder, progress.step, progress.check, infotexts)
        saved = [{"filename": name, "subfolder": target.subfolder, "type": "output"} for name in names]
        return io.NodeOutput(ui={"images": saved})
