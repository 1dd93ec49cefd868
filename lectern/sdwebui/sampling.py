"""Carries an order out: over one server or a pool, watched, checked, and put together in order.

Lives on the background loop.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import truth
from .building import Offers, Orders, Part, names_lora, own_fields, sized
from .checks import settled
from .dialects import Payload
from .draft import Draft, check_draft, with_seed
from .errors import AnswerError, Busy, MismatchError, RequestError
from .hub import Hub
from .job import Job
from .lists import API, Named
from .member import Member
from .pictures import Bounds, Gallery, Room
from .plan import Plan
from .pool import Crew
from .progress import Watch
from .reading import Made, Request, read

_PATIENT = 2  # times that a server's "too many requests" is waited for
_LISTS = ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds", "infotexts")


class Sampled(NamedTuple):
    """Everything that came back, in the order of the pictures."""

    images: Tensor  # IMAGE
    extras: list[Tensor]  # grids, control maps, pictures of another size; each an IMAGE of one
    infotexts: list[str]
    seeds: list[int]
    info: Mapping[str, Any]  # as one server would have told it, and `lectern`: who made what, and the warnings
    warnings: list[str]


async def sample(hub: Hub, server: str, draft: Draft, bounds: Bounds, watch: Watch) -> Sampled:
    """
    Args:
        server: name of an entry of `lectern.toml`.
        bounds: of the pictures that are taken.

    Raises:
        LecternError: every failure, each with its cause; nothing is left running on a server.
    """
    draft = sized(with_seed(draft))
    check_draft(draft)
    _check_amount(draft, bounds)
    members, strict = hub.members(server), hub.entry(server).mismatch == "error"
    run = _Run(hub, draft, bounds, watch)
    watch.expect(run.plan.total)
    made = await Crew(members, run.plan, watch, run.make).work()
    return await asyncio.to_thread(_together, [one for _, one in made], strict)


class _Run:
    """One order under way."""

    def __init__(self, hub: Hub, draft: Draft, bounds: Bounds, watch: Watch) -> None:
        whole = bool(draft.scripts) or "script_name" in draft.fields
        self.plan = Plan(draft.rounds, draft.per_round, draft.fields.get("batch_size", 1), whole)
        self._hub = hub
        self._draft = draft
        self._bounds = bounds
        self._watch = watch
        self._orders = Orders(draft)
        self._room = Room(bounds)
        self._gallery = None if whole else Gallery(self.plan.total, bounds)

    async def make(self, member: Member, part: Part) -> Made:
        """Has one part made by one server."""
        dialect = await member.dialect()
        # Every list is asked for now: one that breaks later must not cost a picture that is made by then.
        samplers = await member.named("samplers")
        loras = await member.named("loras") if names_lora(self._draft) else ()
        judges_loras = names_lora(self._draft) and dialect.lora_tags and await member.tells("loras")
        offers = Offers(loras, await member.scripts() if self._draft.scripts else ())
        own = f"task({uuid.uuid4().hex[:15]})"  # as the servers' own web page names them
        task = self._draft.fields.get("force_task_id") or own
        payload = await asyncio.to_thread(self._orders.payload, part, dialect, offers, task)
        payload = await settled(member, payload)
        body = await asyncio.to_thread(self._orders.body, payload)
        job = Job(member, dialect, task, lambda glimpse: self._watch.seen(part, part.count, glimpse))
        answer = await self._sent(member, job, body, _work(payload))
        request = Request(member.name, member.label, dialect, part, payload)
        made = await read(self._orders, request, answer, self._bounds, self._gallery, self._room)
        told = self._told(request, made, samplers)
        if judges_loras:
            told += truth.unknown_loras(member.label, payload.get("prompt", ""), loras)
        made.warnings.extend(told)
        return made

    async def _sent(self, member: Member, job: Job, body: bytes, work: float) -> bytearray:
        """The answer. A server that only asks for patience (429) gets it, a few times."""
        for _ in range(_PATIENT):
            begun = time.monotonic()
            try:
                answer = await job.run(f"{API}/{self._draft.mode}", body, self._hub.spawn)
                member.health.worked(time.monotonic() - begun, work)
                return answer
            except Busy as busy:
                await asyncio.sleep(busy.seconds)
        return await job.run(f"{API}/{self._draft.mode}", body, self._hub.spawn)

    def _told(self, request: Request, made: Made, samplers: Sequence[Named]) -> list[str]:
        """Everything in which the server did not do what it was asked."""
        label, dialect, payload = request.label, request.dialect, request.payload
        found: list[str] = []
        if not self.plan.whole:
            sizes = [truth.Size(*size) for size in made.sizes]
            outcome = truth.Outcome(made.reply.info, next(iter(made.infotexts), ""), sizes, made.reply.seeds)
            found += truth.mismatches(label, payload, outcome, samplers)
        return found + truth.ignored(label, dialect, self._orders.ignored(dialect))


def _check_amount(draft: Draft, bounds: Bounds) -> None:
    """Before hours of work whose pictures would be refused."""
    size = truth.asked_size(own_fields(draft)) or truth.Size(512, 512)
    count = draft.rounds * draft.per_round
    if max(size) > bounds.side or count * size.width * size.height > bounds.total:
        raise RequestError(
            f"{count} pictures of {size} pixels are more than one node may hold. Ask for fewer or smaller ones, or"
            " raise limits.side in lectern.toml."
        )


def _work(payload: Payload) -> float:
    """Megapixels times steps."""
    pixels = payload.get("width", 512) * payload.get("height", 512) / 1e6
    return pixels * payload.get("steps", 20) * payload.get("batch_size", 1) * payload.get("n_iter", 1)


def _together(made: Sequence[Made], strict: bool) -> Sampled:
    warnings = list(dict.fromkeys(warning for one in made for warning in one.warnings))
    if strict and warnings:
        raise MismatchError(f'{" ".join(warnings)} (mismatch = "error" in lectern.toml makes this an error.)')
    images, odd, kept = _images(made)
    if odd:
        warnings.append(f"{len(odd)} pictures have another size than the first and are among the extras.")
    return Sampled(
        images=images,
        extras=[*(picture for one in made for picture in one.extras), *odd],
        infotexts=[
            text for one in made for at, text in enumerate(one.infotexts, one.offset) if (one.gallery, at) in kept
        ],
        seeds=[seed for one in made for at, seed in enumerate(one.seeds, one.offset) if (one.gallery, at) in kept],
        info=_info(made, warnings),
        warnings=warnings,
    )


def _images(made: Sequence[Made]) -> tuple[Tensor, list[Tensor], set[tuple[Gallery, int]]]:
    """The batch of all pictures of the first one's size, the others, and the places that the batch is from."""
    galleries = list(dict.fromkeys(one.gallery for one in made))
    batches = [(one, batch) for one in galleries if (batch := one.images()) is not None]
    odd = [picture for gallery in galleries for picture in gallery.odd().values()]
    if not batches:
        raise AnswerError("The server sent no picture that can be used. Its console says why.")
    shape = batches[0][1].shape[1:]
    same = [(one, batch) for one, batch in batches if batch.shape[1:] == shape]
    odd += [picture[None] for _, batch in batches if batch.shape[1:] != shape for picture in batch]
    images = same[0][1] if len(same) == 1 else torch.cat([batch for _, batch in same])
    return images, odd, {(one, place) for one, _ in same for place in one.places}


def _info(made: Sequence[Made], warnings: Sequence[str]) -> Mapping[str, Any]:
    """The first answer's, with the lists of all answers in a row."""
    whole = dict(made[0].reply.info)
    for key in _LISTS:
        values = [value for one in made for value in _listed(one.reply.info.get(key))]
        if values:
            whole[key] = values
    requests = [{"server": one.server, "pictures": len(one.seeds)} for one in made]
    whole["lectern"] = {"requests": requests, "warnings": list(warnings)}
    return whole


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
