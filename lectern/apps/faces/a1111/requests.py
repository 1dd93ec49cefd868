"""The bodies of txt2img and img2img: what is read of them, and what is refused. Fields that are not here are ignored.

Nulls and fields left out are the same: the app's own value counts, not AUTOMATIC1111's (50 steps, 512x512).
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import Unprocessable

Body = TypeVar("Body", bound=BaseModel)
Mode = Literal["txt2img", "img2img"]

MOST_PICTURES = 64  # of one request
TASK_LENGTH = 200  # characters of a task's id
MOST_MISTAKES = 20  # that one answer lists
SEEDS = 2**64
REPEATED = 500_000  # characters of pictures that an answer repeats
CHECKPOINT = "sd_model_checkpoint"  # the option that chooses the app


class Asked(BaseModel):
    """What may be asked of an app in A1111's words."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = Field(default=None, ge=-SEEDS, lt=SEEDS)
    sampler_name: str | None = None
    sampler_index: str | int | None = None  # the older name
    scheduler: str | None = None
    batch_size: int | None = Field(default=None, ge=1, le=MOST_PICTURES)
    n_iter: int | None = Field(default=None, ge=1, le=MOST_PICTURES)
    steps: int | None = None
    cfg_scale: float | None = None
    width: int | None = Field(default=None, ge=1, le=65536)
    height: int | None = Field(default=None, ge=1, le=65536)
    denoising_strength: float | None = None
    override_settings: dict[str, Any] | None = None
    init_images: list[str] | None = Field(default=None, max_length=MOST_PICTURES)
    mask: str | None = None
    inpainting_mask_invert: int | None = None
    resize_mode: int | None = None
    include_init_images: bool | None = None
    script_name: str | None = None
    alwayson_scripts: dict[str, Any] | None = None
    send_images: bool | None = None
    save_images: bool | None = None
    force_task_id: str | None = Field(default=None, max_length=TASK_LENGTH)

    @property
    def pictures(self) -> int:
        return (self.batch_size or 1) * (self.n_iter or 1)

    @property
    def sampler(self) -> str:
        index = self.sampler_index if isinstance(self.sampler_index, str) else None
        return self.sampler_name or index or ""

    @property
    def model(self) -> str:
        """What this request alone is to be made with; empty where the options say."""
        named = (self.override_settings or {}).get(CHECKPOINT)
        return named if isinstance(named, str) else ""

    def lighter(self) -> "Asked":
        """Without its pictures, which may be large; small ones stay where the answer repeats them."""
        pictures = [*(self.init_images or ()), self.mask or ""]
        if self.include_init_images and sum(map(len, pictures)) <= REPEATED:
            return self
        images = None if self.init_images is None else [""] * len(self.init_images)
        return self.model_copy(update={"init_images": images, "mask": None, "include_init_images": False})

    def echo(self) -> dict[str, Any]:
        """What the answer repeats: without the pictures, unless they are asked for."""
        left_out = set() if self.include_init_images else {"init_images", "mask"}
        return self.model_dump(exclude=left_out) | dict.fromkeys(left_out)


class Glance(BaseModel):
    """The body of POST /internal/progress."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id_task: str = Field(max_length=TASK_LENGTH)
    id_live_preview: int = -1
    live_preview: bool = True


class PictureBody(BaseModel):
    """The body of png-info."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    image: str


def read(model: type[Body], body: object) -> Body:
    """Raises Unprocessable, as FastAPI words it."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Unprocessable([_mistake(one) for one in error.errors(include_url=False)[:MOST_MISTAKES]]) from None


def read_asked(mode: Mode, body: object) -> Asked:
    """Raises Unprocessable, also for what no app can do."""
    asked = read(Asked, body)
    scripts = [*([asked.script_name] if asked.script_name else []), *(asked.alwayson_scripts or {})]
    if scripts:
        raise Unprocessable(f"Script '{scripts[0][:100]}' not found: apps have no scripts.")
    if asked.pictures > MOST_PICTURES:
        raise Unprocessable(f"batch_size times n_iter may be at most {MOST_PICTURES}; got {asked.pictures}.")
    if mode == "txt2img":
        return asked.model_copy(update={"init_images": None, "mask": None, "denoising_strength": None})
    if len(asked.init_images or ()) != 1:
        raise Unprocessable(f"init_images must hold one picture; got {len(asked.init_images or ())}.")
    return asked


def _mistake(error: Mapping[str, Any]) -> dict[str, Any]:
    """Without the value that was given, which may be a picture."""
    return {"loc": ["body", *error["loc"]], "msg": error["msg"], "type": error["type"]}
