"""A deck as LibreOffice shows it: one picture a slide."""

import subprocess
from pathlib import Path

from PIL import Image, ImageChops


def render(deck: Path, folder: Path, width: int, height: int) -> list[Image.Image]:
    """Deck -> PDF -> pictures of exactly width x height pixels (`-scale-to`: a resolution would round up)."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    office = ["soffice", "--headless", "--norestore", profile]
    convert = ["--convert-to", "pdf", "--outdir", str(folder), str(deck)]
    subprocess.run([*office, *convert], check=True, capture_output=True, timeout=180)
    scale = ["-scale-to-x", str(width), "-scale-to-y", str(height)]
    pdf = folder / f"{deck.stem}.pdf"
    subprocess.run(["pdftoppm", "-png", *scale, str(pdf), str(folder / "slide")], check=True, timeout=180)
    return [Image.open(file).convert("RGB") for file in sorted(folder.glob("slide-*.png"))]


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean absolute difference per channel, 0 to 255."""
    histogram = ImageChops.difference(first.convert("RGB"), second.convert("RGB")).histogram()
    total = sum((index % 256) * count for index, count in enumerate(histogram))
    return total / (first.width * first.height * 3)
