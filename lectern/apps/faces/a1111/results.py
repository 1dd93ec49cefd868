"""The answer of txt2img and img2img: pictures in base64, and `info`, a text that holds JSON. Blocking, where pictures
are large."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ....errors import ImageError
from ....infotext import Infotext, format_infotext, parse_infotext, read_parameters, with_parameters
from ..roles import Role, Roles
from .names import SAMPLERS, SCHEDULERS, told
from .requests import Asked

VERSION = "Lectern"
NO_SEED = -1  # of an app without one
SAME: Mapping[str, Any] = {  # in every `info`: apps have nothing of the kind
    "subseed": NO_SEED,
    "subseed_strength": 0,
    "restore_faces": False,
    "face_restoration_model": None,
    "sd_model_hash": None,
    "sd_vae_name": None,
    "sd_vae_hash": None,
    "seed_resize_from_w": -1,
    "seed_resize_from_h": -1,
    "index_of_first_image": 0,
    "styles": [],
    "clip_skip": 1,
    "is_using_inpainting_conditioning": False,
    "version": VERSION,
}


class Picture(NamedTuple):
    """One picture of a run."""

    data: bytes
    seed: int
    values: Mapping[str, Any]  # the run's input
    extra: bool = False  # of another output than the first


class Answer(NamedTuple):
    """What was asked and what came of it."""

    asked: Asked
    model: str
    roles: Roles
    pictures: Sequence[Picture]
    run_ids: Sequence[str]
    ignored: Sequence[str]
    stamp: str


class _Facts(NamedTuple):
    """What a picture was made from, as far as the app has inputs for it."""

    prompt: str
    negative: str
    steps: Any
    sampler: str | None
    scheduler: str | None
    cfg: Any
    denoise: Any


def answer_body(answer: Answer) -> bytes:
    """The whole JSON."""
    facts = [_facts(picture, answer) for picture in answer.pictures]
    sizes = [_size(picture.data) or _asked_size(answer.asked) for picture in answer.pictures]
    texts = [infotext(answer.model, p, f, s) for p, f, s in zip(answer.pictures, facts, sizes, strict=True)]
    stamped = [_stamped(picture.data, text) for picture, text in zip(answer.pictures, texts, strict=True)]
    sent = [base64.b64encode(data).decode() for data, _ in stamped] if answer.asked.send_images is not False else []
    info = _info(answer, facts, sizes, [text for _, text in stamped])
    content = {"images": sent, "parameters": answer.asked.echo(), "info": json.dumps(info)}
    return json.dumps(content).encode()


def infotext(model: str, picture: Picture, facts: _Facts, size: tuple[int, int] | None) -> str:
    settings = {
        "Steps": facts.steps,
        "Sampler": facts.sampler,
        "Schedule type": facts.scheduler,
        "CFG scale": facts.cfg,
        "Seed": None if picture.seed == NO_SEED else picture.seed,
        "Size": None if size is None else f"{size[0]}x{size[1]}",
        "Model": model,
        "Denoising strength": facts.denoise,
        "Version": VERSION,
    }
    written = {name: str(value) for name, value in settings.items() if value is not None}
    return format_infotext(Infotext(facts.prompt, facts.negative, written))


def _stamped(data: bytes, text: str) -> tuple[bytes, str]:
    """The file, and the text that it carries: its own where it has one."""
    try:
        made = with_parameters(data, text)
        own = read_parameters(data).infotext if made is data else None
    except ImageError:  # an output that no reader of ours knows
        return data, text
    return made, own or text


def _facts(picture: Picture, answer: Answer) -> _Facts:
    def value(role: Role) -> Any:
        return picture.values.get(answer.roles.get(role, ""))

    sampler, scheduler = value(Role.SAMPLER), value(Role.SCHEDULER)
    return _Facts(
        prompt=str(value(Role.PROMPT) or ""),
        negative=str(value(Role.NEGATIVE) or ""),
        steps=value(Role.STEPS),
        sampler=None if sampler is None else told(sampler, SAMPLERS),
        scheduler=None if scheduler is None else told(scheduler, SCHEDULERS),
        cfg=value(Role.CFG),
        denoise=value(Role.DENOISE) if answer.asked.init_images else None,
    )


def _info(
    answer: Answer, facts: Sequence[_Facts], sizes: Sequence[tuple[int, int] | None], texts: Sequence[str]
) -> dict[str, Any]:
    """The lists have an entry for each picture of the first output; what other outputs gave follows behind."""
    own = [at for at, picture in enumerate(answer.pictures) if not picture.extra]
    seeds = [_seed(texts[at], answer.pictures[at].seed) for at in own]
    first = facts[0] if facts else None
    size = sizes[0] if sizes else None
    prompts = [facts[at].prompt for at in own]
    negatives = [facts[at].negative for at in own]
    return {
        **SAME,
        "prompt": first.prompt if first else answer.asked.prompt or "",
        "all_prompts": prompts,
        "negative_prompt": first.negative if first else answer.asked.negative_prompt or "",
        "all_negative_prompts": negatives,
        "seed": seeds[0] if seeds else NO_SEED,
        "all_seeds": seeds,
        "all_subseeds": [NO_SEED] * len(own),
        "width": size[0] if size else answer.asked.width,
        "height": size[1] if size else answer.asked.height,
        "sampler_name": first.sampler if first else None,
        "cfg_scale": first.cfg if first else None,
        "steps": first.steps if first else None,
        "batch_size": answer.asked.batch_size or 1,
        "sd_model_name": answer.model,
        "denoising_strength": first.denoise if first else None,
        "extra_generation_params": {"Schedule type": first.scheduler} if first and first.scheduler else {},
        "infotexts": [texts[at] for at in own],
        "job_timestamp": answer.stamp,
        "lectern": {"runs": list(answer.run_ids), "ignored": list(answer.ignored)},
    }


def _seed(text: str, drawn: int) -> int:
    """What the picture itself says: a server behind a door counts the pictures of a batch."""
    told = parse_infotext(text).settings.get("Seed", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 20 else drawn


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the head of a PNG; of other files None."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _asked_size(asked: Asked) -> tuple[int, int] | None:
    return (asked.width, asked.height) if asked.width and asked.height else None
