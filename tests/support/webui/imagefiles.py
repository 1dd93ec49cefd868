"""Pictures as the API carries them: base64 in JSON, PNG with its parameters, JPEG and WebP on request."""

import base64
import binascii
import io

from PIL import Image, PngImagePlugin

from support.webui.errors import Refusal

USER_COMMENT = 0x9286
EXIF_IFD = 0x8769


def decode(text: str) -> Image.Image:
    """A picture from base64, with or without a `data:` prefix; raises Refusal as the A1111 family does."""
    if text.startswith(("http://", "https://")):
        raise Refusal(500, "Request to local resource not allowed")
    try:
        if text.startswith("data:image/"):
            text = text.split(";")[1].split(",")[1]
        image = Image.open(io.BytesIO(base64.b64decode(text)))
        image.load()
    except (OSError, ValueError, IndexError, binascii.Error) as error:
        raise Refusal(500, "Invalid encoded image") from error
    return image


def encode(image: Image.Image, parameters: str | None = None, kind: str = "png", **texts: str) -> str:
    """Base64 of a file of the wanted kind; `texts` are further PNG text chunks."""
    data = png(image, parameters, **texts) if kind == "png" else _lossy(image, parameters, kind)
    return base64.b64encode(data).decode()


def png(image: Image.Image, parameters: str | None = None, **texts: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for key, text in ({} if parameters is None else {"parameters": parameters}).items() | texts.items():
        chunks.add_text(key, text)  # Pillow falls back to iTXt where latin-1 does not reach
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=chunks, compress_level=1)
    return file.getvalue()


def _lossy(image: Image.Image, parameters: str | None, kind: str) -> bytes:
    exif = Image.Exif()
    if parameters is not None:
        exif.get_ifd(EXIF_IFD)[USER_COMMENT] = b"UNICODE\0" + parameters.encode("utf-16-be")
    file = io.BytesIO()
    name = "JPEG" if kind in ("jpg", "jpeg") else kind.upper()
    image.convert("RGB").save(file, name, quality=80, exif=exif)
    return file.getvalue()


def parameters_of(image: Image.Image) -> str | None:
    """The generation parameters that a picture file carries."""
    text = image.info.get("parameters")
    if isinstance(text, str):
        return text
    comment = image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT)
    return comment[8:].decode("utf-16-be") if isinstance(comment, bytes) and comment.startswith(b"UNICODE\0") else None
