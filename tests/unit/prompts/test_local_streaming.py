"""Tokens become text piece by piece: whole characters, no thoughts, one count for each token."""

from typing import Any

import pytest

from lectern.prompts.local.streaming import PATIENCE, Spelling, Writer
from lectern.prompts.watching import Watch


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def __init__(self) -> None:
        self.read = 0

    def decode(self, tokens: list[int], **_: Any) -> str:
        self.read += len(tokens)
        return bytes(tokens).decode("utf-8", "replace")


class Words:
    """As of SentencePiece: each word brings the space before it, which the first of a text loses."""

    WORDS = ("▁a", "▁red", "dish", "▁door")

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(self.WORDS[one] for one in tokens).replace("▁", " ").removeprefix(" ")


class Values(list):
    """What transformers gives a streamer: a tensor, as far as it is looked at."""

    def reshape(self, _: int) -> "Values":
        return self

    def tolist(self) -> list[int]:
        return list(self)


TEXT = "A door — 红色的门 👩‍👩‍👧 é, ok"


def pieces(text: str) -> tuple[list[str], str, Spelling]:
    spelling = Spelling(Bytes())
    return [spelling.add(one) for one in text.encode()], spelling.end(), spelling


def test_no_piece_is_half_a_character():
    told, rest, _ = pieces(TEXT)
    assert "".join(told) == TEXT and rest == ""
    assert not any("\ufffd" in one for one in told)


def test_a_character_comes_with_its_last_byte():
    told, _, _ = pieces("a红b")
    assert told == ["a", "", "", "红", "b"]


def test_what_never_becomes_a_character_is_told_at_last():
    spelling = Spelling(Bytes())
    told = "".join(spelling.add(0xFF) for _ in range(3 * PATIENCE)) + spelling.end()
    assert told == "\ufffd" * 3 * PATIENCE


def test_half_a_character_at_the_end_is_not_lost():
    told, rest, _ = pieces("ab")
    spelling = Spelling(Bytes())
    assert [spelling.add(one) for one in "红".encode()[:2]] == ["", ""] and spelling.end() == "\ufffd"
    assert (told, rest) == (["a", "b"], "")


def test_spaces_between_words_are_kept():
    spelling = Spelling(Words())
    assert [spelling.add(one) for one in (0, 1, 2, 3)] == ["a", " red", "dish", " door"]


def test_a_long_answer_is_not_read_again_from_its_beginning():
    tokenizer = Bytes()
    spelling = Spelling(tokenizer)
    for _ in range(1000):
        spelling.add(97)
    assert tokenizer.read < 10 * 1000


class TestWriter:
    @staticmethod
    def written(text: str, thinks: bool = False) -> tuple[Writer, Watch, list[tuple[str, int, bool]]]:
        watch, seen = Watch(), []
        watch.listen(lambda: seen.append((watch.glimpse.text, watch.glimpse.tokens, watch.glimpse.thinking)))
        writer = Writer(Bytes(), watch.part(), lambda: None, thinks)
        writer.put(Values(b"the prompt"))
        for one in text.encode():
            writer.put(Values([one]))
        writer.end()
        return writer, watch, seen

    def test_each_token_counts_once_and_the_prompts_do_not(self):
        writer, watch, seen = self.written(TEXT)
        assert writer.said == watch.glimpse.text == TEXT
        assert watch.glimpse.tokens == len(writer.tokens) == len(TEXT.encode())
        assert [tokens for _, tokens, _ in seen][:5] == [1, 2, 3, 4, 5]

    def test_thoughts_are_counted_and_not_shown(self):
        text = "<think>Let me see.</think>\n\nA door."
        writer, watch, seen = self.written(text)
        assert writer.said == watch.glimpse.text == "A door."
        assert watch.glimpse.tokens == len(text)
        assert any(thinking for _, _, thinking in seen) and not any("see" in shown for shown, _, _ in seen)

    def test_thoughts_that_the_template_opened_are_not_shown_either(self):
        writer, _, seen = self.written("Let me see.</think>A door.", thinks=True)
        assert writer.said == "A door." and not any("see" in shown for shown, _, _ in seen)

    def test_thoughts_that_only_end_are_taken_back(self):
        writer, watch, _ = self.written("Let me see.</think>A door.")
        assert writer.said == watch.glimpse.text == "A door."

    def test_thoughts_that_never_end_are_no_answer(self):
        writer, watch, _ = self.written("<think>Let me see")
        assert writer.said == "" and watch.glimpse.text == ""

    @pytest.mark.parametrize("last", [0, 1, 5])
    def test_a_stop_comes_before_the_next_token_is_told(self, last):
        class Stopped(BaseException):
            pass

        def check() -> None:
            if len(writer.tokens) == last:
                raise Stopped

        writer = Writer(Bytes(), Watch().part(), check, False)
        with pytest.raises(Stopped):
            writer.put(Values([]))
            for _ in range(10):
                writer.put(Values([97]))
        assert len(writer.tokens) == last
