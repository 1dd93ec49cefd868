"""The request vocabulary of /sdapi/v1/txt2img and /sdapi/v1/img2img, and request fields that a person writes as JSON.

The names are those of Forge (2025-06), which has every field of A1111 1.8 to 1.10 and of reForge (2026-03) too. A
server ignores a name that it does not know without a word, so a typo has to be found here.
"""

import difflib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from ..jsontext import DEEPEST, INTEGERS, JsonError, parts, read_object, shown, too_deep
from .errors import RequestError


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXTS = "texts"  # list of texts
    LIST = "list"
    OBJECT = "object"


class Field(NamedTuple):
    name: str
    kind: Kind
    txt2img: bool = True
    img2img: bool = True
    picture: bool = False  # the value is a picture, or a list of them, in base64


def _named(kind: Kind, names: str, **where: bool) -> Iterator[Field]:
    return (Field(name, kind, **where) for name in names.split())


_BOTH = (
    *_named(Kind.TEXT, "prompt negative_prompt sampler_name sampler_index scheduler refiner_checkpoint script_name"),
    *_named(Kind.TEXT, "force_task_id infotext"),
    *_named(Kind.TEXT, "firstpass_image", picture=True),
    *_named(Kind.INTEGER, "seed subseed seed_resize_from_h seed_resize_from_w batch_size n_iter steps width height"),
    *_named(Kind.NUMBER, "subseed_strength cfg_scale distilled_cfg_scale hr_distilled_cfg denoising_strength eta"),
    *_named(Kind.NUMBER, "s_min_uncond s_churn s_tmax s_tmin s_noise refiner_switch_at"),
    *_named(Kind.BOOLEAN, "restore_faces tiling do_not_save_samples do_not_save_grid disable_extra_networks"),
    *_named(Kind.BOOLEAN, "override_settings_restore_afterwards send_images save_images"),
    *_named(Kind.TEXTS, "styles"),
    *_named(Kind.LIST, "script_args"),
    *_named(Kind.OBJECT, "override_settings alwayson_scripts comments"),
)
_TXT2IMG = (
    *_named(Kind.TEXT, "hr_upscaler hr_checkpoint_name hr_sampler_name hr_scheduler", img2img=False),
    *_named(Kind.TEXT, "hr_prompt hr_negative_prompt", img2img=False),
    *_named(Kind.INTEGER, "firstphase_width firstphase_height hr_second_pass_steps hr_resize_x", img2img=False),
    *_named(Kind.INTEGER, "hr_resize_y", img2img=False),
    *_named(Kind.NUMBER, "hr_scale hr_cfg", img2img=False),
    *_named(Kind.BOOLEAN, "enable_hr", img2img=False),
    *_named(Kind.LIST, "hr_additional_modules", img2img=False),
)
_IMG2IMG = (
    *_named(Kind.TEXT, "mask latent_mask", txt2img=False, picture=True),
    *_named(Kind.INTEGER, "resize_mode mask_blur mask_blur_x mask_blur_y inpainting_fill", txt2img=False),
    *_named(Kind.INTEGER, "inpaint_full_res_padding inpainting_mask_invert", txt2img=False),
    *_named(Kind.NUMBER, "image_cfg_scale initial_noise_multiplier", txt2img=False),
    *_named(Kind.BOOLEAN, "mask_round inpaint_full_res include_init_images", txt2img=False),
    *_named(Kind.LIST, "init_images", txt2img=False, picture=True),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in (*_BOTH, *_TXT2IMG, *_IMG2IMG)}

_EXPECTED = {
    Kind.TEXT: "a text",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.TEXTS: "a list of texts",
    Kind.LIST: "a list",
    Kind.OBJECT: "an object",
}
_SHOWN = 60  # characters of what was written that an error repeats
_EXAMPLE = '{"tiling": true, "styles": ["Sketch"]}'
_SCRIPTS = ("alwayson_scripts", "script_args")  # extensions read pictures from anywhere in these
_ADDRESSES = ("http://", "https://")


def parse_fields(text: str, limit: int) -> dict[str, Any]:
    """Request fields from a JSON object; nothing from an empty text.

    A null stays None: whoever builds the request leaves that field to the server, even one it would send of itself.

    Args:
        limit: characters that the text may have.

    Raises:
        RequestError: no JSON object, an unknown field, a value of another kind, or a picture by its address.
    """
    fields = parse_object(text, limit)
    return {name: _checked(name, value) for name, value in fields.items()}


def parse_object(text: str, limit: int) -> dict[str, Any]:
    """A JSON object with any names; nothing from an empty text. Raises RequestError."""
    try:
        return read_object(text, limit, _EXAMPLE)
    except JsonError as error:
        raise RequestError(str(error)) from error


def check_no_address(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same values. Raises RequestError for a picture by its address, and for what lies too deep."""
    for name, value in values.items():
        _check_inside(Field(name, Kind.OBJECT, picture=True), value)
    return values


def _checked(name: str, value: Any) -> Any:
    if name not in FIELDS:
        raise RequestError(_unknown(name))
    field = FIELDS[name]
    if value is None:
        return None
    if field.kind is Kind.INTEGER and isinstance(value, float) and value.is_integer() and int(value) in INTEGERS:
        value = int(value)  # JSON has one number type: 5.0 is an integer to it
    if not _has_kind(field.kind, value):
        raise RequestError(
            f"The request field {name} must be {_EXPECTED[field.kind]}, got {shown(value)}. Correct it, or write null"
            " to leave it to the server."
        )
    _check_inside(field, value)
    return value


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name[:_SHOWN].casefold(), FIELDS, 1)
    hint = f"Did you mean {near[0]}?" if near else "The server's /docs page lists the fields of txt2img and img2img."
    return f"There is no request field {shown(name)}. {hint}"


def _has_kind(kind: Kind, value: Any) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.TEXTS:
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.OBJECT:
            return isinstance(value, dict)


def _check_inside(field: Field, value: Any) -> None:
    fetched = field.picture or field.name in _SCRIPTS
    for one, depth in parts(value):
        if depth >= DEEPEST:
            raise RequestError(too_deep(f"the request field {field.name}"))
        if fetched and isinstance(one, str) and one.strip().casefold().startswith(_ADDRESSES):
            raise RequestError(
                f"The request field {field.name} names a picture by its address ({one.strip().split('/')[0].lower()}//"
                " and so on), and the server would fetch it. Link the picture to the node instead."
            )
