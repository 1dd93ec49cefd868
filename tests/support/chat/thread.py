"""The chat server on a loop and thread of its own."""

from functools import partial
from typing import Any

from support.chat.server import ChatServer
from support.serving import ServerThread


class ChatThread(ServerThread[ChatServer]):
    """`with ChatThread(kind="ollama", seconds_per_token=0.05) as chat:` - takes what ChatServer takes."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(partial(ChatServer, *arguments, **settings))
