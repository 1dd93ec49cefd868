"""Diffusers pipelines: our own cost for a run of 20 steps, a second load, switching LoRAs, reading a folder.

On pipelines with tiny random weights, whose steps take so little that our share shows. Both sides of a comparison run
in turn, with the same noise, and both decode.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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

ROUNDS = 15
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

    def load(self, weights: Sequence[Any], working: int) -> None: ...

    def precision(self, wanted: str) -> str:
        return wanted


class NoWatch:
    def start(self, total: int, look: Look) -> None: ...

    def step(self, done: int, latents: torch.Tensor | None) -> None: ...

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
            for one in worn:
                wear(one)
            times[SWITCHED] += [timed(lambda one=one: wear(one)) for one in worn]
    del worn, files, one
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


def reading(folder: Path) -> dict[str, list[float]]:
    """A VAE of 335 MB beside tiny components, from files that the system holds in memory."""
    files = list(folder.rglob("*.safetensors"))
    times: dict[str, list[float]] = {PLAIN: [], FOLDER: []}
    for _ in range(5):
        times[PLAIN].append(timed(lambda: [one.sum() for file in files for one in load_file(file).values()]))
        times[FOLDER].append(timed(lambda: touched(Loader(NoMemory()).load(Spec(folder)))))
    return times


def touched(pipeline: Pipeline) -> None:
    """Reads every weight once: both sides map their files and would leave that for later."""
    for weights in pipeline.weights:
        for one in weights.module.parameters():
            one.sum()


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
        times = reading(tiny.full_vae(Path(place, "full"), Path(place, "sd15")))
        print("\nreading a folder of 340 MB")
        table(list(times.items()), "ms", PLAIN)
    print()
    return conclude(targets)


if __name__ == "__main__":
    sys.exit(main())
