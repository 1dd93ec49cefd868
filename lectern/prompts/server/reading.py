"""A chat completion, whole or piece by piece, read into what was said and what was thought."""

from typing import Any, NamedTuple

from ..errors import AnswerError
from ..messages import Reply
from ..thinking import Sieve
from ..watching import Part

_THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama; some


class Usage(NamedTuple):
    """Tokens; -1 where the server does not say."""

    prompt: int = -1
    completion: int = -1


class Piece(NamedTuple):
    said: str = ""
    thought: str = ""
    refusal: str = ""
    finish: str = ""  # why it ended; empty: it has not
    calls: bool = False  # it wants to call tools
    usage: Usage | None = None


def read_piece(content: Any) -> Piece | None:
    """Of a `chat.completion.chunk` or a whole `chat.completion`; None when it is neither."""
    if not isinstance(content, dict):
        return None
    usage = _usage(content.get("usage"))
    choices = content.get("choices")
    if choices is None and usage:  # how some proxies write an empty list, in the last piece
        choices = []
    if not isinstance(choices, list):
        return None
    choice = choices[0] if choices else {}
    if not isinstance(choice, dict):
        return None
    delta = choice.get("delta") or choice.get("message") or {}
    if not isinstance(delta, dict):
        return None
    said, thought = _texts(delta.get("content"))
    thought += next((delta[key] for key in _THOUGHTS if isinstance(delta.get(key), str) and delta[key]), "")
    return Piece(
        said,
        thought,
        refusal=_text(delta.get("refusal")),
        finish=_text(choice.get("finish_reason")),
        calls=bool(delta.get("tool_calls") or delta.get("function_call")),
        usage=usage,
    )


def _usage(content: Any) -> Usage | None:
    if not isinstance(content, dict):
        return None
    return Usage(*(_count(content.get(key)) for key in ("prompt_tokens", "completion_tokens")))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(content: Any) -> tuple[str, str]:
    """What is said and what is thought in a `content`: a text, or a list of parts (Mistral)."""
    if not isinstance(content, list):
        return _text(content), ""
    parts = [part for part in content if isinstance(part, dict)]
    said = "".join(_text(part.get("text")) for part in parts if part.get("type") in ("text", "output_text"))
    thought = "".join(_thought(part.get("thinking")) for part in parts if part.get("type") == "thinking")
    return said, thought


def _thought(content: Any) -> str:
    return _texts(content)[0]


class Answer:
    """One answer as it grows."""

    def __init__(self, part: Part) -> None:
        self.usage = Usage()
        self.finish = ""
        self.size = 0  # characters that came, thoughts and all
        self._part = part
        self._sieve = Sieve()
        self._thought = False
        self._pieces = 0
        self._refusal = ""
        self._calls = False

    def take(self, piece: Piece) -> None:
        """What is wrong with an answer shows at its end alone."""
        self.size += len(piece.said) + len(piece.thought) + len(piece.refusal)
        self.usage = piece.usage or self.usage
        self.finish = piece.finish or self.finish
        self._refusal += piece.refusal
        self._calls = self._calls or piece.calls or piece.finish in ("tool_calls", "function_call")
        if piece.thought:
            self._think()
        if piece.said:
            self._say(piece.said)

    def reply(self, label: str, notes: tuple[str, ...]) -> Reply:
        """The whole of it. Raises AnswerError when it is none."""
        self._write(self._sieve.end().said, tokens=0)
        text = self._sieve.said.strip()
        if not text:
            raise AnswerError(self._why_empty(label))
        tokens = self._pieces if self.usage.completion < 0 else self.usage.completion
        return Reply(text, complete=self.finish not in ("length", "content_filter"), tokens=tokens, notes=notes)

    def _say(self, said: str) -> None:
        found = self._sieve.feed(said)
        if found.retracted:
            self._part.restart()
        if found.said:
            self._pieces += 1
            self._write(found.said)
        elif found.thought:
            self._think()
        self._thought = self._thought or found.thought

    def _think(self) -> None:
        self._thought = True
        self._pieces += 1
        self._part.think()

    def _write(self, said: str, tokens: int = 1) -> None:
        if said:
            self._part.write(said, tokens)

    def _why_empty(self, label: str) -> str:
        if self._calls:
            return f"{label} wanted to call a tool in place of answering. Choose a model that follows instructions."
        if self._refusal:
            return f"{label} declined to answer. Put the request in other words, or choose another model."
        if self.finish == "content_filter":
            return f"The content filter of {label} withheld the answer. Put the request in other words."
        if self._thought:
            return (
                f"{label} only thought and gave no answer. Allow it more tokens, or set thinking to off if the model"
                " can do without."
            )
        return f"{label} gave an empty answer. Try another seed, or choose another model."
