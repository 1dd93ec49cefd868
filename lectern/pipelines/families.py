"""Which model a single file holds, told from the names and shapes of its tensors alone, never from its own name.

Two layouts of denoisers are known: the one that its makers published ("original": what ComfyUI keeps, often below
`model.diffusion_model.`) and diffusers'. Text encoders and the VAE lie below prefixes of their own.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..weightfiles import Stored
from .errors import FolderError

Shapes = Mapping[str, tuple[int, ...]]
Head = Mapping[str, Stored]

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "unet.", "")  # of the denoiser
VAE_PREFIXES = ("first_stage_model.", "vae.")
CLIP_L, CLIP_G, T5 = (f"text_encoders.{name}.transformer." for name in ("clip_l", "clip_g", "t5xxl"))


class Family(NamedTuple):
    key: str
    label: str  # for people
    denoiser: str  # the component's name
    kind: str  # class of the denoiser
    pipelines: str  # how the class names of its pipelines begin
    original: tuple[str, ...]  # tensors that its original layout has, all of them
    converted: tuple[str, ...]  # those of diffusers' layout
    encoders: Mapping[str, str]  # component -> its prefix in a full checkpoint
    optional: tuple[str, ...] = ()  # components that the pipeline works without


_UNET = ("input_blocks.0.0.weight", "middle_block.0.in_layers.0.weight", "out.2.weight")
_UNET_CONVERTED = ("conv_in.weight", "down_blocks.0.resnets.0.norm1.weight", "conv_out.weight")


def _unet(key: str, label: str, pipelines: str, encoders: Mapping[str, str]) -> Family:
    return Family(key, label, "unet", "UNet2DConditionModel", pipelines, _UNET, _UNET_CONVERTED, encoders)


SD1 = _unet("sd1", "Stable Diffusion 1.5", "StableDiffusion", {"text_encoder": "cond_stage_model.transformer."})
SD2 = _unet("sd2", "Stable Diffusion 2", "StableDiffusion", {"text_encoder": "cond_stage_model.model."})
SDXL = _unet("sdxl", "SDXL", "StableDiffusionXL", {
    "text_encoder": "conditioner.embedders.0.transformer.", "text_encoder_2": "conditioner.embedders.1.model.",
})  # fmt: skip
REFINER = _unet("sdxl_refiner", "SDXL Refiner", "StableDiffusionXL", {
    "text_encoder_2": "conditioner.embedders.0.model.",
})  # fmt: skip
SD3 = Family(
    "sd3", "Stable Diffusion 3", "transformer", "SD3Transformer2DModel", "StableDiffusion3",
    ("joint_blocks.0.x_block.attn.qkv.weight", "joint_blocks.0.context_block.attn.qkv.weight", "pos_embed"),
    ("pos_embed.proj.weight", "transformer_blocks.0.norm1_context.linear.weight", "context_embedder.weight"),
    {"text_encoder": CLIP_L, "text_encoder_2": CLIP_G, "text_encoder_3": T5}, ("text_encoder_3",),
)  # fmt: skip
FLUX = Family(
    "flux", "Flux", "transformer", "FluxTransformer2DModel", "Flux",
    ("double_blocks.0.img_attn.qkv.weight", "single_blocks.0.linear1.weight", "vector_in.in_layer.weight"),
    ("single_transformer_blocks.0.proj_mlp.weight", "x_embedder.weight",
     "time_text_embed.text_embedder.linear_1.weight"),
    {"text_encoder": CLIP_L, "text_encoder_2": T5},
)  # fmt: skip
_QWEN = ("transformer_blocks.0.img_mod.1.weight", "txt_norm.weight", "img_in.weight")
QWEN = Family("qwen_image", "Qwen-Image", "transformer", "QwenImageTransformer2DModel", "QwenImage", _QWEN, _QWEN, {})
WAN = Family(
    "wan", "Wan", "transformer", "WanTransformer3DModel", "Wan",
    ("blocks.0.cross_attn.k.weight", "head.modulation", "patch_embedding.weight"),
    ("blocks.0.attn2.to_k.weight", "condition_embedder.time_proj.weight", "patch_embedding.weight"), {},
)  # fmt: skip
FAMILIES = (SD3, FLUX, QWEN, WAN)  # and those with a UNet, which share its names
UNETS = (SD1, SD2, SDXL, REFINER)
READ = "Stable Diffusion 1.5, 2, XL and 3, Flux, Qwen-Image and Wan"

# Tensors of models that share a family's names but not its architecture.
KIN = {
    "vace_blocks.": "Wan VACE", "face_adapter.": "Wan Animate", "distilled_guidance_layer.": "Chroma",
    "single_stream_modulation.": "Flux 2", "edm_mean": "Playground", "control_img_in.": "a Flux Fun ControlNet",
    "motion_modules.": "AnimateDiff",
}  # fmt: skip
# What lies in the same folders and is no model: part of a tensor's name -> what it is, what to do instead.
OTHERS = {
    (".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", "lora_unet_", "lora_te", ".lokr_", ".hada_w"): (
        "a LoRA", "use Pipeline LoRA for it"),
    ("control_model.", "controlnet_cond_embedding.", "controlnet_blocks.", "controlnet_x_embedder.", "input_hint_"): (
        "a ControlNet", "use Pipeline ControlNet for it"),
    ("ip_adapter.", "image_proj."): ("an IP-Adapter", "use Pipeline IP-Adapter for it"),
    ("text_model.encoder.", "encoder.block.0.", "transformer.resblocks.", "model.layers.0.", "token_embedding."): (
        "a text encoder", "choose a checkpoint or a denoiser"),
    ("decoder.conv_in.", "decoder.mid", "decoder.up", "decoder.middle.", "encoder.down", "decoder.conv1."): (
        "a VAE", "choose a checkpoint or a denoiser"),
    ("string_to_param", "emb_params"): ("a textual inversion", "choose a checkpoint or a denoiser"),
}  # fmt: skip


class Found(NamedTuple):
    family: Family
    prefix: str  # of the denoiser's tensors
    original: bool  # the layout of its makers

    def denoiser(self, head: Head) -> Shapes:
        return below(head, self.prefix)

    def parts(self, head: Head) -> dict[str, str]:
        """The components with weights that the file holds, each with its prefix; the denoiser always."""
        parts = {self.family.denoiser: self.prefix}
        vae = next((one for one in VAE_PREFIXES if _any_below(head, f"{one}decoder.")), None)
        # The original layout of the VAEs of Wan and Qwen-Image; their denoisers come alone anyway.
        if vae is not None and self.family not in (QWEN, WAN):
            parts["vae"] = vae
        return parts | {name: one for name, one in self.family.encoders.items() if _any_below(head, one)}


def recognised(file: Path, head: Head) -> Found:
    """Raises FolderError with what the file is instead, as far as that can be told."""
    said = f"{file.parent.name}/{file.name}"
    _refuse_others(said, head)
    kin = next((what for part, what in KIN.items() if any(part in name for name in head)), None)
    for prefix in PREFIXES:
        shapes = below(head, prefix)
        found = None if kin else _family(shapes)
        if found:
            family, original = found
            _refuse_variants(said, family, shapes)
            return Found(family, prefix, original)
    if not kin:
        _refuse_parts(said, head)
    what = f"it is {kin}" if kin else "its tensors have none of their names"
    raise FolderError(f"{said} is no model of a family that is read ({READ}): {what}. Choose another file.")


def below(head: Head, prefix: str) -> dict[str, tuple[int, ...]]:
    return {name[len(prefix) :]: one.shape for name, one in head.items() if name.startswith(prefix)}


def family_of_pipeline(kind: str) -> Family | None:
    """The family of a pipeline's class. Stable Diffusion 1.5 and 2 have the same, and so have SDXL and its refiner."""
    if kind.startswith(("Flux2", "Flux3")):
        return None
    longest = sorted((*FAMILIES, SD1, SDXL), key=lambda one: -len(one.pipelines))
    return next((one for one in longest if kind.startswith(one.pipelines)), None)


def _family(shapes: Shapes) -> tuple[Family, bool] | None:
    for family in FAMILIES:
        if _has(shapes, family.original):
            return family, True
        if _has(shapes, family.converted):
            return family, False
    if _has(shapes, _UNET):
        return _of_unet(shapes, "label_emb.0.0.weight"), True
    if _has(shapes, _UNET_CONVERTED):
        return _of_unet(shapes, "add_embedding.linear_1.weight"), False
    return None


def _of_unet(shapes: Shapes, sized: str) -> Family:
    """SDXL knows the picture's size; Stable Diffusion 2 has linear layers where 1.5 has convolutions of one pixel."""
    if sized in shapes:
        return REFINER if text_width(shapes) == 1280 else SDXL
    linear = any(name.endswith(".proj_in.weight") and len(shape) == 2 for name, shape in shapes.items())
    return SD2 if linear else SD1


def text_width(shapes: Shapes) -> int | None:
    """What a UNet's cross attention takes."""
    return next((shape[-1] for name, shape in shapes.items() if name.endswith(".attn2.to_k.weight")), None)


def _refuse_variants(said: str, family: Family, shapes: Shapes) -> None:
    first = shapes.get("input_blocks.0.0.weight") or shapes.get("conv_in.weight")
    if family in UNETS and first and first[1] != first_out(shapes):
        what = {9: "an inpainting model", 8: "a model that edits pictures"}.get(first[1], "a variant")
        raise FolderError(
            f"{said} is {what} of {family.label}, whose denoiser takes {first[1]} channels; single files of it are not"
            " read. Choose the plain model, which inpaints under a mask too."
        )


def first_out(shapes: Shapes) -> int:
    last = shapes.get("out.2.weight") or shapes.get("conv_out.weight")
    return last[0] if last else 0


def _refuse_others(said: str, head: Head) -> None:
    """What shares tensor names with whole models."""
    for parts, (what, remedy) in list(OTHERS.items())[:2]:
        if any(part in name for name in head for part in parts):
            raise FolderError(f"{said} is {what}, no checkpoint: {remedy}.")


def _refuse_parts(said: str, head: Head) -> None:
    for parts, (what, remedy) in list(OTHERS.items())[2:]:
        if any(part in name for name in head for part in parts):
            raise FolderError(f"{said} is {what} alone, no checkpoint: {remedy}.")


def _has(shapes: Shapes, names: Iterable[str]) -> bool:
    return all(name in shapes for name in names)


def _any_below(head: Head, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in head)
