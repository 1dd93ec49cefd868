"""The fields of an ADetailer pass. The extension refuses a name that it does not know, so a typo is told here."""

import difflib
from collections.abc import Mapping
from typing import Any

from .errors import RequestError

MODELS = (
    "face_yolov8n.pt", "face_yolov8s.pt", "hand_yolov8n.pt", "person_yolov8n-seg.pt", "person_yolov8s-seg.pt",
    "mediapipe_face_full", "mediapipe_face_short", "mediapipe_face_mesh", "mediapipe_face_mesh_eyes_only",
)  # fmt: skip

_TEXTS = (
    "ad_model", "ad_model_classes", "ad_prompt", "ad_negative_prompt", "ad_mask_merge_invert", "ad_checkpoint",
    "ad_vae", "ad_sampler", "ad_scheduler", "ad_controlnet_model", "ad_controlnet_module", "ad_mask_filter_method",
)  # fmt: skip

_SWITCHES = (
    "ad_tab_enable", "ad_tap_enable", "ad_inpaint_only_masked", "ad_use_inpaint_width_height", "ad_use_steps",
    "ad_use_cfg_scale", "ad_use_checkpoint", "ad_use_vae", "ad_use_sampler", "ad_use_noise_multiplier",
    "ad_use_clip_skip", "ad_restore_face",
)  # fmt: skip

_NUMBERS = (
    "ad_confidence", "ad_mask_k_largest", "ad_mask_k", "ad_mask_min_ratio", "ad_mask_max_ratio", "ad_dilate_erode",
    "ad_x_offset", "ad_y_offset", "ad_mask_blur", "ad_denoising_strength", "ad_inpaint_only_masked_padding",
    "ad_inpaint_width", "ad_inpaint_height", "ad_steps", "ad_cfg_scale", "ad_noise_multiplier", "ad_clip_skip",
    "ad_controlnet_weight", "ad_controlnet_guidance_start", "ad_controlnet_guidance_end",
)  # fmt: skip


FIELDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys(_TEXTS, ("a text", (str,))),
    **dict.fromkeys(_SWITCHES, ("true or false", (bool,))),
    **dict.fromkeys(_NUMBERS, ("a number", (int, float))),
}


def check_pass(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same values. Raises RequestError for an unknown name or a value of another kind."""
    for name, value in values.items():
        if name not in FIELDS:
            near = difflib.get_close_matches(name[:60], FIELDS, 1)
            hint = f"Did you mean {near[0]}?" if near else "They all begin with ad_."
            raise RequestError(f"ADetailer has no field {name[:60]!r}. {hint}")
        kind, types = FIELDS[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise RequestError(f"The ADetailer field {name} must be {kind}, got {str(value)[:60]!r}.")
    return values
