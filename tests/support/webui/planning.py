"""From a full A1111-family body to a plan: one step a function, in the order in which the servers take them."""

import secrets
from typing import Any

from PIL import Image, ImageFilter

from support.webui import extensions, scripts
from support.webui.errors import Crash, Refusal
from support.webui.imagefiles import decode
from support.webui.painting import fit
from support.webui.plan import Hires, Item, Plan
from support.webui.state import State

FILLS = {0: "fill", 2: "latent noise", 3: "latent nothing"}  # 1, original, is not written


def plan(state: State, route: str, body: dict[str, Any], names: tuple[str, str | None]) -> Plan:
    """`names` are the sampler's and the scheduler's; the body is complete, as schema.check leaves it."""
    img2img = route == "img2img"
    init = _init_images(body) if img2img else ()
    size = (body["width"], body["height"])
    pixels = rounded(*size)
    hires = None if img2img else _hires(state, body)
    for width, height in (pixels, *([hires[:2]] if hires else [])):
        state.afford(width, height)
    options = state.options | (body["override_settings"] or {})
    model = state.model(options["sd_model_checkpoint"]) or state.model() or state.lists["sd-models"][0]
    batch_size = len(init) if len(init) > 1 else body["batch_size"]
    items = _items(state, body, batch_size)
    selected = scripts.select(state, body, img2img, items)
    extended = extensions.extend(state, body, route, (hires.width, hires.height) if hires else pixels, init)
    mask, mask_params = _mask(body, init, size) if img2img else (None, {})
    return Plan(
        route=route,
        items=selected.items,
        batch_size=batch_size,
        width=body["width"],
        height=body["height"],
        pixels=pixels,
        sampler=names[0],
        scheduler=names[1],
        model=model["model_name"],
        model_hash=model["hash"],
        steps=body["steps"],
        seed=items[0].seed,
        subseed=items[0].subseed,
        subseed_strength=body["subseed_strength"] or 0,
        denoising=_denoising(body, img2img, hires),
        hires=hires,
        init=init,
        resize_mode=body.get("resize_mode") or 0,
        mask=mask,
        repaints=extended.repaints,
        maps=extended.maps,
        params=_schedule(names[1]) | _hires_params(body, hires) | mask_params | _modules(options) | extended.params,
        clip_skip=int(options.get("CLIP_stop_at_last_layers", 1)),
        styles=tuple(body["styles"] or ()),
        only_grid=selected.only_grid,
        grid=selected.grid or bool(body["save_images"] and options["return_grid"] and len(selected.items) > 1),
        file_kind=options["samples_format"],
        task_id=body.get("force_task_id"),
    )


def rounded(width: int, height: int) -> tuple[int, int]:
    """Latents have an eighth of the size; what is left over falls away."""
    made = width // 8 * 8, height // 8 * 8
    if min(made) <= 0:
        raise Crash(
            "RuntimeError",
            "Calculated padded input size per channel: (10 x 2). Kernel size: (3 x 3). "
            "Kernel size can't be greater than actual input size",
        )
    return made


def _items(state: State, body: dict[str, Any], batch_size: int) -> tuple[Item, ...]:
    """Seeds count up through the batch; with a subseed strength they stay and the subseeds count."""
    count = batch_size * body["n_iter"]
    if count < 1:
        raise Crash("IndexError", "list index out of range")
    seed, subseed = fixed(body["seed"]), fixed(body["subseed"])
    prompt, negative = _styled(state, body)
    varied = bool(body["subseed_strength"])
    return tuple(
        Item(prompt, negative, seed + (0 if varied else i), subseed + i, body["steps"], float(body["cfg_scale"]))
        for i in range(count)
    )


def fixed(seed: Any, limit: int = 2**32) -> int:
    """-1 and null ask for a random seed."""
    return secrets.randbelow(limit) if seed in (None, -1) else int(seed)


def _styled(state: State, body: dict[str, Any]) -> tuple[str, str]:
    prompt, negative = body["prompt"] or "", body["negative_prompt"] or ""
    styles = {style["name"]: style for style in state.lists["prompt-styles"]}
    for name in body["styles"] or ():
        style = styles.get(name) or {}
        prompt = _merged(prompt, style.get("prompt") or "")
        negative = _merged(negative, style.get("negative_prompt") or "")
    return prompt, negative


def _merged(text: str, style: str) -> str:
    if "{prompt}" in style:
        return style.replace("{prompt}", text)
    return ", ".join(part for part in (text.strip(), style.strip()) if part)


def _init_images(body: dict[str, Any]) -> tuple[Image.Image, ...]:
    sources = body["init_images"]
    if not sources:
        raise Refusal(404, "Init image not found")
    images = tuple(decode(source) for source in sources)
    if len(images) > max(body["batch_size"], 1):
        wanted = body["batch_size"]
        raise Crash("RuntimeError", f"bad number of images passed: {len(images)}; expecting {wanted} or less")
    return images


def _hires(state: State, body: dict[str, Any]) -> Hires | None:
    if not body["enable_hr"]:
        return None
    upscaler, scale = body["hr_upscaler"], body["hr_scale"]
    known = {row["name"] for route in ("upscalers", "latent-upscale-modes") for row in state.lists.get(route, ())}
    if upscaler is not None and upscaler not in known:
        raise Crash("Exception", f"could not find upscaler named {upscaler}")
    width, height = hires_size(body["width"], body["height"], scale, body["hr_resize_x"], body["hr_resize_y"])
    return Hires(*rounded(width, height), body["hr_second_pass_steps"] or body["steps"])


def hires_size(width: int, height: int, scale: float, to_x: int, to_y: int) -> tuple[int, int]:
    """A size when one is given, its missing side in proportion; else the scale."""
    if not to_x and not to_y:
        return int(width * scale), int(height * scale)
    return to_x or int(to_y * width / height), to_y or int(to_x * height / width)


def _denoising(body: dict[str, Any], img2img: bool, hires: Hires | None) -> float | None:
    strength = body["denoising_strength"]
    if img2img or hires:
        return 0.75 if strength is None else min(max(strength, 0.0), 1.0)
    return None


def _schedule(scheduler: str | None) -> dict[str, Any]:
    return {"Schedule type": scheduler} if scheduler not in (None, "Automatic") else {}


def _hires_params(body: dict[str, Any], hires: Hires | None) -> dict[str, Any]:
    if hires is None:
        return {}
    resized = body["hr_resize_x"] or body["hr_resize_y"]
    how = {"Hires resize": f"{hires.width}x{hires.height}"} if resized else {"Hires upscale": body["hr_scale"]}
    steps = {"Hires steps": body["hr_second_pass_steps"]} if body["hr_second_pass_steps"] else {}
    return how | steps | {"Hires upscaler": body["hr_upscaler"] or "Latent"}


def _modules(options: dict[str, Any]) -> dict[str, Any]:
    """Forge's VAE and text encoders; other servers have no such option."""
    names = [str(module).rsplit("/", 1)[-1] for module in options.get("forge_additional_modules") or ()]
    return {f"Module {index}": name.rsplit(".", 1)[0] for index, name in enumerate(names, 1)}


def _mask(
    body: dict[str, Any], init: tuple[Image.Image, ...], size: tuple[int, int]
) -> tuple[Image.Image | None, dict[str, Any]]:
    """The mask as it takes effect, at the picture's size; None where everything is painted anew."""
    if not body["mask"]:
        return None, {}
    mask = as_mask(decode(body["mask"]), body["mask_round"])
    params: dict[str, Any] = {}
    if body["inpainting_mask_invert"]:
        mask = mask.point([255 - value for value in range(256)])
        params["Mask mode"] = "Inpaint not masked"
    blur_x, blur_y = _blurs(body)
    if blur_x or blur_y:
        params["Mask blur"] = max(blur_x, blur_y)
    if body["inpaint_full_res"] and mask.getbbox() is None:
        return None, {}  # the real servers silently turn this into img2img of the whole picture
    if body["inpaint_full_res"]:
        params |= {"Inpaint area": "Only masked", "Masked area padding": body["inpaint_full_res_padding"]}
    if body["inpainting_fill"] in FILLS:
        params["Masked content"] = FILLS[body["inpainting_fill"]]
    fitted = fit(mask, *rounded(*size), body["resize_mode"] or 0).convert("L")
    return fitted.filter(ImageFilter.GaussianBlur((blur_x, blur_y))), params


def as_mask(image: Image.Image, binary: bool | None = True) -> Image.Image:
    """Transparency is the mask where there is any, thresholded; otherwise the brightness, as soft as it is."""
    alpha = image.convert("RGBA").getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("L")
    return alpha.point([255 * (value >= 128) for value in range(256)]) if binary else alpha


def _blurs(body: dict[str, Any]) -> tuple[int, int]:
    both = body["mask_blur"]
    return (both, both) if both is not None else (body["mask_blur_x"] or 0, body["mask_blur_y"] or 0)
