"""Files as inputs and outputs: which kind of file a widget takes, and which kind a node gives."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Media(StrEnum):
    """What a file holds."""

    IMAGE = "image"
    MASK = "mask"  # a picture whose white is what is masked
    AUDIO = "audio"
    VIDEO = "video"
    TEXT = "text"  # only as an output
    FILE = "file"


# The flags of an upload button in `/object_info`: comfy_api.latest._io.UploadType, and the two that core's front end
# knows besides (animated_image_upload, video from custom nodes that say only that they upload).
UPLOADS = {
    "image_upload": Media.IMAGE,
    "animated_image_upload": Media.IMAGE,
    "audio_upload": Media.AUDIO,
    "video_upload": Media.VIDEO,
    "file_upload": Media.FILE,
}
ACCEPTED = {
    Media.IMAGE: ("image/*",),
    Media.MASK: ("image/*",),
    Media.AUDIO: ("audio/*", "video/*"),  # core's Load Audio takes the sound of a film, too
    Media.VIDEO: ("video/*",),
    Media.FILE: ("*/*",),
}


def upload_media(options: Mapping[str, Any]) -> Media | None:
    """What a widget with these options uploads, None when it has no upload button."""
    return next((media for flag, media in UPLOADS.items() if options.get(flag)), None)


def accepts(media: Media, content_type: str) -> bool:
    """Whether a file of this content type may be given; parameters such as `;codecs=` do not matter."""
    kind = content_type.partition(";")[0].strip().lower()
    return any(p == "*/*" or p == kind or (p.endswith("/*") and kind.startswith(p[:-1])) for p in ACCEPTED[media])


class OutputMedia(NamedTuple):
    """What a node's results are, as far as its class tells; None and () when anything may come."""

    media: Media | None = None
    types: tuple[str, ...] = ()  # content types


PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
# Core's and our own output nodes whose inputs do not say which files they write.
KNOWN_OUTPUTS = {
    "SaveImage": OutputMedia(Media.IMAGE, ("image/png",)),
    "SaveImageAdvanced": OutputMedia(Media.IMAGE),
    "SaveAudioAdvanced": OutputMedia(Media.AUDIO),
    "PreviewImage": OutputMedia(Media.IMAGE, ("image/png",)),
    "MaskPreview": OutputMedia(Media.IMAGE, ("image/png",)),
    "SaveAnimatedPNG": OutputMedia(Media.IMAGE, ("image/png",)),
    "SaveAnimatedWEBP": OutputMedia(Media.IMAGE, ("image/webp",)),
    "SaveSVGNode": OutputMedia(Media.IMAGE, ("image/svg+xml",)),
    "SaveWEBM": OutputMedia(Media.VIDEO, ("video/webm",)),
    "SaveVideo": OutputMedia(Media.VIDEO, ("video/mp4",)),
    "SaveAudio": OutputMedia(Media.AUDIO, ("audio/flac",)),
    "SaveAudioMP3": OutputMedia(Media.AUDIO, ("audio/mpeg",)),
    "SaveAudioOpus": OutputMedia(Media.AUDIO, ("audio/ogg",)),
    "PreviewAudio": OutputMedia(Media.AUDIO, ("audio/flac",)),
    "PreviewAny": OutputMedia(Media.TEXT, ("text/plain",)),
    "SaveGLB": OutputMedia(Media.FILE, ("model/gltf-binary",)),
    "SaveLatent": OutputMedia(Media.FILE, ("application/octet-stream",)),
}
BY_FORMAT = {
    "LecternSaveDeck": {
        "pptx": OutputMedia(Media.FILE, (PPTX,)),
        "pdf": OutputMedia(Media.FILE, ("application/pdf",)),
        "both": OutputMedia(Media.FILE, (PPTX, "application/pdf")),
    },
    "LecternSaveSlides": {
        name: OutputMedia(Media.IMAGE, (f"image/{name.lower()}",)) for name in ("PNG", "JPEG", "WebP", "AVIF")
    },
}
BY_INPUT_TYPE = {"VIDEO": Media.VIDEO, "AUDIO": Media.AUDIO, "IMAGE": Media.IMAGE, "MASK": Media.IMAGE}


def output_media(class_type: str, info: Mapping[str, Any], values: Mapping[str, Any]) -> OutputMedia:
    """What an output node gives: known classes by name, others by what they pass on or take in.

    Args:
        info: the class in `/object_info`.
        values: the node's inputs in the graph.
    """
    known = BY_FORMAT.get(class_type, {}).get(str(values.get("format")))
    if known is None:
        known = KNOWN_OUTPUTS.get(class_type)
    if known is not None:
        return known
    gives = info.get("output") or ()
    if gives:  # a node in the middle that shows something: only a text is certain
        return OutputMedia(Media.TEXT if "STRING" in gives else None)
    types = {entry[0] for entry in _declared(info) if isinstance(entry, list) and entry and isinstance(entry[0], str)}
    return OutputMedia(next((media for name, media in BY_INPUT_TYPE.items() if name in types), None))


def _declared(info: Mapping[str, Any]) -> list[Any]:
    groups = info.get("input") or {}
    return [entry for group in ("required", "optional") for entry in (groups.get(group) or {}).values()]
