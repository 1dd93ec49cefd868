from functools import partial
from typing import Any

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.errors import LecternError
from ...lectern.prompts.errors import ModelFolderError
from ...lectern.prompts.local.finding import KIND, find_model, find_models
from ...lectern.prompts.local.loading import DTYPES, Loader
from ...lectern.prompts.local.model import Spec
from ...lectern.prompts.messages import Backend
from ...lectern.stamps import stamp
from .common import CATEGORY, NONE, ChatModel, ChatModelType, notes

loader = Loader(host.model_memory)


class LecternLocalChatModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternLocalChatModel",
            display_name="Local Chat Model",
            category=CATEGORY,
            description="Runs a language model inside ComfyUI: a folder of a Hugging Face transformers model in"
            " models/LLM, also one that reads pictures, or a linked CLIP that can write. ComfyUI's memory manager keeps"
            " it like any other model. Only safetensors files are read, and no code of a folder runs.",
            search_aliases=["llm", "transformers", "hugging face", "qwen", "gemma", "llama", "vlm", "vision"],
            inputs=[
                io.Combo.Input(
                    "model", options=[NONE, *find_models(host.directories_of(KIND))], default=NONE,
                    tooltip="A folder with a config.json and safetensors files in models/LLM, also in those that"
                    " extra_model_paths.yaml names for LLM.",
                ),
                io.Combo.Input(
                    "dtype", options=list(DTYPES), default=DTYPES[0], optional=True,
                    tooltip="Precision of the weights in memory. auto keeps that of the files where it can.",
                ),
                io.Float.Input(
                    "temperature", default=0.7, min=0.0, max=2.0, step=0.05, optional=True,
                    tooltip="How freely it chooses its words: 0 always the likeliest.",
                ),
                io.Float.Input(
                    "top_p", default=0.95, min=0.01, max=1.0, step=0.01, optional=True,
                    tooltip="Only words among the likeliest that together have this share. 1 takes all.",
                ),
                io.Int.Input(
                    "top_k", default=64, min=0, max=1000, optional=True, advanced=True,
                    tooltip="Only so many of the likeliest words. 0 takes all.",
                ),
                io.Float.Input(
                    "repetition_penalty", default=1.0, min=0.5, max=2.0, step=0.01, optional=True, advanced=True,
                    tooltip="Above 1 it repeats itself less.",
                ),
                io.Int.Input(
                    "max_tokens", default=4096, min=1, max=1_000_000, optional=True,
                    tooltip="Longest answer, thinking included; never more than the model's context.",
                ),
                io.Boolean.Input(
                    "thinking", default=False, optional=True,
                    tooltip="Lets a reasoning model think before it answers. What it thinks never enters the text.",
                ),
                io.Clip.Input(
                    "clip", optional=True,
                    tooltip="A text encoder that can write, such as Gemma 3 or Qwen3-VL from Load CLIP. It is used"
                    " instead of the folder.",
                ),
            ],
            outputs=[ChatModelType.Output(display_name="chat_model", tooltip="For the Prompts nodes.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, model: str | None) -> bool | str:
        return True  # named here, so that a folder that came since ComfyUI started is no mistake

    @classmethod
    def fingerprint_inputs(cls, model: str | None, **_: object) -> str:
        """A folder that was changed on disk is loaded anew."""
        try:
            return repr(stamp(find_model(model, host.directories_of(KIND)))) if model and model != NONE else ""
        except (LecternError, OSError):
            return ""  # execute says what is wrong

    @classmethod
    def execute(
        cls,
        model: str,
        dtype: str = DTYPES[0],
        temperature: float = 0.7,
        top_p: float = 0.95,
        top_k: int = 64,
        repetition_penalty: float = 1.0,
        max_tokens: int = 4096,
        thinking: bool = False,
        clip: Any = None,
    ) -> io.NodeOutput:
        from ...lectern.prompts.local.backend import LocalBackend  # not while ComfyUI starts
        from ...lectern.prompts.local.clip import ClipBackend
        from ...lectern.prompts.local.drawing import Drawing

        drawing = Drawing(temperature, top_k, top_p, repetition_penalty)
        backend: Backend
        if clip is not None:
            unload = partial(host.unload_clip, clip)
            backend = ClipBackend(clip, host.check_cancel, drawing, max_tokens, thinking, unload)
            return io.NodeOutput(ChatModel(backend), ui=notes([]))
        if model == NONE:
            raise ModelFolderError(
                "No model is chosen. Put a transformers model into models/LLM and choose it, or link a CLIP that can"
                " write."
            )
        loaded = loader.load(Spec(find_model(model, host.directories_of(KIND)), dtype))
        backend = LocalBackend(loaded, host.model_memory, host.check_cancel, drawing, max_tokens, thinking)
        return io.NodeOutput(ChatModel(backend), ui=notes(loaded.notes))
