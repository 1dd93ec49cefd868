"""The only door to ComfyUI: folders, progress, interrupt, own address, routes, the background loop.

Imported by `nodes/` and the package's `__init__`, never by the rest of the library: what the library needs from the
host is passed in as plain values.
"""

import asyncio
import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

import comfy.latent_formats
import comfy.model_management
import comfy.sample
import comfy.utils
import folder_paths
import latent_preview
import torch
from aiohttp import web
from comfy.cli_args import args
from comfy.model_patcher import ModelPatcher
from comfy_execution.graph_utils import ExecutionBlocker
from server import PromptServer

from .background import BackgroundLoop, Shown, Told
from .errors import InputFileError, SaveError
from .pipelines.latents import Look
from .pipelines.memory import BF16, FP8, FP16, FP32, Weights
from .pipelines.watching import Latents
from .prompts.watching import Glimpse

T = TypeVar("T")

_BAR = 1000  # steps of a progress bar that shows a fraction
_LOOK = 0.15  # seconds between two looks at Cancel
_PREVIEW_SIDE = 512  # pixels
_TEXT_EVENT = "lectern.text"  # web/prompts.js listens; ComfyUI's own progress text is shown as markup, ours never
_TEXT_PAUSE = 0.05  # seconds between two texts that are sent


class SaveTarget(NamedTuple):
    """Where an output node may write, as ComfyUI's own SaveImage would choose it."""

    folder: Path  # exists, inside the output folder
    subfolder: str  # relative to the output folder, "" for its top
    stem: str  # file name without counter and suffix
    counter: int  # first free number

    def name(self, suffix: str, offset: int = 0) -> str:
        return f"{self.stem}_{self.counter + offset:05}_{suffix}"


def output_directory() -> Path:
    return Path(folder_paths.get_output_directory())


def private_directory() -> Path:
    """Lectern's own folder below ComfyUI's user folder; no route of ComfyUI serves it."""
    return Path(folder_paths.get_system_user_directory("lectern"))


def font_directories() -> list[Path]:
    """`models/fonts`, and every folder that extra_model_paths.yaml files under `fonts`."""
    extra = folder_paths.get_folder_paths("fonts") if "fonts" in folder_paths.folder_names_and_paths else []
    return [Path(folder_paths.models_dir) / "fonts", *map(Path, extra)]


def input_file(name: str) -> Path:
    """A file of ComfyUI's input folder by its name, which may lead through subfolders.

    Raises:
        InputFileError: there is no such file, or the name leads out of the folder.
    """
    folder = Path(folder_paths.get_input_directory()).resolve()
    if "\0" in name or not (folder / name).resolve().is_relative_to(folder):
        raise InputFileError(
            f"{name[:80]!r} leads out of ComfyUI's input folder. Put the file there and give its name."
        )
    if not (folder / name).is_file():
        raise InputFileError(
            f"There is no file {name[:80]!r} in ComfyUI's input folder. Put it there, or correct the name."
        )
    return (folder / name).resolve()


def input_pictures() -> list[str]:
    """Names of the picture files at the top of ComfyUI's input folder, as Load Image lists them."""
    folder = Path(folder_paths.get_input_directory())
    names = [entry.name for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []
    return sorted(folder_paths.filter_files_content_types(names, ["image"]))


def input_stamp(name: str) -> str:
    """Changes when that file of the input folder does; empty for a name that is no file there."""
    try:
        status = input_file(name).stat() if name else None
    except (InputFileError, OSError):
        return ""
    return f"{status.st_mtime_ns} {status.st_size}" if status else ""


def preview_target(prefix: str) -> SaveTarget:
    """Where pictures for the editor alone may lie: ComfyUI's temp folder, which it empties when it starts.

    Raises:
        SaveError: the folder cannot be made.
    """
    try:
        return _target_below(folder_paths.get_temp_directory(), prefix)
    except OSError as error:
        raise SaveError(f"ComfyUI's temp folder cannot be written to: {error.strerror}. Make it writable.") from error


def save_target(prefix: str, width: int, height: int) -> SaveTarget:
    """Resolves a `filename_prefix` with ComfyUI's own rules (%date% variables, counter).

    Raises:
        SaveError: the prefix leads out of the output folder, or its folder cannot be made.
    """
    output = output_directory().resolve()
    if "\0" in prefix or not (output / prefix).resolve().is_relative_to(output):
        raise SaveError(f"filename_prefix {prefix[:80]!r} leads out of ComfyUI's output folder. Use a name below it.")
    try:
        return _target_below(folder_paths.get_output_directory(), prefix, width, height)
    except OSError as error:
        raise SaveError(
            f"The folder for {prefix[:80]!r} cannot be made in {output}: {error.strerror}. Make that folder writable or"
            " choose another filename_prefix."
        ) from error


def _target_below(directory: str, prefix: str, width: int = 0, height: int = 0) -> SaveTarget:
    folder, stem, counter, subfolder, _ = folder_paths.get_save_image_path(prefix, directory, width, height)
    return SaveTarget(Path(folder), subfolder, stem, counter)


class Progress:
    """The running node's progress bar; every step is also where Cancel takes effect."""

    def __init__(self, total: int) -> None:
        self._bar = comfy.utils.ProgressBar(total)

    def step(self) -> None:
        """Counts one step. Raises ComfyUI's own interrupt when the user pressed Cancel."""
        self.check()
        self._bar.update(1)

    def check(self) -> None:
        """Only the interrupt, for waits within a step."""
        check_cancel()


_cancelled: WeakSet[asyncio.AbstractEventLoop] = WeakSet()  # of prompts; each runs in a loop of its own


def check_cancel() -> None:
    """Raises ComfyUI's own interrupt when the user pressed Cancel.

    ComfyUI forgets Cancel with the first who raises it, and then waits for the node's other tasks: a node that is given
    a list has one for each entry. So it is remembered here, for all that belongs to the same prompt.
    """
    loop = _prompts_loop()
    if loop in _cancelled:
        raise comfy.model_management.InterruptProcessingException
    with _cancel_remembered():
        comfy.model_management.throw_exception_if_processing_interrupted()


@contextmanager
def _cancel_remembered() -> Iterator[None]:
    """Around what may raise ComfyUI's interrupt."""
    try:
        yield
    except comfy.model_management.InterruptProcessingException:
        if loop := _prompts_loop():
            _cancelled.add(loop)
        raise


def _prompts_loop() -> asyncio.AbstractEventLoop | None:
    """None on a thread that runs none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def workflow_texts(prompt: Any, extra: dict[str, Any] | None) -> dict[str, str]:
    """What ComfyUI itself writes into a saved picture, as JSON by key; nothing with --disable-metadata."""
    if args.disable_metadata:
        return {}
    values = ({"prompt": prompt} if prompt is not None else {}) | (extra or {})
    return {key: json.dumps(value) for key, value in values.items()}


def nothing() -> ExecutionBlocker:
    """An output of which there is none: what is linked to it does not run."""
    return ExecutionBlocker(None)


def routes() -> web.RouteTableDef:
    return PromptServer.instance.routes


def on_server_start(callback: Callable[[], None]) -> None:
    """Calls back on ComfyUI's event loop once all packs are loaded, just before it listens; must not block."""

    async def run(_: web.Application) -> None:
        callback()

    PromptServer.instance.app.on_startup.append(run)


def server_url() -> str:
    """This server's own address as reached from this machine, without a trailing slash.

    ComfyUI sets it just after it began to listen; before that the command line is the only source.
    """
    listen = getattr(PromptServer.instance, "address", None) or args.listen.split(",")[0].strip()
    port = getattr(PromptServer.instance, "port", None) or args.port
    address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listen, f"[{listen}]" if ":" in listen else listen)
    return f"{'https' if args.tls_keyfile and args.tls_certfile else 'http'}://{address}:{port}"


def server_tls() -> ssl.SSLContext | None:
    """Trust in this server's own certificate, whatever name it carries; None when ComfyUI speaks plain HTTP."""
    if not (args.tls_keyfile and args.tls_certfile):
        return None
    context = ssl.create_default_context(cafile=args.tls_certfile)
    context.check_hostname = False
    return context


_MODEL_KINDS = ("diffusers", "checkpoints", "diffusion_models")  # the last one with models/unet


def model_directories() -> dict[str, list[Path]]:
    """Kind of models -> its folders below `models`, and those that extra_model_paths.yaml files under that kind."""
    return {kind: [Path(folder) for folder in folder_paths.get_folder_paths(kind)] for kind in _MODEL_KINDS}


def vocabularies() -> dict[str, Path]:
    """Folders of tokenizers that ComfyUI ships, by the names in pipelines/vocabularies.py; whether they are there is
    not looked at."""
    shipped = Path(comfy.utils.__file__).parent
    return {"clip": shipped / "sd1_tokenizer", "t5": shipped / "text_encoders" / "t5_tokenizer"}


def lora_names() -> list[str]:
    """The safetensors files in `models/loras` and its kin, by the names that ComfyUI's own nodes give them."""
    return [name for name in folder_paths.get_filename_list("loras") if name.lower().endswith(".safetensors")]


def lora_path(name: str) -> Path | None:
    """None for a name that is not listed: a path is no name."""
    found = folder_paths.get_full_path("loras", name) if name in lora_names() else None
    return Path(found) if found else None


def directories_of(*kinds: str) -> list[Path]:
    """For each kind `models/<kind>`, and every folder that extra_model_paths.yaml files under it."""
    found: dict[Path, None] = {}
    for kind in kinds:
        extra = folder_paths.get_folder_paths(kind) if kind in folder_paths.folder_names_and_paths else []
        found |= dict.fromkeys([Path(folder_paths.models_dir) / kind, *map(Path, extra)])
    return list(found)


def noise(shape: tuple[int, ...], seed: int) -> Any:
    """What core's KSampler starts from, float32 on the CPU."""
    return comfy.sample.prepare_noise(torch.zeros(shape), seed)


class ModuleWeights(ModelPatcher):
    """A foreign module (of diffusers or transformers) in the keeping of ComfyUI's memory manager."""

    def __init__(self, module: torch.nn.Module) -> None:
        # ComfyUI writes attributes such as `device`, which those classes compute; so it gets a module around them,
        # named after what is in it, because ComfyUI logs that name.
        holder = type(type(module).__name__, (torch.nn.Module,), {})()
        holder.module = module
        load_device = comfy.model_management.get_torch_device()
        super().__init__(holder, load_device, comfy.model_management.unet_offload_device())

    @property
    def module(self) -> torch.nn.Module:
        return self.model.module

    @property
    def bytes(self) -> int:
        return self.model_size()

    def changed(self) -> None:
        """ComfyUI remembers sizes, and moves nothing for a model that it takes for loaded."""
        before = self.loaded_size()
        self.size = 0
        if not before:
            return
        device = self.load_device
        grown = self.model_size() - before
        if grown > 0 and not comfy.model_management.is_device_cpu(device):
            keep = [one for one in comfy.model_management.current_loaded_models if one.model is self]
            comfy.model_management.free_memory(grown, device, keep_loaded=keep)
        self.module.to(device)
        self.model.model_loaded_weight_memory = self.model_size()

    def unpatch_model(self, device_to: Any = None, unpatch_weights: bool = True) -> None:
        super().unpatch_model(device_to, unpatch_weights)
        for part in self.model.modules() if device_to is not None else ():
            if type(part).__module__.startswith("bitsandbytes"):
                part.to(device_to)  # its 8 bit layers keep statistics where torch does not see them

    # Foreign layers cannot run with their weights on another device than their input, so it is all or nothing.

    def partially_load(self, device_to: Any, extra_memory: float = 0, force_patch_weights: bool = False) -> Any:
        return super().partially_load(device_to, sys.maxsize, force_patch_weights)

    def partially_unload(self, device_to: Any, memory_to_free: float = 0, force_patch_weights: bool = False) -> int:
        return 0  # ComfyUI then unloads it wholly


def unload_clip(clip: Any) -> None:
    """Takes a CLIP of core's off the device; core brings it back when it is used again."""
    comfy.model_management.unload_model_and_clones(clip.patcher)
    comfy.model_management.soft_empty_cache()


class ModelMemory:
    """ComfyUI's memory manager, as `pipelines.memory.Memory` and `prompts.local.memory.Memory` ask for it."""

    def keep(self, module: torch.nn.Module) -> Weights:
        return ModuleWeights(module)

    def load(self, weights: Sequence[Weights], working: int) -> None:
        comfy.model_management.load_models_gpu(list(weights), memory_required=working, force_full_load=True)

    @property
    def device(self) -> torch.device:
        return comfy.model_management.get_torch_device()

    def release(self, weights: Sequence[Weights]) -> None:
        manager = comfy.model_management
        others = [one for one in manager.current_loaded_models if one.model not in weights]
        manager.free_memory(sys.maxsize, self.device, keep_loaded=others)
        for one in weights:
            assert isinstance(one, ModuleWeights)
            one.detach()  # ComfyUI lists none that it found no room for halfway
            one.model.to("cpu")  # also where the card is large and ComfyUI keeps what it unloads on it
        manager.soft_empty_cache()

    def make_room(self, size: int) -> None:
        manager = comfy.model_management
        manager.free_memory(max(size, manager.minimum_inference_memory()), self.device)

    def free(self) -> int:
        return int(comfy.model_management.get_free_memory(self.device))  # type: ignore[arg-type]  # no pair is asked for

    def capacity(self) -> int:
        manager = comfy.model_management
        return int(manager.get_total_memory(self.device)) - manager.minimum_inference_memory()  # type: ignore[operator]

    def ram(self) -> int:
        return int(comfy.model_management.get_free_memory(torch.device("cpu")))  # type: ignore[arg-type]

    def precision(self, wanted: str) -> str:
        manager, device = comfy.model_management, comfy.model_management.get_torch_device()
        runs = {
            # Only stored, never computed with; Apple's devices do not even store it.
            FP8: device.type != "mps",
            FP32: True,
            FP16: manager.should_use_fp16(device, prioritize_performance=False),
            # ComfyUI says no for every processor; they all run it.
            BF16: manager.is_device_cpu(device) or manager.should_use_bf16(device, prioritize_performance=False),
        }
        return wanted if runs[wanted] else FP32


model_memory = ModelMemory()

# Which of ComfyUI's previewers fits a pipeline's latents, by the channels and scaling_factor of its VAE.
_FORMATS = {
    Look(4, 0.18215): comfy.latent_formats.SD15,
    Look(4, 0.13025): comfy.latent_formats.SDXL,
    Look(16, 1.5305): comfy.latent_formats.SD3,
    Look(16, 0.3611): comfy.latent_formats.Flux,
    Look(16, 1.0): comfy.latent_formats.Wan21,  # Qwen-Image, too
    Look(48, 1.0): comfy.latent_formats.Wan22,
}


class SamplingWatch:
    """The running node's bar, with ComfyUI's own previews and its Cancel, for a pipeline's steps."""

    def start(self, total: int, look: Look) -> None:
        self._total = total
        self._bar = comfy.utils.ProgressBar(total)
        known = _FORMATS.get(look)
        device = comfy.model_management.get_torch_device()
        self._previewer = latent_preview.get_previewer(device, known()) if known else None

    def step(self, done: int, latents: Latents) -> None:
        self.check()
        shown = None
        if self._previewer and (seen := latents()) is not None:
            shown = self._previewer.decode_latent_to_preview_image("JPEG", seen.float())
        self._bar.update_absolute(done, self._total, shown)

    def check(self) -> None:
        check_cancel()


background = BackgroundLoop()


async def attended(work: Coroutine[Any, Any, T], shown: Shown) -> T:
    """Awaits work on the background loop with the node's progress bar, previews and Cancel.

    Raises:
        ComfyUI's own interrupt within a fifth of a second of Cancel; the work is cancelled then.
    """
    bar = comfy.utils.ProgressBar(_BAR)
    task = asyncio.ensure_future(background.call(work))
    last = (0, 0)
    try:
        with _cancel_remembered():  # the bar raises it, too
            while not task.done():
                await asyncio.wait([task], timeout=_LOOK)
                check_cancel()
                now = (int(shown.fraction * _BAR), shown.previews)
                if now != last:
                    picture = await asyncio.to_thread(shown.picture) if now[1] != last[1] else None
                    bar.update_absolute(now[0], _BAR, ("JPEG", picture, _PREVIEW_SIDE) if picture else None)
                    last = now
        return task.result()
    finally:
        task.cancel()


class _Screen:
    """Shows a node's texts in the editor of whoever runs it, and its bar."""

    def __init__(self, told: Told, node_id: str) -> None:
        self._told = told
        self._node_id = node_id
        self._bar = comfy.utils.ProgressBar(_BAR)
        self._shown: Glimpse | None = None
        self._sent = -_TEXT_PAUSE

    @property
    def pause(self) -> float:
        """Seconds until the next text may be sent."""
        return max(0.0, self._sent + _TEXT_PAUSE - time.monotonic())

    def show(self) -> None:
        glimpse = self._told.glimpse
        if glimpse is self._shown:
            return
        server = PromptServer.instance
        if server.client_id is not None:  # else ComfyUI would send it to everybody
            server.send_sync(_TEXT_EVENT, {"node": self._node_id, **asdict(glimpse)}, server.client_id)
        if self._shown is None or glimpse.done != self._shown.done:
            self._bar.update_absolute(int(self._told.fraction * _BAR), _BAR)
        self._shown = glimpse
        self._sent = time.monotonic()


async def narrated(work: Coroutine[Any, Any, T], told: Told, node_id: str) -> T:
    """Awaits work on the background loop and shows what it tells as soon as it comes, twenty times a second at most.

    Raises:
        ComfyUI's own interrupt within a fifth of a second of Cancel; the work is cancelled then.
    """
    loop, news, waits = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def tell() -> None:
        if waits.is_set():  # another node may keep the loop for a minute, and thousands of tokens come meanwhile
            return
        waits.set()
        with suppress(RuntimeError):  # the prompt's loop has ended, and with it whoever would look
            loop.call_soon_threadsafe(news.set)

    told.listen(tell)
    screen = _Screen(told, node_id)
    task = asyncio.ensure_future(background.call(work))
    waiting = asyncio.ensure_future(news.wait())
    try:
        with _cancel_remembered():
            while not task.done():
                await asyncio.wait([task, waiting], timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
                check_cancel()
                if news.is_set():
                    await asyncio.wait([task], timeout=screen.pause)
                    news.clear()
                    waits.clear()  # before the look: what comes after it is told anew
                    screen.show()
                    waiting = asyncio.ensure_future(news.wait())
        return task.result()
    finally:
        told.listen(lambda: None)
        task.cancel()
        waiting.cancel()


async def narrated_here(work: Coroutine[Any, Any, T], told: Told, node_id: str) -> T:
    """Work that blocks: it tells, and is shown, where it runs. Cancel is its own affair."""
    screen = _Screen(told, node_id)

    def show() -> None:
        if not screen.pause:
            screen.show()

    told.listen(show)
    with _cancel_remembered():
        try:
            return await work
        finally:
            told.listen(lambda: None)
            screen.show()


def unload_models() -> None:
    """As ComfyUI's own "Unload models", at once: makes room for another program on the same GPU."""
    comfy.model_management.unload_all_models()
    comfy.model_management.soft_empty_cache()
