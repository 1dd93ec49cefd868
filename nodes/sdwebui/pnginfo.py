import json

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.errors import InputFileError
from ...lectern.infotext import parse_infotext, read_parameters
from ...lectern.sdwebui.progress import Watch
from ...lectern.sdwebui.services import png_info
from .common import CATEGORY, ServerType, Target, valid, webui

LARGEST = 256 * 1024 * 1024  # bytes
DIGITS = 20  # of a seed of 64 bits; Python refuses to read some thousand


class LecternWebUIPngInfo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIPngInfo",
            display_name="WebUI PNG Info",
            category=CATEGORY,
            description="Reads how a picture was made from its file, as the PNG Info tab does: prompt, negative prompt,"
            " seed, settings. Needs no server; with one linked, the server reads the file instead.",
            search_aliases=["metadata", "parameters", "infotext", "prompt from image", "exif"],
            inputs=[
                io.Combo.Input(
                    "file", options=host.input_pictures(), upload=io.UploadType.image,
                    tooltip="A PNG, JPEG, WebP or AVIF in ComfyUI's input folder.",
                ),
                ServerType.Input("server", optional=True, tooltip="Link it to have the server read the file instead."),
            ],
            outputs=[
                io.String.Output(display_name="infotext", tooltip="The text as it stands in the file."),
                io.String.Output(display_name="prompt", tooltip="The prompt in it."),
                io.String.Output(display_name="negative_prompt", tooltip="The negative prompt in it."),
                io.Int.Output(display_name="seed", tooltip="The seed in it; 0 when there is none."),
                io.String.Output(display_name="parameters", tooltip="All settings in it, as JSON."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, file: str | None) -> bool | str:
        return True if file is None else valid(lambda: host.input_file(file))

    @classmethod
    def fingerprint_inputs(cls, file: str | None, server: Target | None = None) -> str:
        return host.input_stamp(file or "")

    @classmethod
    async def execute(cls, file: str, server: Target | None = None) -> io.NodeOutput:
        path = host.input_file(file)
        if path.stat().st_size > LARGEST:
            raise InputFileError(f"{file[:80]!r} is larger than {LARGEST // 2**20} MB. Choose a smaller file.")
        data = path.read_bytes()
        text = read_parameters(data).infotext or ""
        found = parse_infotext(text)
        parameters = dict(found.settings)
        if server is not None:
            told = await host.attended(png_info(webui, server.server, data), Watch())
            text, parameters = told.infotext or text, {**told.parameters}
            found = parse_infotext(text)
        seed = found.settings.get("Seed", "")
        return io.NodeOutput(
            text,
            found.prompt,
            found.negative,
            int(seed) if seed.isdecimal() and len(seed) <= DIGITS else 0,
            json.dumps(parameters, ensure_ascii=False),
        )
