"""Everything beside generation that works on a picture: upscaling, png-info, captions, control maps."""

from typing import Any

import numpy as np
from PIL import Image, ImageOps

from support.webui import infotext
from support.webui.errors import Crash, Refusal
from support.webui.extensions import edges
from support.webui.imagefiles import decode, encode, parameters_of
from support.webui.state import State

FILTERS = {"Nearest": Image.Resampling.NEAREST, "Lanczos": Image.Resampling.LANCZOS}
# What Forge's png-info adds to what it read
FORGE_DEFAULTS: dict[str, Any] = {
    "Clip skip": "1",
    "Hires resize-1": 0,
    "Hires resize-2": 0,
    "Hires sampler": "Use same sampler",
    "Hires schedule type": "Use same scheduler",
    "Hires checkpoint": "Use same checkpoint",
    "Hires prompt": "",
    "Hires negative prompt": "",
    "Mask mode": "Inpaint masked",
    "Masked content": "original",
    "Inpaint area": "Whole picture",
    "Masked area padding": 32,
    "RNG": "GPU",
    "Schedule max sigma": 0,
    "Schedule min sigma": 0,
    "Schedule rho": 0,
    "VAE Encoder": "Full",
    "VAE Decoder": "Full",
    "FP8 weight": "Disable",
    "Refiner switch by sampling steps": False,
    "Hires VAE/TE": ["Use same choices"],
}


def single(state: State, body: dict[str, Any]) -> dict[str, Any]:
    image, how = _upscaled(state, body, decode(body["image"]))
    return {"html_info": f"<p>{how}</p>" if how else "", "image": image}


def batch(state: State, body: dict[str, Any]) -> dict[str, Any]:
    done = [_upscaled(state, body, decode(file.get("data", ""))) for file in body["imageList"]]
    how = done[0][1] if done else ""
    return {"html_info": f"<p>{how}</p>" if how else "", "images": [image for image, _ in done]}


def _upscaled(state: State, body: dict[str, Any], image: Image.Image) -> tuple[str, str]:
    """The picture and how it was made; without a first upscaler it stays as it is, whatever the size asked for."""
    first, second = body["upscaler_1"], body["upscaler_2"]
    for name in (first, second):
        if name not in {row["name"] for row in state.lists["upscalers"]}:
            raise Crash("AssertionError", f"could not find upscaler named {name}")
    how, result = "", image
    if first != "None":
        result, how = _resized(state, body, image, first), f"{_scale_text(body)}, Postprocess upscaler: {first}"
        share = body["extras_upscaler_2_visibility"]
        if second != "None" and share > 0:
            result = Image.blend(result, _resized(state, body, image, second), share)
            how += f", Postprocess upscaler 2: {second}"
    texts = {"postprocessing": how} if how else {}
    return encode(result, parameters_of(image), **texts), how


def _scale_text(body: dict[str, Any]) -> str:
    if body["resize_mode"] == 0:
        return f"Postprocess upscale by: {body['upscaling_resize']}"
    return f"Postprocess upscale to: {body['upscaling_resize_w']}x{body['upscaling_resize_h']}"


def _resized(state: State, body: dict[str, Any], image: Image.Image, name: str) -> Image.Image:
    image, kind = image.convert("RGB"), FILTERS.get(name, Image.Resampling.BICUBIC)
    wanted = (body["upscaling_resize_w"], body["upscaling_resize_h"])
    factor = body["upscaling_resize"]
    if body["resize_mode"] == 1:
        factor = max(wanted[0] / image.width, wanted[1] / image.height)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    state.afford(*size)
    if body["resize_mode"] == 1 and body["upscaling_crop"]:
        return ImageOps.fit(image, wanted, kind)
    return image.resize(size, kind)


def png_info(body: dict[str, Any], forge: bool) -> dict[str, Any]:
    image = decode(body["image"])
    text = parameters_of(image)
    if text is None:
        return {"info": "", "items": _items(image), "parameters": {}}
    parameters: dict[str, Any] = infotext.read(text)
    return {"info": text, "items": _items(image), "parameters": FORGE_DEFAULTS | parameters if forge else parameters}


def _items(image: Image.Image) -> dict[str, Any]:
    """The other text chunks."""
    return {str(k): v for k, v in image.info.items() if isinstance(v, str) and k != "parameters"}


def interrogate(body: dict[str, Any]) -> dict[str, Any]:
    if not body["image"]:
        raise Refusal(404, "Image not found")
    image = decode(body["image"]).convert("RGB")
    red, green, blue = np.asarray(image.resize((1, 1), Image.Resampling.BOX))[0, 0]
    tone = max((red, "red"), (green, "green"), (blue, "blue"))[1]
    captions = {
        "clip": f"a {tone} gradient with circles on it, abstract art, vector",
        "deepdanbooru": f"abstract, circle, gradient, {tone} theme, no humans",
    }
    if body["model"] not in captions:
        raise Refusal(404, "Model not found")
    return {"caption": captions[body["model"]]}


def detect(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """One map per picture, its shorter side processor_res pixels long."""
    module = body["controlnet_module"]
    if module.lower() not in {name.lower() for name in state.lists["module_list"]}:
        raise Refusal(422, "Module not available")
    if not body["controlnet_input_images"]:
        raise Refusal(422, "No image selected")
    images = [decode(text).convert("RGB") for text in body["controlnet_input_images"]]
    maps = [_map(image, body["controlnet_processor_res"], module) for image in images]
    return {"images": [encode(image) for image in maps], "info": "Success"}


def _map(image: Image.Image, shorter: int, module: str) -> Image.Image:
    scale = shorter / min(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    return image if module.lower() == "none" else edges(image)
