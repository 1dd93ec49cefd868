"""A single file as a pipeline's source: which components it holds, and where the others and all configs come from."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..weightfiles import read_head
from .denoisers import facts, mismatch, shipped_config
from .errors import FolderError
from .families import REFINER, SD1, SD2, SDXL, UNETS, Found, Head, Shapes, family_of_pipeline, recognised
from .gguffiles import read_gguf_head
from .index import Component, Index, component_class, read_index
from .packages import require
from .vocabularies import VOCABULARIES, tokenizer

CONFIGS = Path(__file__).parent / "configs"  # one folder a family: facts, no weights
PACKED = ("U8", "I8")  # types that quantised weights are stored in
# What ComfyUI and others lay beside tensors in fp8.
SCALES = (".scale_weight", ".weight_scale")
MARKS = ("scaled_fp8", ".comfy_quant", ".scale_input", ".input_scale", *SCALES)


@dataclass(frozen=True)
class SingleFile:
    file: Path
    head: Head
    found: Found
    parts: Mapping[str, str]  # components that come from the file -> the prefix of their tensors
    folder: Path  # that has the configs: the base's, or one below CONFIGS
    index: Index
    based: bool  # whether `folder` is a base, with weights and tokenizers

    @property
    def gguf(self) -> bool:
        return self.file.suffix.lower() == ".gguf"

    @property
    def said(self) -> str:
        return f"{self.file.parent.name}/{self.file.name}"

    def modules(self) -> list[str]:
        """Components with weights, in the index's order; without those that this pipeline can do without."""
        there = {one.name for one in self.index.modules()}
        return [one.name for one in self.index.components if one.name in there and one.name not in self.absent()]

    def absent(self) -> dict[str, None]:
        """What neither the file nor a base has and nobody misses, with its tokenizer."""
        lost = () if self.based else [name for name in self.found.family.optional if name not in self.parts]
        return dict.fromkeys(two for name in lost for two in (name, name.replace("text_encoder", "tokenizer")))

    def stored(self) -> str:
        """The format's name for the type of most of the denoiser's bytes."""
        prefix = self.parts[self.found.family.denoiser]
        counted: Counter[str] = Counter()
        for name, one in self.head.items():
            if name.startswith(prefix):
                counted[one.stored] += one.bytes
        return max(counted, key=lambda name: counted[name])


def opened(file: Path, base: Path | None) -> SingleFile:
    """Reads headers and configs only.

    Raises:
        FolderError: the file is damaged or unknown, the base is of another family, or components are missing.
        PackageError: a GGUF file, and the package that reads it is missing.
    """
    head = read_gguf_head(file) if file.suffix.lower() == ".gguf" else read_head(file)
    found = recognised(file, head)
    _refuse_packed(file, head, found)
    folder = base or CONFIGS / shipped_config(found, found.denoiser(head), _predicts_v(file, head, found))
    index = read_index(folder)
    if base is not None:
        _check_base(file, head, found, index)
    names = {one.name for one in index.components}
    parts = {name: prefix for name, prefix in found.parts(head).items() if name in names}
    single = SingleFile(file, head, found, parts, folder, index, base is not None)
    if not single.based:
        _refuse_missing(single)
    return single


def tokenizers(single: SingleFile, vocabularies: Mapping[str, Path]) -> dict[str, Any]:
    """Those that a base would have brought."""
    if single.based:
        return {}
    wanted = [one for one in single.index.components if one.kind in VOCABULARIES and one.name not in single.absent()]
    return {
        one.name: tokenizer(component_class(single.folder, one), single.folder / one.name, vocabularies)
        for one in wanted
    }


def scheduler(single: SingleFile) -> Any:
    """What the header says about an SDXL model's scheduler, for the loaded pipeline; None for the config's own.

    ComfyUI knows these marks too: `v_pred` for what is predicted, `ztsnr` for a noise schedule that ends in noise.
    """
    if "v_pred" not in single.head:
        return None
    component = next(one for one in single.index.components if one.name == "scheduler")
    kind: Any = component_class(single.folder, component)
    values = {"prediction_type": "v_prediction"}
    zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if "ztsnr" in single.head else {}
    return kind.from_pretrained(str(single.folder), subfolder="scheduler", local_files_only=True, **values, **zero)


def config_of(single: SingleFile, component: Component) -> tuple[Path, dict[str, Any]]:
    """The folder with a component's config, and what the file's shapes change in it."""
    folder = single.folder / component.name
    if component.name != single.found.family.denoiser:
        return folder, {}
    shapes = single.found.denoiser(single.head)
    shipped = CONFIGS / shipped_config(single.found, shapes) / component.name
    if not (folder / "config.json").is_file():  # a base without its denoiser, which the file brings
        folder = shipped
    changed = _changed(single, shapes, folder)
    if "attention_head_dim" in changed:  # then the rotary axes are others too, which no shape tells
        folder, changed = shipped, _changed(single, shapes, shipped)
    return folder, changed


def _changed(single: SingleFile, shapes: Shapes, folder: Path) -> dict[str, Any]:
    config = _config(folder)
    return {name: value for name, value in facts(single.found, shapes, config).items() if config.get(name) != value}


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FolderError(f"{folder.parent.name}/{folder.name}: {file.name} cannot be read. Get it anew.") from error
    if not isinstance(values, dict):
        raise FolderError(f"{folder.parent.name}/{folder.name}: {file.name} is not a JSON object. Get it anew.")
    return values


def _check_base(file: Path, head: Head, found: Found, index: Index) -> None:
    said, base = f"{file.parent.name}/{file.name}", index.folder
    theirs = family_of_pipeline(index.kind)
    if theirs is not found.family and (theirs, found.family) not in ((SD1, SD2), (SDXL, REFINER)):
        label = theirs.label if theirs else index.kind
        raise FolderError(
            f"{said} is {found.family.label}, and the base {base.name} is {label}. Choose a base of the same family,"
            " or none."
        )
    denoiser = base / found.family.denoiser
    config = _config(denoiser) if (denoiser / "config.json").is_file() else {}
    why = mismatch(found, found.denoiser(head), config)
    if why:
        raise FolderError(
            f"{said} and the base {base.name} are both {found.family.label} but of different kinds: {why}. Choose the"
            " base that this file was made for."
        )


def _refuse_missing(single: SingleFile) -> None:
    missing = [name for name in single.modules() if name not in single.parts]
    if missing:
        raise FolderError(
            f"{single.said} is {single.found.family.label} and holds {' and '.join(single.parts)} alone;"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. Choose in base a"
            f" {single.found.family.label} pipeline folder, which supplies what is missing."
        )


def _refuse_packed(file: Path, head: Head, found: Found) -> None:
    said = f"{file.parent.name}/{file.name}"
    if file.suffix.lower() == ".gguf":
        require(("gguf",))
        if found.family in UNETS:
            raise FolderError(
                f"{said} is {found.family.label} as GGUF, which diffusers does not read for this family. Choose it as"
                " safetensors."
            )
        return
    packed = next((name for name, one in head.items() if one.stored in PACKED and not name.endswith(MARKS)), None)
    scaled = next((name for name, one in head.items() if name.endswith(SCALES) and _count(one.shape) != 1), None)
    if packed or scaled:
        raise FolderError(
            f"{said} is quantised in a way that is not read ({packed or scaled} tells). Choose a version in fp16, bf16"
            " or fp8, or as GGUF."
        )


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _predicts_v(file: Path, head: Head, found: Found) -> bool:
    """Stable Diffusion 2 alone: nothing in the header tells, but these 320 weights spread further then.

    The measure is ComfyUI's (comfy/supported_models.py, SD20).
    """
    end = "output_blocks.11.1.transformer_blocks.0.norm1.bias"
    name = found.prefix + end
    if found.family is not SD2 or name not in head:
        return False
    from safetensors import safe_open

    with safe_open(str(file), "pt") as source:
        return float(source.get_tensor(name).float().std(correction=0)) > 0.09
