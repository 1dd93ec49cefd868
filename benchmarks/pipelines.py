"""Diffusers pipelines: our own cost for a run of 20 steps, a second load, switching LoRAs, reading a folder.

On pipelines with tiny random weights, whose steps take so little that our share shows. Both sides of a comparison run
in turn, with the same noise, and both decode.
"""

import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import load_file

from benchmarks._report import Target, conclude, table
from lectern.pipelines.latents import Look, packed
from lectern.pipelines.loading import Loader
from lectern.pipelines.loras import chosen, lora_file
from lectern.pipelines.loras_worn import worn_loras
from lectern.pipelines.pipeline import Pipeline, Spec
from lectern.pipelines.quiet import quiet
from lectern.pipelines.sampling import Request, sample
from tools.cache import CHECKOUT

sys.path.append(str(CHECKOUT / "tests"))
tiny: Any = import_module("support.tiny")
tiny_loras: Any = import_module("support.tiny.loras")

ROUNDS = 25
STEPS, SIDE, SEED = 20, 64, 3
BARE, OURS = "the bare call", "Lectern"
ANEW, SWITCHED, FIRST = "diffusers: unload and load", "Lectern: switch", "Lectern: a file that is new"
PLAIN, FOLDER = "safetensors' own load", "Lectern's load"


class Kept:
    def __init__(self, module: torch.nn.Module) -> None:
        self.module, self.bytes = module, 0

    def changed(self) -> None: ...


class NoMemory:
    """Nobody moves the weights: what ComfyUI does there is not ours to measure."""

    def keep(self, module: torch.nn.Module) -> Kept:
        return Kept(module)

    device = torch.device("cpu")

    def load(self, weights: Sequence[Any], working: int) -> None: ...

    def release(self, weights: Sequence[Any]) -> None: ...

    def make_room(self, size: int) -> None: ...

    def capacity(self) -> int:
        return 1 << 40

    free = ram = capacity

    def precision(self, wanted: str) -> str:
        return wanted


class NoWatch:
    def start(self, total: int, look: Look) -> None: ...

    def step(self, done: int, latents: object) -> None: ...

    def check(self) -> None: ...


def noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def bare(pipeline: Pipeline) -> None:
    pipe = pipeline.loaded
    latents = noise((1, pipe.vae.config["latent_channels"], SIDE // 8, SIDE // 8), SEED)
    generator = torch.Generator("cpu").manual_seed(SEED)
    pipe(
        "a lighthouse", num_inference_steps=STEPS, width=SIDE, height=SIDE, latents=packed(pipe, latents),
        generator=generator, output_type="pt",
    )  # fmt: skip


def ours(pipeline: Pipeline) -> None:
    request = Request("a lighthouse", seed=SEED, steps=STEPS, width=SIDE, height=SIDE)
    sample(pipeline, request, NoMemory(), noise, NoWatch())


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    gc.collect()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def overhead(pipeline: Pipeline) -> dict[str, list[float]]:
    pipeline.loaded.set_progress_bar_config(disable=True)
    for warm in (bare, ours):
        warm(pipeline)
    times: dict[str, list[float]] = {BARE: [], OURS: []}
    with torch.inference_mode():
        for _ in range(ROUNDS):
            times[BARE].append(timed(lambda: bare(pipeline)))
            times[OURS].append(timed(lambda: ours(pipeline)))
    return times


def switching(pipeline: Pipeline, folder: Path) -> dict[str, list[float]]:
    """From one LoRA to another and back, and to another strength: all that a run does before and after for them."""
    places = [tiny_loras.tiny_lora(folder / f"{name}.safetensors", pipeline.loaded, name) for name in (1, 2)]
    files = [lora_file(place) for place in places]
    worn = [pipeline.with_lora(chosen(pipeline.loaded, file, one)) for one in (1.0, 0.5) for file in files]
    times: dict[str, list[float]] = {ANEW: [], SWITCHED: [], FIRST: []}
    with torch.inference_mode():
        for number in range(ROUNDS):
            fresh = tiny_loras.tiny_lora(folder / "fresh.safetensors", pipeline.loaded, 3, {"round": "x" * number})
            passing = pipeline.with_lora(chosen(pipeline.loaded, lora_file(fresh)))
            times[FIRST].append(timed(lambda one=passing: wear(one)))
            del passing
            list(map(wear, worn))
            times[SWITCHED] += [timed(lambda one=one: wear(one)) for one in worn]
    worn.clear()
    del files
    gc.collect()  # with the last that wants them they leave the pipeline, for diffusers to begin with it as it was
    with quiet():
        for number in range(ROUNDS):
            times[ANEW].append(timed(lambda place=places[number % 2]: anew(pipeline.loaded, place)))
        pipeline.loaded.unload_lora_weights()
    return times


def wear(pipeline: Pipeline) -> None:
    with worn_loras(pipeline):
        pass


def anew(pipe: Any, place: Path) -> None:
    pipe.unload_lora_weights()
    pipe.load_lora_weights(load_file(place), adapter_name="a")


def large_folder(folder: Path, small: Path) -> Path:
    """2 GB in fp16: Stable Diffusion 1.5 in its real size, but for its tokenizer. What the numbers are is all one."""
    tiny.full_vae(folder, small)
    diffusers, transformers = import_module("diffusers"), import_module("transformers")
    with torch.device("meta"):
        text = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
        models = {
            "unet": diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
            "text_encoder": transformers.CLIPTextModel(transformers.CLIPTextConfig(**text)),
            "vae": diffusers.AutoencoderKL.from_config(
                json.loads((folder / "vae/config.json").read_text()), force_upcast=False
            ),
        }
    for name, model in models.items():
        shutil.rmtree(folder / name)
        model.half().to_empty(device="cpu").save_pretrained(folder / name)
    return folder


def forget(files: Iterable[Path]) -> None:
    """Has the system drop what it holds of them in memory, so that the next reader waits for the disk."""
    for file in files:
        with file.open("rb") as source:
            os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def reading(folder: Path, dtype: str, cold: bool) -> dict[str, list[float]]:
    """Both sides end with every page of every weight read, in the same dtype."""
    files = list(folder.rglob("*.safetensors"))
    os.sync()  # only what is on the disk can be forgotten
    times: dict[str, list[float]] = {PLAIN: [], FOLDER: []}

    def plain() -> None:
        touched([one.to(getattr(torch, dtype)) for file in files for one in load_file(file).values()])

    def lectern() -> None:
        pipeline = Loader(NoMemory()).load(Spec(folder, dtype="fp16" if dtype == "float16" else "bf16"))
        touched(one for weights in pipeline.weights for one in weights.module.parameters())

    for work in (plain, lectern):
        work()
    for _ in range(5):
        for name, work in ((PLAIN, plain), (FOLDER, lectern)):
            if cold:
                forget(files)
            times[name].append(timed(work))
    return times


def touched(tensors: Iterable[torch.Tensor]) -> None:
    """Files are mapped, not read, until somebody looks: one byte of each page."""
    for one in tensors:
        one.detach().view(-1).view(torch.uint8)[::4096].sum()


def main() -> int:
    torch.set_num_threads(2)
    targets: list[Target] = []
    with tempfile.TemporaryDirectory() as place:
        loader = Loader(NoMemory())
        for family in tiny.FAMILIES:
            pipeline = loader.load(Spec(tiny.tiny_pipeline(family, Path(place, family))))
            times = overhead(pipeline)
            print(f"\n{family}, {STEPS} steps")
            table(list(times.items()), "ms", BARE)
            cost = [mine / plain - 1 for plain, mine in zip(times[BARE], times[OURS], strict=True)]
            targets.append(Target(f"{family}: cost over the bare call", median(cost) * 100, 2, "%"))
            again = median(timed(lambda spec=pipeline.spec: loader.load(spec)) for _ in range(50))
            times = switching(pipeline, Path(place))
            print(f"\n{family}, LoRAs")
            table(list(times.items()), "ms", ANEW)
            targets.append(Target(f"{family}: switching LoRA weights", median(times[SWITCHED]), 50, "ms"))
            targets.append(Target(f"{family}: load of what is loaded", again, 5, "ms"))
        folder = large_folder(Path(place, "large"), Path(place, "sd15"))
        for dtype, cold in (("float16", True), ("bfloat16", False), ("float16", False)):
            times = reading(folder, dtype, cold)
            print(f"\nreading 2 GB of float16 as {dtype}, {'from the disk' if cold else 'already in memory'}")
            table(list(times.items()), "ms", PLAIN)
            if cold:
                ratio = median(times[FOLDER]) / median(times[PLAIN])
                targets.append(Target("reading 2 GB over safetensors' own load", ratio, 1.1, "x"))
    print()
    return conclude(targets)


if __name__ == "__main__":
    sys.exit(main())
