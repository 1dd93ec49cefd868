"""Tokens -> text while a model writes, told to whoever shows it."""

from collections.abc import Callable
from typing import Any

from ..thinking import Sieve, Sifted
from ..watching import Part

HALF = "\ufffd"  # what stands for bytes that are no whole character yet
PATIENCE = 16  # tokens; a character has at most four bytes, and joined ones some characters


class Spelling:
    """Text of tokens as they come. Only the last few are read again, because a token's text depends on those before."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []  # from the beginning of the last piece
        self._told = 0  # tokens of those whose text was given

    def add(self, token: int) -> str:
        """The text that is whole now; at times nothing."""
        self._tokens.append(token)
        before, now = self._text(self._tokens[: self._told]), self._text(self._tokens)
        if now.endswith(HALF) and len(self._tokens) - self._told < PATIENCE:
            return ""
        self._tokens = self._tokens[self._told :]
        self._told = len(self._tokens)
        return now[len(before) :]

    def end(self) -> str:
        """What was held back."""
        return self._text(self._tokens)[len(self._text(self._tokens[: self._told])) :]

    def _text(self, tokens: list[int]) -> str:
        if not tokens:
            return ""
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


class Writer:
    """What transformers calls a streamer: is given the prompt's tokens first, then each one that is written."""

    def __init__(self, tokenizer: Any, part: Part, check: Callable[[], None], thinks: bool) -> None:
        """`check` raises when it is to stop; `thinks`: the prompt ends within thoughts."""
        self.tokens: list[int] = []
        self._spelling = Spelling(tokenizer)
        self._part = part
        self._check = check
        self._prompted = False
        self._sieve = Sieve()
        if thinks:
            self._sieve.feed("<think>")

    @property
    def said(self) -> str:
        """The answer so far, without thoughts."""
        return self._sieve.said

    def put(self, value: Any) -> None:
        self._check()
        if not self._prompted:
            self._prompted = True
            return
        for token in value.reshape(-1).tolist():
            self.tokens.append(token)
            self._tell(self._sieve.feed(self._spelling.add(token)), 1)

    def end(self) -> None:
        self._tell(self._sieve.feed(self._spelling.end()), 0)
        self._tell(self._sieve.end(), 0)

    def _tell(self, sifted: Sifted, tokens: int) -> None:
        if sifted.retracted:
            self._part.restart()
        if sifted.thought:
            self._part.think(tokens)
        elif sifted.said or tokens:
            self._part.write(sifted.said, tokens)
            return
        if sifted.said:
            self._part.write(sifted.said, 0)
