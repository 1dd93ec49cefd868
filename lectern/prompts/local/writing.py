"""A prompt and pictures -> an answer, by transformers' greedy search with processors of ours."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from ..errors import ModelFolderError, Refused
from .drawing import Processor
from .model import Model
from .stopping import checked
from .streaming import Writer


def pictures_of(files: Sequence[bytes]) -> list[Image.Image]:
    """JPEG files as nodes make them."""
    return [Image.open(io.BytesIO(one), formats=["JPEG", "PNG"]).convert("RGB") for one in files]


def inputs_of(model: Model, prompt: str, pictures: Sequence[Image.Image], templated: bool) -> dict[str, Any]:
    """Tensors for the model, on the processor. A template has written the tokens already that open a text."""
    opened = templated and (not model.sees or prompt.startswith(model.tokenizer.bos_token or "\0"))
    options: dict[str, Any] = {"add_special_tokens": False} if opened else {}
    if model.sees:
        shown = {"images": list(pictures)} if pictures else {}
        return dict(model.processor(text=[prompt], return_tensors="pt", **shown, **options))
    made = model.tokenizer(prompt, return_tensors="pt", **options)
    return {name: made[name] for name in ("input_ids", "attention_mask")}


def left_for_answer(model: Model, prompt: int, wished: int) -> int:
    """Tokens. Raises Refused when the prompt alone is too long."""
    if prompt >= model.context:
        raise Refused(
            f"What {model.name} is given has {prompt} tokens; it takes {model.context} together with its answer. Give"
            " it a shorter text, or fewer or smaller pictures."
        )
    return min(wished, model.context - prompt)


def write(
    model: Model, inputs: dict[str, Any], tokens: int, draw: list[Processor], writer: Writer, check: Callable[[], None]
) -> None:
    """The answer goes to the writer. `check` raises when it is to stop, which it is asked before every layer."""
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    module = model.module
    config = GenerationConfig(
        max_new_tokens=tokens,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        eos_token_id=list(model.ends) or None,
        pad_token_id=_padding(model),
    )
    there = {name: _moved(value, module) for name, value in inputs.items()}
    with torch.inference_mode(), checked(module, check):
        module.generate(**there, generation_config=config, logits_processor=LogitsProcessorList(draw), streamer=writer)


def _padding(model: Model) -> int:
    """Only one text is written at a time, so nothing is padded; without one transformers warns."""
    if model.tokenizer.pad_token_id is not None:
        return model.tokenizer.pad_token_id
    return model.ends[0] if model.ends else 0


def _moved(value: Any, module: Any) -> Any:
    if not hasattr(value, "to"):
        return value
    return value.to(module.device, module.dtype) if value.is_floating_point() else value.to(module.device)


def unusable(model: Model, reason: str) -> ModelFolderError:
    return ModelFolderError(
        f"{model.name} cannot be given this question: {reason}. Update transformers, or choose another model."
    )
