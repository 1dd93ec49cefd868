"""Chat completions read, whole and piece by piece."""

import pytest

from lectern.prompts.errors import AnswerError
from lectern.prompts.server.reading import Answer, Piece, Usage, read_piece
from lectern.prompts.watching import Watch


def chunk(delta, finish=None, **more):
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def parts(*kinds):
    made = {"text": {"type": "text", "text": "red"}, "odd": 7}
    made["thinking"] = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    return [made[kind] for kind in kinds]


PIECES = {
    "content": (chunk({"content": "red"}), Piece("red")),
    "role alone": (chunk({"role": "assistant"}), Piece()),
    "null": (chunk({"content": None}), Piece()),
    "null delta": (chunk(None, "stop"), Piece(finish="stop")),
    "reasoning_content": (chunk({"reasoning_content": "hm", "content": ""}), Piece(thought="hm")),
    "reasoning": (chunk({"reasoning": "hm"}), Piece(thought="hm")),
    "both names of one": (chunk({"reasoning": "hm", "reasoning_content": "hm"}), Piece(thought="hm")),
    "parts": (chunk({"content": parts("thinking", "text", "odd")}), Piece("red", "hm")),
    "refusal": (chunk({"refusal": "no"}), Piece(refusal="no")),
    "tool": (chunk({"tool_calls": [{}]}), Piece(calls=True)),
    "old tool": (chunk({"function_call": {"name": "x"}}), Piece(calls=True)),
    "usage": (
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}},
        Piece(usage=Usage(5, 7)),
    ),
    "odd usage": ({"choices": [], "usage": {"prompt_tokens": "5", "completion_tokens": True}}, Piece(usage=Usage())),
    "whole": (
        {"object": "chat.completion", "choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]},
        Piece("red", finish="stop"),
    ),
}


@pytest.mark.parametrize(("content", "piece"), PIECES.values(), ids=PIECES.keys())
def test_pieces_of_every_make(content, piece):
    assert read_piece(content) == piece


@pytest.mark.parametrize("choices", [{}, {"choices": None}, {"choices": []}])
def test_the_last_piece_may_only_count(choices):
    found = read_piece({**choices, "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    assert found is not None and found.usage == (3, 4) and not found.said


@pytest.mark.parametrize("content", [None, [], "x", {}, {"choices": None}, {"choices": ["x"]}, chunk("x")])
def test_what_is_no_piece(content):
    assert read_piece(content) is None


def read(*pieces: Piece):
    watch = Watch()
    answer = Answer(watch.part())
    for piece in pieces:
        answer.take(piece)
    return answer, watch


def test_an_answer_is_told_as_it_comes():
    answer, watch = read(Piece(), Piece("a "), Piece("red"), Piece(" fox", finish="stop"))
    assert watch.glimpse.text == "a red fox" and watch.glimpse.tokens == 3
    reply = answer.reply("Chat model a", ("note",))
    assert (reply.text, reply.complete, reply.tokens, reply.notes) == ("a red fox", True, 3, ("note",))


def test_the_server_s_own_count_wins():
    answer, _ = read(Piece("a red fox", finish="stop"), Piece(usage=Usage(5, 9)))
    assert answer.reply("a", ()).tokens == 9


def test_thoughts_are_shown_as_thinking_and_not_in_the_answer():
    answer, watch = read(Piece(thought="hm"), Piece("<think>hm, "))
    assert watch.glimpse.thinking and watch.glimpse.tokens == 2
    answer.take(Piece("red</think>fox"))
    assert (watch.glimpse.text, watch.glimpse.thinking) == ("fox", False)
    assert answer.reply("a", ()).text == "fox"


def test_words_that_were_thoughts_are_taken_back():
    answer, watch = read(Piece("Let me see. "))
    assert watch.glimpse.text == "Let me see. "
    answer.take(Piece("</think>\n\nfox"))
    assert watch.glimpse.text == "fox"
    assert answer.reply("a", ()).text == "fox"


def test_an_answer_cut_at_its_length_is_not_complete():
    answer, _ = read(Piece("a red", finish="length"))
    assert not answer.reply("a", ()).complete


def test_the_last_letters_are_shown_although_they_look_like_a_tag():
    answer, watch = read(Piece("3 <"))
    assert answer.reply("a", ()).text == "3 <" and watch.glimpse.text == "3 <"


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (Piece(finish="stop"), "gave an empty answer"),
        (Piece("  \n", finish="stop"), "gave an empty answer"),
        (Piece(thought="hm", finish="length"), "only thought"),
        (Piece("<think>hm", finish="length"), "only thought"),
        (Piece("hm</think>", finish="stop"), "only thought"),
        (Piece(calls=True), "wanted to call a tool"),
        (Piece(finish="tool_calls"), "wanted to call a tool"),
        (Piece(refusal="I cannot"), "declined to answer"),
        (Piece(finish="content_filter"), "content filter"),
    ],
)
def test_an_empty_answer_says_why(piece, said):
    answer, _ = read(piece)
    with pytest.raises(AnswerError, match=said):
        answer.reply("Chat model a", ())
