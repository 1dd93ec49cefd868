"""What is sent: a question in OpenAI's words."""

import base64

import pytest

from lectern.prompts.errors import FieldsError
from lectern.prompts.messages import Message, Question
from lectern.prompts.server.body import is_strict, request_body, without_pictures
from lectern.prompts.server.kinds import thinking_fields
from lectern.prompts.server.manners import Manners
from lectern.prompts.server.sampling import OWNED, Sampling, checked_fields, folded
from support.chat.desk import SCHEMA, question

PLAIN = Manners()


def content(sampling=None, asked=None, thinking=None, manners=PLAIN):
    return request_body("tiny", asked or question(), sampling or Sampling(), thinking or {}, manners).content


def test_the_least_that_is_sent():
    assert content() == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "You write prompts."},
            {"role": "user", "content": "a red lighthouse on a cliff"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "seed": 0,
    }


def test_what_is_set_is_sent():
    sent = content(Sampling(temperature=0.0, top_p=0.9, max_tokens=100, fields={"top_k": 40}))
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"], sent["top_k"]) == (0.0, 0.9, 100, 40)


def test_a_question_s_own_limit_wins():
    assert content(Sampling(max_tokens=100), question(max_tokens=7))["max_tokens"] == 7


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_person_s_own_fields_win(name):
    sent = content(Sampling(max_tokens=100, temperature=0.5, fields={name: 5, "temperature": 1}))
    assert sent[name] == 5 and sent["temperature"] == 1
    assert len(sent.keys() & {"max_tokens", "max_completion_tokens"}) == 1


def test_pictures_go_before_the_text_as_data():
    asked = Question((Message("user", "What is this?", (b"one", b"two")),), 0)
    parts = content(asked=asked)["messages"][0]["content"]
    urls = [part["image_url"]["url"] for part in parts[:2]]
    assert urls == [f"data:image/jpeg;base64,{base64.b64encode(one).decode()}" for one in (b"one", b"two")]
    assert parts[2] == {"type": "text", "text": "What is this?"}


@pytest.mark.parametrize("newer", [True, False])
def test_the_same_without_pictures_is_one_token_long(newer):
    manners = Manners(newer_name=newer)
    asked = Question((Message("system", "Look."), Message("user", "What is this?", (b"one",))), 0, max_tokens=90)
    bare = without_pictures(content(asked=asked, manners=manners), manners)
    assert bare["messages"][1]["content"] == [{"type": "text", "text": "What is this?"}]
    assert bare["max_completion_tokens" if newer else "max_tokens"] == 1
    assert len(bare.keys() & {"max_tokens", "max_completion_tokens"}) == 1


def test_a_schema_is_asked_for_as_strictly_as_the_server_takes_it():
    asked = question(schema=SCHEMA)
    held = content(asked=asked)["response_format"]
    assert held == {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    assert content(asked=asked, manners=Manners(shape=1))["response_format"] == {"type": "json_object"}
    assert "response_format" not in content(asked=asked, manners=Manners(shape=2))


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = OPEN | {"additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, True),
        (OPEN, False),
        (CLOSED, True),
        (CLOSED | {"required": []}, False),
        ({"type": "object"}, False),
        ({"type": "array", "items": CLOSED}, True),
        ({"type": "array", "items": OPEN}, False),
        ({**CLOSED, "properties": {"a": OPEN}}, False),
        ({"anyOf": [CLOSED, {"type": "null"}]}, True),
        ({"anyOf": [CLOSED, OPEN]}, False),
        ({"$ref": "#/$defs/x", "$defs": {"x": OPEN}}, False),
        ({"type": "string", "enum": [{"properties": 1}]}, True),
    ],
)
def test_strict_only_where_the_schema_allows_it(schema, strict):
    assert is_strict(schema) is strict


def test_what_a_server_does_not_take_is_left_out_and_told():
    manners = Manners(frozenset({("temperature", ""), ("top_k", "40"), ("stream_options", "")}))
    body = request_body("tiny", question(), Sampling(temperature=0.5, fields={"top_k": 40, "min_p": 1}), {}, manners)
    assert body.content.keys() == {"model", "messages", "stream", "seed", "min_p"}
    assert body.notes == tuple(
        f"The server does not take {name}; it was left out." for name in ("temperature", "top_k")
    )


def test_a_refused_value_does_not_forbid_another():
    manners = Manners(frozenset({("temperature", "2.0")}))
    assert "temperature" not in content(Sampling(temperature=2.0), manners=manners)
    assert content(Sampling(temperature=1.0), manners=manners)["temperature"] == 1.0


def test_a_server_that_does_not_stream_is_not_sent_the_options_of_streaming():
    assert not content(manners=Manners(frozenset({("stream", "")}))).keys() & {"stream", "stream_options"}


@pytest.mark.parametrize(
    ("kind", "host", "on", "off"),
    [
        ("openai", "api.openai.com", {"reasoning_effort": "medium"}, {"reasoning_effort": "none"}),
        ("openai", "openrouter.ai", {"reasoning": {"enabled": True}}, {"reasoning": {"enabled": False}}),
        ("openai", "api.deepseek.com", {"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}),
        ("ollama", "localhost", {"reasoning_effort": "medium"}, {"reasoning_effort": "none"}),
        ("llamacpp", "x", *({"chat_template_kwargs": {"enable_thinking": one}} for one in (True, False))),
        ("transformers", "x", *({"chat_template_kwargs": {"enable_thinking": one}} for one in (True, False))),
        ("vllm", "x", *({"chat_template_kwargs": {"enable_thinking": one, "thinking": one}} for one in (True, False))),
    ],
)
def test_thinking_in_every_server_s_own_words(kind, host, on, off):
    assert thinking_fields(kind, host, "on") == on
    assert thinking_fields(kind, host, "off") == off
    assert thinking_fields(kind, host, "server's choice") == {}


def test_a_person_s_template_settings_join_ours():
    fields = {"chat_template_kwargs": {"style": "short"}}
    sent = content(Sampling(fields=fields), thinking={"chat_template_kwargs": {"enable_thinking": False}})
    assert sent["chat_template_kwargs"] == {"enable_thinking": False, "style": "short"}


@pytest.mark.parametrize("name", sorted(OWNED))
def test_fields_of_our_own_are_refused(name):
    with pytest.raises(FieldsError, match=rf"hold {name}, which Lectern sets itself\. Take out it"):
        checked_fields({"top_k": 1, name: 1})


def test_other_fields_are_taken():
    assert checked_fields({"top_k": 40, "min_p": 0.1}) == {"top_k": 40, "min_p": 0.1}
    with pytest.raises(FieldsError, match="model, n, which"):
        checked_fields({"model": "x", "n": 2})


def test_seeds_are_added_and_folded():
    assert content(Sampling(seed=5), question(seed=7))["seed"] == 12
    assert [folded(seed) for seed in (0, 1, 2**31 - 1)] == [0, 1, 2**31 - 1]
    large = [folded(2**31 + step) for step in range(1000)] + [folded(2**64 - 1), folded(2**65)]
    assert all(0 <= seed < 2**31 for seed in large) and len(set(large)) == len(large)
    assert folded(2**63) == folded(2**63)


def test_equal_sampling_is_equal():
    one, two = (Sampling(temperature=0.5, fields={"top_k": 40}) for _ in range(2))
    assert one == two and hash(one) == hash(two)
    assert one != Sampling(temperature=0.5, fields={"top_k": 41})
