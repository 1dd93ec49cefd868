"""The one double of chat servers: OpenAI's chat completions, and the routes of their own that Ollama, LM Studio,
llama.cpp, vLLM and koboldcpp have beside them.

    async with ChatServer(kind="ollama", models=("qwen3",)) as server: ...    # on the test's own loop
    with ChatThread(seconds_per_token=0.05) as thread: ...                    # thread.url, thread.server
    $ cd tests && python -m support.chat --seconds-per-token 0.02             # prints its URL

It answers by a function of the request, `answer(body) -> str`; the default one fills the schema of `response_format`
with words of the user, or makes a prompt of them.
To look at: `requests`, `chats` (bodies), `active`, `highest`, `broken`, `finished`, `unloaded`.
To turn: the settings of ChatServer, and `script`: what the next requests meet, one Act each.
`until(lambda server: server.broken)` waits for any of it.
"""

from support.chat.acts import Act
from support.chat.answers import default_answer, fill
from support.chat.server import ChatServer, Seen
from support.chat.thread import ChatThread

__all__ = ["Act", "ChatServer", "ChatThread", "Seen", "default_answer", "fill"]
