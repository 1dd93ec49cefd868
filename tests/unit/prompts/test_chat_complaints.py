"""What refusals say, what is learnt of them, and what a person may see of them."""

import json
from datetime import UTC, datetime

import pytest

from lectern.prompts.errors import Busy, Failed, NotAuthorised, Redirected, Refused
from lectern.prompts.server.complaint import Complaint, Discretion, complaint
from lectern.prompts.server.faults import Rejection, fault, pause, retry_after
from lectern.prompts.server.manners import Manners, lesson

OPENAI = {"error": {"message": "Unsupported value", "type": "x", "param": "temperature", "code": "unsupported_value"}}
FASTAPI = {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs", "input": "secret"}]}
OPENROUTER = {"error": {"message": "Provider error", "code": 400, "metadata": {"raw": "no response_format here"}}}

SHAPES = {
    "OpenAI": (OPENAI, Complaint("Unsupported value", ("temperature",))),
    "FastAPI": (FASTAPI, Complaint("top_k: Extra inputs", ("top_k",))),
    "transformers": ({"detail": "Unexpected fields: {'top_k'}"}, Complaint("Unexpected fields: {'top_k'}")),
    "vLLM": ({"object": "error", "message": "Bad", "code": 400}, Complaint("Bad", code=400)),
    "LM Studio": ({"error": "No models loaded"}, Complaint("No models loaded")),
    "OpenRouter": (OPENROUTER, Complaint("Provider error", code=400, further="no response_format here")),
    "Gemini": ([{"error": {"code": 429, "message": "Quota"}}], Complaint("Quota", code=429)),
    "code as text": ({"error": {"message": "Slow down", "code": "529"}}, Complaint("Slow down", code=529)),
    "lines": ({"error": {"message": "a\n\tb\x00c"}}, Complaint("a b c")),
    "bare text": ("Nope", Complaint("Nope")),
    "nothing": ({"error": {"message": None}}, Complaint()),
    "a number": (5, Complaint()),
    "an odd list": ({"detail": [7, {"loc": None, "msg": "x"}]}, Complaint("x")),
}


@pytest.mark.parametrize(("body", "said"), SHAPES.values(), ids=SHAPES.keys())
def test_every_server_s_way_to_complain(body, said):
    assert complaint(json.dumps(body).encode()) == said


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"{", b"\xff", b"[" * 100_000])
def test_no_json_says_nothing(body):
    assert complaint(body) == Complaint()


# Lessons

SENT = {
    "model": "m", "messages": [], "stream": True, "temperature": 0.5, "max_tokens": 9, "seed": 3, "top_k": 40,
    "response_format": {"type": "json_schema"},
}  # fmt: skip


def learnt(said: Complaint, status: int = 400, sent=None):
    found = lesson(Manners(), sent or SENT, status, said, {"top_k"})
    return found.manners if found else None


NAMED = {
    "apart": (Complaint("Unsupported value", ("temperature",)), Manners(frozenset({("temperature", "")}))),
    "in words": (Complaint("'top_k' is not known"), Manners(frozenset({("top_k", "")}))),
    "behind": (Complaint("Provider error", further="seed is unknown"), Manners(frozenset({("seed", "")}))),
    "several": (Complaint("seed, top_k"), Manners(frozenset({("seed", ""), ("top_k", "")}))),
    "its value": (Complaint("temperature is too high"), Manners(frozenset({("temperature", "0.5")}))),
    "a seed's value": (Complaint("seed is too large"), Manners(frozenset({("seed", "")}))),
    "renamed": (Complaint("Unsupported parameter: 'max_tokens'", ("max_tokens",)), Manners(newer_name=True)),
    "too many": (Complaint("max_tokens is too large"), Manners(frozenset({("max_tokens", "9")}))),
    "shape": (Complaint("'response_format' is unknown"), Manners(shape=1)),
    "shape apart": (Complaint("Bad", ("response_format.type",)), Manners(shape=1)),
    "shape, by its schema": (Complaint("json_schema is not supported"), Manners(shape=1)),
    "shape, by its grammar": (Complaint("Failed to parse grammar"), Manners(shape=1)),
    "part of a word": (Complaint("seeds and temperatures"), Manners(shape=1)),  # names none: a guess
}


@pytest.mark.parametrize(("said", "manners"), NAMED.values(), ids=NAMED.keys())
def test_a_refusal_teaches_what_it_names(said, manners):
    assert learnt(said) == manners


@pytest.mark.parametrize(("status", "teaches"), [(400, True), (422, True), (404, False), (501, False), (500, False)])
def test_an_unnamed_refusal_lets_us_guess_at_the_shape(status, teaches):
    found = lesson(Manners(), SENT, status, Complaint("Bad request"), set())
    assert (found is not None) == teaches
    assert found is None or (found.guessed and found.manners == Manners(shape=1))


@pytest.mark.parametrize(("status", "teaches"), [(404, True), (501, True), (401, False), (500, False), (429, False)])
def test_other_statuses_teach_by_name_alone(status, teaches):
    assert (learnt(Complaint("no temperature"), status) is not None) == teaches


def test_shapes_are_given_up_one_by_one_and_then_no_more():
    steps = [
        lesson(Manners(), {"response_format": {"type": kind}}, 400, Complaint(), set()) for kind in ("json_object",)
    ]
    assert [step.manners.shape for step in steps] == [2]
    assert lesson(Manners(shape=2), {"model": "m"}, 400, Complaint("response_format"), set()) is None


def test_fields_that_were_not_sent_teach_nothing():
    assert lesson(Manners(), {"model": "m"}, 400, Complaint("no temperature"), set()) is None


def test_what_two_learnt_is_put_together():
    one, two = Manners(frozenset({("seed", "")}), 1), Manners(frozenset({("top_p", "")}), 0, True)
    assert one | two == Manners(frozenset({("seed", ""), ("top_p", "")}), 1, True)


# What is shown

PROMPT = 'A slide about the "secret" merger of Alpha and Beta in May'
KEY = "sk-abcdefghijklmnop"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("The model is not found.", "The model is not found"),
        (f"Got {PROMPT}", ""),
        (f"Got {PROMPT[10:36]} and", ""),
        (f"Got {json.dumps(PROMPT)}", ""),
        ("Got A slide about the thing", "Got A slide about the thing"),
        (f"Key {KEY} is wrong", "Key *** is wrong"),
        ("Key sk-abcdefgh... is wrong", ""),
        ("cannot read data:image/jpeg;base64,/9j/4AAQ", ""),
        ("x" * 300, "x" * 197),
        ("", ""),
    ],
)
def test_words_that_repeat_what_was_sent_are_left_out(words, shown):
    assert Discretion(KEY, (PROMPT,)).shown(words) == shown


def test_short_prompts_are_not_repeated_either():
    assert Discretion("", ("red fox",)).shown("no idea what a red fox is") == ""
    assert Discretion("", ("fox",)).shown("no idea what a fox is") == "no idea what a fox is"


@pytest.mark.parametrize(
    "words",
    [
        "not allowed: red fox",
        "not allowed: 'RED  FOX'",
        json.dumps({"content": json.dumps("red\nfox")}),
        "not allowed: 'Jane Doe'",  # a term of the system's text
        "Key " + "".join(f"\\u{ord(letter):04x}" for letter in KEY),
        f"Key {KEY.upper()[:12]}...",
    ],
)
def test_however_it_is_spelt_and_whatever_stands_around_it(words):
    texts = ("You write prompts. The prompt must contain: Jane Doe.", "red fox\n\nAnswer with one JSON object alone.")
    assert Discretion(KEY, texts).shown(words) == ""


def test_words_that_only_name_fields_are_shown():
    assert Discretion(KEY, (PROMPT,)).shown("'top_k' is not known.") == "'top_k' is not known"


# Faults

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30),
        ("Fri, 02 Jan 2026 03:04:35", 30),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("inf", 0),
        ("", 0),
    ],
)
def test_how_long_a_server_asks_to_wait(value, seconds):
    assert retry_after(value, NOW) == seconds


def test_pauses_grow_to_an_end_and_differ():
    assert all(0.25 <= pause(1, 0) <= 0.5 and 1 <= pause(3, 0) <= 2 and pause(30, 0) <= 16 for _ in range(50))
    assert len({pause(3, 0) for _ in range(20)}) > 1
    assert pause(1, 5) == 5


@pytest.mark.parametrize(
    ("status", "said", "cause", "words"),
    [
        (401, f"Incorrect key {KEY}", NotAuthorised, "wants an API key, or another one (HTTP 401). Set key_env"),
        (403, "", NotAuthorised, "(HTTP 403)"),
        (302, "", Redirected, "points to another address"),
        (429, "Slow down.", Busy, "is asked too often: Slow down. Wait a minute"),
        (500, "CUDA out of memory", Failed, "failed: CUDA out of memory. Look at its console"),
        (529, "", Failed, "failed (HTTP 529)."),
        (404, "model 'x' not found", Refused, "refused the request: model 'x' not found. Correct what it names"),
        (404, "", Refused, "is not found at its address (HTTP 404). Correct the url"),
        (413, "", Refused, "takes no request of this size"),
        (400, "context length", Refused, "refused the request: context length."),
    ],
)
def test_every_status_has_its_cause(status, said, cause, words):
    error = fault(
        "Chat model a", "[chat.a] of lectern.toml", Rejection(status, {}, Complaint(said)), Discretion(KEY, ())
    )
    assert type(error) is cause
    assert words in str(error) and str(error).startswith("Chat model a ") and KEY not in str(error)


def test_a_long_wait_is_named():
    rejection = Rejection(429, {"Retry-After": "3600"}, Complaint("Quota"))
    error = fault("Chat model a", "x", rejection, Discretion("", ()))
    assert str(error) == "Chat model a is asked too often: Quota. It asks to wait 3600 seconds; try again then."
