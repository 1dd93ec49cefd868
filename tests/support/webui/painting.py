"""From an item of a plan to its picture: init image, mask and detailer passes over what picture.py draws."""

import math

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from support.webui.picture import Pixels, Subject, draw, noise, to_image, to_pixels
from support.webui.plan import Item, Plan, Repaint


def paint(plan: Plan, item: Item, index: int, first_pass_only: bool = False) -> Image.Image:
    """One finished picture; `index` counts within its batch (it chooses the init image)."""
    width, height = plan.pixels
    if plan.hires and not first_pass_only:
        width, height = plan.hires.width, plan.hires.height
    return _composed(plan, item, index, width, height)


def preview(plan: Plan, item: Item, longest: int = 128) -> Image.Image:
    """What the live preview shows: the same composition, small."""
    width, height = plan.pixels
    scale = min(1.0, longest / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return to_image(draw(subject(plan, item), *size))


def subject(plan: Plan, item: Item) -> Subject:
    sampler = plan.sampler if plan.scheduler in (None, "Automatic") else f"{plan.sampler} {plan.scheduler}"
    return Subject(
        item.prompt,
        item.negative,
        item.seed,
        item.steps,
        item.cfg,
        *plan.pixels,
        sampler,
        item.subseed,
        plan.subseed_strength,
    )


def _composed(plan: Plan, item: Item, index: int, width: int, height: int) -> Image.Image:
    pixels = draw(subject(plan, item), width, height)
    if plan.init:
        source = fit(plan.init[index % len(plan.init)], width, height, plan.resize_mode)
        pixels = _over(plan, to_pixels(source), pixels)
    for repaint in plan.repaints:
        _detail(pixels, repaint, subject(plan, item))
    if plan.grain:
        pixels += plan.grain * noise(subject(plan, item), width, height)
    return to_image(pixels)


def _over(plan: Plan, source: Pixels, drawn: Pixels) -> Pixels:
    strength = np.float32(1 if plan.denoising is None else plan.denoising)
    blend = source * (1 - strength) + drawn * strength
    if plan.mask is None:
        return blend
    height, width = source.shape[:2]
    cover = np.asarray(plan.mask.resize((width, height), Image.Resampling.BILINEAR), np.float32)[..., None] / 255
    kept = source if plan.composite else _round_trip(source)
    return kept * (1 - cover) + blend * cover


def _round_trip(source: Pixels) -> Pixels:
    """What a VAE does to pixels that nobody meant to change."""
    return to_pixels(to_image(source).filter(ImageFilter.GaussianBlur(1))) * np.float32(0.9) + np.float32(0.05)


def _detail(pixels: Pixels, repaint: Repaint, whole: Subject) -> None:
    """Paints the middle ninth anew, in place: the double's idea of a face."""
    height, width = pixels.shape[:2]
    rows, columns = slice(height // 3, math.ceil(height * 2 / 3)), slice(width // 3, math.ceil(width * 2 / 3))
    window = pixels[rows, columns]
    face = draw(whole._replace(prompt=repaint.prompt), window.shape[1], window.shape[0])
    window += np.float32(repaint.strength) * (face - window)


def fit(image: Image.Image, width: int, height: int, mode: int) -> Image.Image:
    """resize_mode 0 just resize, 1 crop and resize, 2 resize and fill, 3 as 0 (the real one resizes latents)."""
    image, size = image.convert("RGB"), (width, height)
    if mode == 1:
        return ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    if mode == 2:
        return ImageOps.pad(image, size, Image.Resampling.LANCZOS)
    return image.resize(size, Image.Resampling.LANCZOS)


def grid_of(images: tuple[Image.Image, ...]) -> Image.Image:
    """All pictures in one, as square as it gets, row by row."""
    rows = max(1, math.floor(math.sqrt(len(images))))
    columns = math.ceil(len(images) / rows)
    width, height = images[0].size
    grid = Image.new("RGB", (columns * width, rows * height), "black")
    for index, image in enumerate(images):
        grid.paste(image, (index % columns * width, index // columns * height))
    return grid
