"""Chat servers by the names that lectern.toml gives them, the hub that knows them, and questions in one line."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from lectern.chats import Chat
from lectern.prompts.messages import Message, Question, Reply
from lectern.prompts.server.backend import ServerBackend
from lectern.prompts.server.hub import ChatHub
from lectern.prompts.server.sampling import Sampling
from lectern.prompts.watching import Glimpse, Watch
from lectern.settings import Settings
from support.chat.server import ChatServer

IDEA = "a red lighthouse on a cliff"
PICTURE = b"\xff\xd8\xff\xe0 not read by anybody \xff\xd9"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "bullets": {"type": "array", "items": {"type": "string"}}},
    "required": ["title", "bullets"],
    "additionalProperties": False,
}
QUICK = {"connect_seconds": 2, "first_token_seconds": 5, "stall_seconds": 5, "total_seconds": 20}


class Desk:
    """`async with Desk() as desk: server = await desk.add(); reply = await desk.ask("a red lighthouse")`"""

    def __init__(self) -> None:
        self.servers: dict[str, ChatServer] = {}
        self.entries: dict[str, Chat] = {}
        self.hub = ChatHub(lambda: Settings(chat=self.entries))
        self.watch = Watch()
        self.glimpses: list[Glimpse] = []
        self.watch.listen(lambda: self.glimpses.append(self.watch.glimpse))

    async def add(self, name: str = "local", entry: Mapping[str, Any] | None = None, **settings: Any) -> ChatServer:
        server = await ChatServer(**settings).start()
        self.servers[name] = server
        self.entries[name] = Chat.model_validate({"url": server.url, **QUICK, **(entry or {})})
        return server

    def change(self, name: str = "local", **changes: Any) -> None:
        """As if lectern.toml had been edited."""
        kept = self.entries[name].model_dump(exclude_unset=True)
        self.entries[name] = Chat.model_validate({**kept, **changes})

    def backend(self, name: str = "local", **sampling: Any) -> ServerBackend:
        return ServerBackend(self.hub, name, Sampling(**sampling))

    async def ask(
        self,
        text: str = IDEA,
        name: str = "local",
        *,
        schema: Mapping[str, Any] | None = None,
        pictures: Sequence[bytes] = (),
        seed: int = 0,
        max_tokens: int = 0,
        **sampling: Any,
    ) -> Reply:
        return await self.backend(name, **sampling).ask(
            question(text, schema, pictures, seed, max_tokens), self.watch.part()
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.hub.close()
        for server in self.servers.values():
            await server.stop()


def question(
    text: str = IDEA,
    schema: Mapping[str, Any] | None = None,
    pictures: Sequence[bytes] = (),
    seed: int = 0,
    max_tokens: int = 0,
) -> Question:
    messages = (Message("system", "You write prompts."), Message("user", text, tuple(pictures)))
    return Question(messages, seed, schema, max_tokens)
