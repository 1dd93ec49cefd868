"""One question to one model: asked again where that may help, and in other words where the server does not take ours.

Lives on the background loop.
"""

import asyncio
import logging
from typing import Any

from ..errors import ChatError, Disconnected
from ..messages import Question, Reply
from ..watching import Part, Watch
from .body import Body, request_body, without_pictures
from .complaint import Complaint, Discretion
from .exchange import exchange
from .faults import LONGEST_WAIT, Rejection, fault, pause
from .kinds import thinking_fields
from .manners import Lesson, Manners, lesson
from .member import Member
from .reading import Answer
from .sampling import Sampling
from .sight import blind, is_blind, measure

log = logging.getLogger(__name__)

_LESSONS = 8  # of one question: more fields than that nobody refuses one by one


class Asking:
    def __init__(self, member: Member, model: str, sampling: Sampling, question: Question, part: Part) -> None:
        self._member, self._model = member, model
        self._sampling, self._question, self._part = sampling, question, part
        self._manners = member.manners(model)
        self._thinking: dict[str, Any] = {}
        self._pictures = any(message.pictures for message in question.messages)

    async def reply(self) -> Reply:
        """Raises ChatError, SettingsError."""
        if self._pictures and is_blind(self._member, self._model):
            raise blind(self._member.label)
        if self._sampling.thinking != "server's choice":
            connection = self._member.connection
            self._thinking = thinking_fields(await self._member.kind(), connection.host, self._sampling.thinking)
        answer, body = await self._persistently()
        self._member.learnt(self._model, self._manners)
        reply = answer.reply(self._member.label, body.notes)
        if self._pictures:
            await self._check_sight(answer, body)
        return reply

    async def _persistently(self) -> tuple[Answer, Body]:
        """Again and again while the server is busy or breaks down, as often as the entry allows."""
        attempts = self._member.entry.attempts
        for attempt in range(1, attempts + 1):
            try:
                found, body = await self._learning()
                if isinstance(found, Answer):
                    return found, body
                error, wait = self._fault(found), found.wait
                if not found.passes:
                    raise error
            except Disconnected as broken:
                error, wait = broken, 0.0
            if attempt == attempts or wait > LONGEST_WAIT:
                raise error
            self._part.restart()
            log.debug("A chat model is asked again after %s.", type(error).__name__)
            await asyncio.sleep(pause(attempt, wait))
        raise AssertionError("an entry allows at least one attempt")

    async def _learning(self) -> tuple[Answer | Rejection, Body]:
        """At once again without what the server refuses."""
        guess: tuple[Rejection, Manners] | None = None  # the refusal before the first guess, and what was known then
        lessons = 0
        while True:
            body = self._body()
            found = await exchange(self._member.connection, body.content, self._part)
            if isinstance(found, Answer):
                return found, body
            learnt = self._lesson(body, found) if lessons < _LESSONS else None
            if learnt is None:
                if guess is not None:
                    found, self._manners = guess  # it was not about the shape, then
                return found, body
            lessons += 1
            if learnt.guessed and guess is None:
                guess = found, self._manners
            self._manners = learnt.manners
            self._part.restart()  # some refuse in the middle of a stream

    def _body(self) -> Body:
        return request_body(self._model, self._question, self._sampling, self._thinking, self._manners)

    def _lesson(self, body: Body, rejection: Rejection) -> Lesson | None:
        said = rejection.said
        if self._discretion.repeats(said.all_words):
            said = Complaint(fields=said.fields)  # a prompt may well speak of seeds and temperature
        further = {*self._thinking, *self._sampling.fields}
        return lesson(self._manners, body.content, rejection.status, said, further)

    @property
    def _discretion(self) -> Discretion:
        return Discretion(self._member.entry.key(), tuple(message.text for message in self._question.messages))

    def _fault(self, rejection: Rejection) -> ChatError:
        return fault(self._member.label, self._member.connection.place, rejection, self._discretion)

    async def _check_sight(self, answer: Answer, body: Body) -> None:
        """Raises Blind when the server dropped the pictures without a word."""

        async def count() -> int:
            bare = without_pictures(body.content, self._manners)
            found = await exchange(self._member.connection, bare, Watch().part())
            return found.usage.prompt if isinstance(found, Answer) else -1

        await measure(self._member, self._model, answer.usage.prompt, count)
