"""What Lectern's local models do in ComfyUI's own hands: run by ComfyUI's Python, in its tree, without its server.

Usage: python incore.py <the ComfyUI tree> <this checkout> <a folder for models> <file for the findings, JSON>
"""

import asyncio
import gc
import io
import json
import sys
import weakref
from pathlib import Path
from typing import Any

SMALL = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
         "num_key_value_heads": 1}  # fmt: skip
SEES = {"hidden_size": 32, "intermediate_size": 32, "depth": 2, "deepstack_visual_indexes": [0, 1]}


def main(folder: Path) -> dict[str, Any]:
    return {"clip": clips(), "folder": folders(folder)}


def clips() -> dict[str, Any]:
    import comfy.model_management as manager  # pyright: ignore[reportMissingImports]
    from comfy import sd1_clip  # pyright: ignore[reportMissingImports]
    from comfy.text_encoders import qwen3vl, z_image  # pyright: ignore[reportMissingImports]

    from lectern.prompts.local.clip import ClipBackend, context_of
    from lectern.prompts.local.drawing import Drawing

    qwen3vl.QWEN3VL_VISION["qwen3vl_4b"] = SEES
    qwen3vl.QWEN3VL_VISION_COMMON["num_heads"] = 2
    seer = made(qwen3vl.te(model_type="qwen3vl_4b"), qwen3vl.tokenizer("qwen3vl_4b"), "qwen3vl_4b")
    writer = made(z_image.te(), z_image.ZImageTokenizer, "qwen3_4b")
    reader = made(sd1_clip.SD1ClipModel, sd1_clip.SD1Tokenizer, "clip_l")
    drawing = Drawing(1.0, top_k=50, top_p=0.9, repetition_penalty=1.1)

    def check() -> None:
        manager.throw_exception_if_processing_interrupted()

    def backend(clip: Any, **options: Any) -> ClipBackend:
        return ClipBackend(clip, check, **({"drawing": drawing, "max_tokens": 12} | options))

    red, blue = picture((220, 10, 10)), picture((10, 10, 220))
    sure = Drawing(0.0)
    return {
        "text": [said(backend(writer), seed=seed) for seed in (1, 1, 2)],
        "cold": [said(backend(writer, drawing=sure), seed=seed) for seed in (1, 2)],
        "picture": [said(backend(seer, drawing=sure), pictures=shown) for shown in ((red,), (red,), (blue,), ())],
        "pictures": said(backend(seer), pictures=(red, picture((1, 2, 3), (20, 90)))),
        "blind": failure(lambda: said(backend(writer), pictures=(red,))),
        "reader": failure(lambda: said(backend(reader))),
        "thinking": [told(backend(writer_of, thinking=yes)) for writer_of in (seer,) for yes in (False, True)],
        "context": [context_of(seer), context_of(writer)],
        "cancel": cancelled(backend(writer, max_tokens=200)),
        "unloaded": unloaded(writer),
        "after": said(backend(writer), seed=1),
    }


def made(model: Any, tokenizer: Any, name: str) -> Any:
    import torch
    from comfy.sd import CLIP  # pyright: ignore[reportMissingImports]

    class Target:
        params: dict[str, Any] = {}

    Target.clip, Target.tokenizer = model, tokenizer  # type: ignore[attr-defined]
    options = {"dtype": torch.float32}
    if name != "clip_l":
        options |= {f"{name}_model_config": SMALL}
    clip = CLIP(Target, model_options=options)
    torch.manual_seed(0)
    with torch.no_grad():
        for one in clip.cond_stage_model.parameters():  # core leaves weights as they lay in memory
            one.copy_(torch.randn(one.shape) * 0.3)
    return clip


def picture(color: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG")
    return file.getvalue()


def said(backend: Any, seed: int = 0, pictures: tuple[bytes, ...] = ()) -> list[Any]:
    from lectern.prompts.messages import Message, Question
    from lectern.prompts.watching import Watch

    watch = Watch()
    question = Question((Message("system", "Be brief."), Message("user", "A red door.", pictures)), seed)
    reply = asyncio.run(backend.ask(question, watch.part()))
    assert watch.glimpse.tokens == reply.tokens
    return [reply.text, reply.complete, reply.tokens]


def told(backend: Any) -> str:
    """The prompt as the model reads it."""
    tokens = backend._tokens("A red door.", None)
    return backend.clip.decode([one[0] for one in next(iter(tokens.values()))[0]], skip_special_tokens=False)


def failure(work: Any) -> list[str]:
    from lectern.errors import LecternError

    try:
        return ["none", str(work())]
    except LecternError as error:
        return [type(error).__name__, str(error)]


def cancelled(backend: Any) -> list[int]:
    """The numbers of tokens that core's bar showed; Cancel is pressed with the first."""
    import comfy.model_management as manager  # pyright: ignore[reportMissingImports]
    import comfy.utils  # pyright: ignore[reportMissingImports]

    seen: list[int] = []

    def hook(value: int, *_: Any, **__: Any) -> None:
        seen.append(value)
        manager.interrupt_current_processing()

    comfy.utils.set_progress_bar_global_hook(hook)
    try:
        said(backend)
    except manager.InterruptProcessingException:
        return seen
    finally:
        comfy.utils.set_progress_bar_global_hook(None)
        manager.interrupt_current_processing(False)
    return []


def unloaded(clip: Any) -> list[bool]:
    import comfy.model_management as manager  # pyright: ignore[reportMissingImports]

    from lectern import host

    def held() -> bool:
        return any(one.model is not None and one.model.is_clone(clip.patcher) for one in manager.current_loaded_models)

    before = held()
    host.unload_clip(clip)
    return [before, held()]


def folders(folder: Path) -> dict[str, Any]:
    import comfy.model_management as manager  # pyright: ignore[reportMissingImports]
    import torch

    from lectern import host
    from lectern.prompts.local.backend import LocalBackend
    from lectern.prompts.local.drawing import Drawing
    from lectern.prompts.local.loading import Loader
    from lectern.prompts.local.model import Spec

    loader = Loader(host.model_memory)
    with torch.inference_mode():  # as ComfyUI runs nodes
        model = loader.load(Spec(folder))
        backend = LocalBackend(model, host.model_memory, host.check_cancel, Drawing(1.0), 12)
        first = said(backend, seed=3)
        held = [type(one.model.model).__name__ for one in manager.current_loaded_models]
        host.model_memory.release([model.weights])  # as it does when memory runs out
        freed = [type(one.model.model).__name__ for one in manager.current_loaded_models]
        again = said(backend, seed=3)
        same = loader.load(Spec(folder)) is model
        manager.interrupt_current_processing()
        try:
            said(backend)
            stopped = False
        except manager.InterruptProcessingException:
            stopped = True
        manager.unload_all_models()
        after = said(backend, seed=3)
        manager.unload_all_models()
    module = weakref.ref(model.module)
    del model, backend
    gc.collect()
    return {"texts": [first, again, after], "held": held, "freed": freed, "same": same, "stopped": stopped,
            "gone": module() is None}  # fmt: skip


if __name__ == "__main__":
    tree, checkout, models, findings = map(Path, sys.argv[1:])
    sys.path[:0] = [str(tree), str(checkout)]
    sys.argv = [sys.argv[0], "--cpu"]
    import comfy.options  # pyright: ignore[reportMissingImports]

    comfy.options.enable_args_parsing()
    findings.write_text(json.dumps(main(models)))
