"""Questions to the contract server, as nodes ask them: answers, shapes, lessons, tries, seeds."""

import asyncio
import json

import pytest

from lectern.prompts.errors import AnswerError, Busy, Failed, NotAuthorised, Refused, UnknownChat
from lectern.prompts.messages import Backend
from lectern.prompts.server import faults
from lectern.prompts.watching import Watch
from support.chat import Act
from support.chat.acts import too_many, unavailable
from support.chat.desk import IDEA, SCHEMA, Desk, question


@pytest.fixture
async def desk(monkeypatch):
    monkeypatch.setattr(faults, "_FIRST_PAUSE", 0.002)
    async with Desk() as desk:
        yield desk


async def test_an_answer(desk):
    server = await desk.add()
    reply = await desk.ask(temperature=0.5)
    assert reply.text == f"{IDEA}, at dawn" and reply.complete and reply.tokens == 9 and reply.notes == ()
    assert desk.watch.glimpse.text == reply.text
    assert len({glimpse.text for glimpse in desk.glimpses}) == 9  # it was told piece by piece
    assert server.finished == 1 and server.broken == 0


async def test_it_is_a_backend(desk):
    await desk.add(entry={"concurrency": 3, "document_chars": 5000, "model": "tiny"})
    backend: Backend = desk.backend()
    assert (backend.remote, backend.concurrency, backend.room) == (True, 3, 5000)


async def test_two_of_the_same_are_equal(desk):
    assert desk.backend(temperature=0.5) == desk.backend(temperature=0.5)
    assert hash(desk.backend(fields={"a": 1})) == hash(desk.backend(fields={"a": 1}))
    assert desk.backend() != desk.backend(seed=1)
    assert desk.backend() != desk.backend("other")


async def test_its_label_names_the_entry_and_the_model(desk):
    server = await desk.add(models=("tiny", "large"))
    assert desk.backend().label == "Chat model local"
    assert desk.backend(model="large").label == "Chat model local (large)"
    await desk.ask()
    assert desk.backend().label == "Chat model local (tiny)"
    assert server.url not in desk.backend().label


async def test_an_unknown_entry(desk):
    await desk.add("a")
    await desk.add("b")
    with pytest.raises(UnknownChat, match=r"has no chat model 'c'\. It has: a, b"):
        await desk.ask(name="c")


@pytest.mark.parametrize("framing", ["lf", "crlf", "cr", "tight", "torn", "comments", "multiline"])
async def test_however_the_stream_is_framed(desk, framing):
    await desk.add(framing=framing)
    assert (await desk.ask("a lighthouse in 灯台, 3 more")).text == "a lighthouse in 灯台 3 more, at dawn"


async def test_a_server_that_does_not_stream(desk):
    await desk.add(script=[Act("plain")], thoughts="hm")
    reply = await desk.ask()
    assert reply.text == f"{IDEA}, at dawn" and desk.watch.glimpse.text == reply.text


async def test_a_stream_that_is_left_open(desk, monkeypatch):
    monkeypatch.setattr("lectern.prompts.server.exchange._LATE_END", 0.05)
    server = await desk.add(script=[Act("open")])
    assert (await desk.ask()).text == f"{IDEA}, at dawn"
    await server.until(lambda server: server.broken)


async def test_a_stream_without_done(desk):
    await desk.add(kind="transformers")
    assert (await desk.ask()).text == f"{IDEA}, at dawn"


@pytest.mark.parametrize("thinking", ["reasoning_content", "reasoning", "tags", "template", "parts"])
async def test_thoughts_are_no_part_of_the_answer(desk, thinking):
    await desk.add(thoughts="Hm. The user wants red.", thinking=thinking)
    reply = await desk.ask()
    assert reply.text == f"{IDEA}, at dawn" and desk.watch.glimpse.text == reply.text
    assert any(glimpse.thinking for glimpse in desk.glimpses) or thinking == "template"


async def test_an_answer_that_was_cut_off(desk):
    await desk.add()
    reply = await desk.ask(max_tokens=3)
    assert (reply.text, reply.complete, reply.tokens) == ("a red lighthou", False, 3)


async def test_what_was_filtered_is_not_complete(desk):
    await desk.add(script=[Act("filtered", tokens=2)])
    reply = await desk.ask()
    assert (reply.text, reply.complete) == ("a red", False)


# Shapes


@pytest.mark.parametrize(
    ("schema", "json_object", "shapes"),
    [
        ("honoured", True, ["json_schema"]),
        ("refused", True, ["json_schema", "json_object"]),
        ("unnamed", True, ["json_schema", "json_object"]),
        ("refused", False, ["json_schema", "json_object", ""]),
        ("unnamed", False, ["json_schema", "json_object", ""]),
    ],
)
async def test_a_schema_as_far_as_the_server_takes_it(desk, schema, json_object, shapes):
    server = await desk.add(schema=schema, json_object=json_object)
    reply = await desk.ask("a JSON object", schema=SCHEMA)
    assert [(body.get("response_format") or {}).get("type", "") for body in server.chats] == shapes
    assert isinstance(json.loads(reply.text), dict) and reply.notes == ()
    await desk.ask("a JSON object", schema=SCHEMA, seed=1)
    assert len(server.chats) == len(shapes) + 1  # it was remembered


async def test_what_is_learnt_is_learnt_of_one_model(desk):
    server = await desk.add(schema="refused", models=("a", "b"))
    await desk.ask(schema=SCHEMA, model="a")
    await desk.ask(schema=SCHEMA, model="b")
    assert len(server.chats) == 4


async def test_what_was_learnt_is_forgotten_after_a_while(desk, monkeypatch):
    """It may have been a guess at a refusal that said nothing, and servers are updated."""
    server = await desk.add(script=[Act("status", 400, {"error": {"message": "Bad"}})])
    await desk.ask("a JSON object", schema=SCHEMA)
    monkeypatch.setattr("lectern.prompts.server.member.REMEMBERED", -1)
    await desk.ask("a JSON object", schema=SCHEMA)
    assert [body["response_format"]["type"] for body in server.chats] == ["json_schema", "json_object", "json_schema"]


async def test_a_refusal_that_is_not_about_the_shape_teaches_nothing(desk):
    refusal = Act("status", 400, {"error": {"message": "The context is too long"}})
    server = await desk.add(script=[refusal] * 3)
    with pytest.raises(Refused, match="refused the request: The context is too long"):
        await desk.ask(schema=SCHEMA)
    await desk.ask(schema=SCHEMA)
    assert server.chats[-1]["response_format"]["type"] == "json_schema"


# Fields


@pytest.mark.parametrize("words", ["openai", "fastapi", "plain"])
async def test_fields_that_are_refused_are_left_out_and_told(desk, words):
    server = await desk.add(refuses=("top_p", "min_p", "seed", "stream_options", "temperature"), words=words)
    asked = {"temperature": 0.5, "top_p": 0.5, "fields": {"min_p": 0.1, "top_k": 4}}
    for extra in (5, 0):
        before = len(server.chats)
        reply = await desk.ask(**asked)
        assert len(server.chats) == before + extra + 1
        told = {note.split()[5].rstrip(";") for note in reply.notes}
        assert told == {"temperature", "top_p", "min_p", "seed"}
        assert server.chats[-1].keys() == {"model", "messages", "stream", "top_k"}


@pytest.mark.parametrize("status", [400, 404, 422, 501])
async def test_whatever_the_status(desk, status):
    await desk.add(refuses=("top_k",), refused_status=status)
    reply = await desk.ask(fields={"top_k": 5})
    assert reply.notes == ("The server does not take top_k; it was left out.",)


async def test_unknown_fields_of_transformers(desk):
    server = await desk.add(kind="transformers")
    reply = await desk.ask(fields={"min_p": 0.1, "keep_alive": 0, "stop": ["x"]})
    assert len(reply.notes) == 2 and len(server.chats) == 2 and server.chats[-1]["stop"] == ["x"]


async def test_the_newer_name_of_max_tokens(desk):
    server = await desk.add(newer_names=True)
    for count in (2, 3):
        assert (await desk.ask(max_tokens=5)).notes == ()
        assert len(server.chats) == count and server.chats[-1]["max_completion_tokens"] == 5


async def test_a_server_that_refuses_to_stream(desk):
    server = await desk.add(refuses=("stream",))
    assert (await desk.ask()).text == f"{IDEA}, at dawn"
    assert not server.chats[-1].keys() & {"stream", "stream_options"}


async def test_a_prompt_that_is_repeated_teaches_nothing(desk):
    idea = "What would the temperature of a seed be in spring, and why?"
    refusal = Act("status", 400, {"error": {"message": f"Cannot answer: {idea}"}})
    server = await desk.add(script=[refusal])
    with pytest.raises(Refused) as caught:
        await desk.ask(idea, temperature=0.5)
    assert len(server.chats) == 1
    assert "spring" not in str(caught.value)


async def test_a_server_that_refuses_everything_is_not_asked_forever(desk):
    fields = {f"field_{number}": number for number in range(50)}
    server = await desk.add(refuses=tuple(fields))
    with pytest.raises(Refused, match="field_"):
        await desk.ask(fields=fields)
    assert len(server.chats) == 9


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("ollama", {"reasoning_effort": "none"}),
        ("vllm", {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}),
        ("llamacpp", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("openai", {"chat_template_kwargs": {"enable_thinking": False}}),
    ],
)
async def test_thinking_is_switched_as_the_server_understands_it(desk, kind, sent):
    server = await desk.add(kind=kind)
    await desk.ask(thinking="off")
    assert sent.items() <= server.chats[0].items()


async def test_thinking_that_is_refused_is_told(desk):
    await desk.add(kind="ollama", refuses=("reasoning_effort",))
    assert (await desk.ask(thinking="off")).notes == ("The server does not take reasoning_effort; it was left out.",)


async def test_a_refusal_in_the_middle_of_a_stream(desk):
    refusal = Act("error", body={"error": {"message": "top_k is not known", "code": 400}}, tokens=3)
    server = await desk.add(script=[refusal])
    reply = await desk.ask(fields={"top_k": 5})
    assert reply.text == desk.watch.glimpse.text == f"{IDEA}, at dawn"
    assert len(server.chats) == 2 and "top_k" not in server.chats[-1] and len(reply.notes) == 1


# Seeds


async def test_seeds_make_the_answer(desk):
    await desk.add()
    first, second, other = [await desk.ask(seed=seed) for seed in (2**40, 2**40, 2**40 + 1)]
    assert first.text == second.text != other.text


# Tries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
async def test_a_server_that_is_busy_is_asked_again(desk, status):
    server = await desk.add(script=[unavailable(status)] * 2)
    assert (await desk.ask()).text == f"{IDEA}, at dawn"
    assert len(server.chats) == 3


@pytest.mark.parametrize("status", [400, 402, 404, 409, 413])
async def test_a_refusal_is_final(desk, status):
    server = await desk.add(script=[unavailable(status)])
    with pytest.raises(Refused):
        await desk.ask()
    assert len(server.chats) == 1


@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_no_more_tries_than_allowed(desk, attempts):
    server = await desk.add(script=[unavailable()] * 9, entry={"attempts": attempts})
    with pytest.raises(Failed, match="failed: The server is overloaded"):
        await desk.ask()
    assert len(server.chats) == attempts


@pytest.mark.parametrize("act", ["cut", "unfinished"])
async def test_an_answer_that_breaks_off_is_asked_for_again(desk, act):
    server = await desk.add(script=[Act(act, tokens=4)])
    reply = await desk.ask()
    assert reply.text == f"{IDEA}, at dawn" and len(server.chats) == 2
    assert desk.watch.glimpse.text == reply.text  # and not half of it twice


async def test_the_server_says_when_to_come_again(desk):
    await desk.add(script=[too_many("0.3")])
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await desk.ask()
    assert loop.time() - begun >= 0.3


async def test_a_wait_of_an_hour_is_not_waited_for(desk):
    server = await desk.add(script=[too_many("3600")])
    with pytest.raises(Busy, match="asks to wait 3600 seconds; try again then"):
        await desk.ask()
    assert len(server.chats) == 1


async def test_an_error_inside_the_stream(desk):
    broken = Act("error", body={"error": {"message": "CUDA out of memory", "code": 500}}, tokens=3)
    server = await desk.add(script=[broken])
    assert (await desk.ask()).text == f"{IDEA}, at dawn"
    server.script = [broken] * 3
    with pytest.raises(Failed, match="CUDA out of memory"):
        await desk.ask()
    server.script = [Act("error", body={"error": "Prompt too long", "code": 400})]
    with pytest.raises(Refused, match="Prompt too long"):
        await desk.ask()
    server.script = [Act("error", body={"error": "out of memory"})] * 3  # as `transformers serve` says it
    with pytest.raises(Failed, match="out of memory"):
        await desk.ask()


# Models


async def test_the_model_of_the_node_then_of_the_entry_then_the_first_listed(desk):
    server = await desk.add(models=("a", "b", "c"))
    await desk.ask()
    desk.change(model="b")
    await desk.ask()
    await desk.ask(model="c")
    assert [body["model"] for body in server.chats] == ["a", "b", "c"]


async def test_the_list_is_asked_for_once_a_minute(desk, monkeypatch):
    server = await desk.add()
    for _ in range(3):
        await desk.ask()
    assert server.paths().count("/v1/models") == 1
    monkeypatch.setattr("lectern.prompts.server.member.FRESH", -1)
    await desk.ask()
    assert server.paths().count("/v1/models") == 2


@pytest.mark.parametrize("listing", ["empty", "null", "failing"])
async def test_a_server_that_lists_no_models(desk, listing):
    server = await desk.add(listing=listing)
    with pytest.raises(AnswerError, match=r"Set model in \[chat.local\] of lectern.toml"):
        await desk.ask()
    desk.change(model="tiny")
    assert (await desk.ask()).text
    assert len(server.chats) == 1


async def test_a_list_that_wants_a_key(desk):
    await desk.add(key="sk-secret-of-theirs")
    with pytest.raises(NotAuthorised):
        await desk.ask()


# Many


async def test_no_more_at_once_than_the_entry_allows(desk):
    server = await desk.add(entry={"concurrency": 3}, seconds_per_token=0.002, limit=3)
    replies = await asyncio.gather(*(desk.ask(seed=seed) for seed in range(12)))
    assert server.highest == 3 and server.finished == 12 and len(replies) == 12


async def test_questions_share_their_connections(desk):
    server = await desk.add(entry={"model": "tiny"})
    for _ in range(10):
        await desk.ask()
    assert len({seen.port for seen in server.requests}) == 1
    await asyncio.gather(*(desk.ask() for _ in range(20)))
    assert len({seen.port for seen in server.requests}) <= 4


async def test_a_cancelled_question_frees_the_server(desk):
    server = await desk.add(seconds_per_token=0.05, entry={"concurrency": 1})
    asking = asyncio.create_task(desk.ask())
    await server.until(lambda server: server.active)
    waiting = asyncio.create_task(desk.ask())  # for its turn
    await asyncio.sleep(0.1)
    asking.cancel()
    await server.until(lambda server: server.broken == 1, timeout=2)
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await waiting).text
    assert server.highest == 1 and server.active == 0


@pytest.mark.parametrize("act", [Act("hang"), Act("slow", seconds=60), Act("stall"), unavailable()])
async def test_whenever_it_is_cancelled(desk, act):
    server = await desk.add(script=[act], entry={"model": "tiny"})
    if act.kind == "status":
        server.script *= 9
        desk.change(attempts=9)
    asking = asyncio.create_task(desk.ask())
    await server.until(lambda server: server.chats)
    await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    if act.kind != "status":
        await server.until(lambda server: server.broken == 1, timeout=2)
    left = [task for task in asyncio.all_tasks() if "prompts" in str(task.get_coro())]
    assert [task for task in left if task is not asyncio.current_task()] == []
    assert desk.hub.member("local").unused.is_set()


async def test_nothing_is_told_to_a_watch_of_another_question(desk):
    await desk.add()
    other = Watch()
    await desk.backend().ask(question(), other.part())
    assert desk.glimpses == [] and other.glimpse.text
