"""A chat model that answers as a test says: a list of answers, or a function of the question."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from lectern.prompts.messages import Question, Reply
from lectern.prompts.watching import Part

Answer = str | Reply | Exception | dict[str, Any]


class Scripted:
    remote = True
    label = "Chat model test"

    def __init__(
        self, *answers: Answer, by: Callable[[Question], Answer] | None = None, at_once: int = 1, room: int = 12_000
    ) -> None:
        self.answers = list(answers)
        self.by = by
        self.concurrency = at_once
        self.room = room
        self.asked: list[Question] = []
        self.released = 0
        self.blind: Exception | None = None

    async def ask(self, question: Question, part: Part) -> Reply:
        self.asked.append(question)
        answer = self.by(question) if self.by else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            answer = json.dumps(answer, ensure_ascii=False)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        part.write(reply.text)
        return reply

    async def check_sight(self) -> None:
        if self.blind:
            raise self.blind

    async def release(self) -> None:
        self.released += 1

    def texts(self, role: str = "user") -> Sequence[str]:
        """The last text of that role in each question."""
        return [["", *(one.text for one in asked.messages if one.role == role)][-1] for asked in self.asked]
