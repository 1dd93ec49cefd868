"""A request's fields put into the inputs whose roles they are. Pure."""

from collections.abc import Mapping
from typing import Any

from ...errors import InvalidInput
from ...inputs import RANDOM, Input, find_choice
from ...surface.submission import Submission, request_digest
from ..doors import Door, role_needed
from ..roles import Role, further_images
from .asking import Asked, refuse

# What a mistake in a role's input is called in the request.
PARAMS: Mapping[Role, str] = {
    Role.PROMPT: "prompt",
    Role.WIDTH: "size",
    Role.HEIGHT: "size",
    Role.BATCH: "n",
    Role.SEED: "seed",
    Role.IMAGE: "image",
    Role.MASK: "mask",
    Role.QUALITY: "quality",
    Role.BACKGROUND: "background",
    Role.CHECKPOINT: "model",
}


def submission(door: Door, asked: Asked, mask: str | None = None, key: str | None = None) -> Submission:
    """What is run for the request. Raises InvalidInput for what the app has no input for.

    Args:
        mask: ours, white where the picture is edited.
        key: the request's Idempotency-Key.
    """
    values: dict[str, Any] = dict(door.values)
    values |= _prompt(door, asked)
    values |= _size(door, asked)
    values |= {door.roles[role]: value for role, value in manners(door, asked).items()}
    values |= _pictures(door, asked.images, mask)
    takes = asked.n
    if Role.BATCH in door.roles and _holds(_item(door, Role.BATCH), asked.n):
        values[door.roles[Role.BATCH]] = asked.n
        takes = 1
    return Submission(
        input={**values, **asked.input},
        version=door.app.version if door.app.source == "backend" else None,
        seed=RANDOM if asked.seed is None else asked.seed,
        takes=takes,
        idempotency_key=key,
        digest=request_digest("openai", repr(asked)),
    )


def in_its_words(error: InvalidInput, door: Door) -> InvalidInput:
    """The error with each input called what it is called in the request."""
    if not isinstance(error.details, list):
        return error
    params = {name: PARAMS.get(role, str(role)) for role, name in door.roles.items()}
    details = [{**one, "input": params.get(one["input"], one["input"])} for one in error.details]
    message = details[0]["message"] if len(details) == 1 else str(error)
    return InvalidInput(message, details)


def _prompt(door: Door, asked: Asked) -> dict[str, str]:
    name = door.roles.get(Role.PROMPT)
    if name is None and asked.prompt:
        refuse("prompt", "no_such_role", role_needed(door, Role.PROMPT))
    return {} if name is None else {name: asked.prompt}


def _size(door: Door, asked: Asked) -> dict[str, int]:
    """Many clients always send a size: an app that decides its own keeps it, and the answer says what it is."""
    if asked.size is None:
        return {}
    sides = ((Role.WIDTH, asked.size.width), (Role.HEIGHT, asked.size.height))
    return {door.roles[role]: pixels for role, pixels in sides if role in door.roles}


def manners(door: Door, asked: Asked) -> dict[Role, str]:
    """Quality and background, where the app has the same choice: elsewhere they are no more than a wish."""
    given = {Role.QUALITY: asked.quality, Role.BACKGROUND: asked.background}
    return {
        role: value
        for role, value in given.items()
        if value is not None and role in door.roles and _holds(_item(door, role), value)
    }


def _pictures(door: Door, images: tuple[str, ...], mask: str | None) -> dict[str, str]:
    if not images:
        return {}
    places = further_images(door.contract, door.roles)
    if not places:
        refuse("image", "no_such_role", role_needed(door, Role.IMAGE))
    if len(images) > len(places):
        refuse("image", "too_many", f"{door.model} takes {len(places)} pictures at most; got {len(images)}.")
    values = dict(zip(places, images, strict=False))
    if mask is None:
        return values
    if Role.MASK not in door.roles:
        refuse("mask", "no_such_role", role_needed(door, Role.MASK))
    return {**values, door.roles[Role.MASK]: mask}


def _item(door: Door, role: Role) -> Input:
    return next(item for item in door.contract.inputs if item.name == door.roles[role])


def _holds(item: Input, value: object) -> bool:
    if item.choices is not None:
        return find_choice(item, value) is not None
    if not isinstance(value, int):
        return True
    return (item.minimum or 0) <= value and (item.maximum is None or value <= item.maximum)
