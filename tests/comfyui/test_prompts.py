"""The Prompts nodes inside a real ComfyUI: by rules, with the double of a chat server, with a model of its own."""

import asyncio
import io
import json
import re
import shutil
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pptx
import pytest
import torch
from PIL import Image

from support.chat import Act, ChatThread
from support.client import Comfy, node, workflow
from support.tiny_llm import seeing, writing
from tools.server import ComfyServer

KEY = "sk-very-secret-0123456789"
_numbers = iter(range(10**6))


@pytest.fixture
def private(server: ComfyServer) -> Iterator[Any]:
    """Lectern's own folder, left as it was found."""
    folder = server.base / "user" / "__lectern"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    for name in ("lectern.toml", "styles.csv", "wildcards/animal.txt"):
        (folder / name).unlink(missing_ok=True)


@pytest.fixture
def chat(private: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatThread]:
    """A double that lectern.toml calls `local`; it wants a key."""
    with ChatThread(kind="ollama", key=KEY) as chat:
        (private / "key").write_text(KEY)
        entry = f'url = "{chat.url}"\nmodel = "tiny"\nkey_file = "{private / "key"}"\nattempts = 1'
        off = 'url = "http://127.0.0.1:9/v1"\nmodel = "tiny"'
        (private / "lectern.toml").write_text(f"[chat.local]\n{entry}\n[chat.off]\n{off}\n")
        yield chat
        (private / "key").unlink()


def model(chat: str = "local", **inputs: Any) -> dict[str, Any]:
    return node("LecternChatModel", **{"chat": chat, "model": "entry's choice", **inputs})


def expand(**inputs: Any) -> dict[str, Any]:
    """Every one is another: ComfyUI would give again what it knows."""
    text = f"a lighthouse number {next(_numbers)}"
    return node("LecternPromptExpand", **{"text": text, "family": "SDXL", "use": "any", "seed": 7, **inputs})


def shown(*outputs: int, source: str = "2") -> dict[str, Any]:
    return {f"show{place}": node("PreviewAny", source=[source, place]) for place in outputs}


def texts(outputs: dict[str, Any], *places: int) -> list[str]:
    return [outputs[f"show{place}"]["text"][0] for place in places]


class TestByRules:
    def test_an_idea_becomes_a_prompt_and_it_is_said_who_wrote(self, comfy: Comfy):
        inputs = {"text": "a red barn", "use": "cover picture", "must_have": "tin roof", "must_not": "snow"}
        outputs = comfy.outputs({"2": expand(**inputs), **shown(0, 1, 2, 3, 4)})
        positive, negative, title, alt_text, info = texts(outputs, 0, 1, 2, 3, 4)
        assert "a red barn" in positive and "tin roof" in positive and "snow" in negative
        assert title and "barn" in alt_text and info.startswith("Written by rules")
        assert outputs["2"]["lectern_text"] == [positive] and outputs["2"]["lectern_notes"][0].startswith("Written by")

    def test_styles_and_wildcards_of_lecterns_folder(self, comfy: Comfy, private: Any):
        (private / "wildcards").mkdir(exist_ok=True)
        (private / "wildcards" / "animal.txt").write_text("otter\n")
        (private / "styles.csv").write_text('name,prompt,negative_prompt\nInk,"ink drawing of {prompt}",colour\n')
        graph = {"2": expand(text="an __animal__", style="Ink"), **shown(0, 1)}
        positive, negative = texts(comfy.outputs(graph), 0, 1)
        assert positive.startswith("ink drawing of") and "an otter" in positive and "colour" in negative
        (private / "wildcards" / "animal.txt").write_text("lynx\n")  # the same graph again: a file has changed
        assert "a lynx" in texts(comfy.outputs(graph), 0)[0].replace("an lynx", "a lynx")

    @pytest.mark.parametrize(
        ("inputs", "told"),
        [
            ({"style": "Gone"}, "There is no style 'Gone'"),
            ({"must_have": "fog", "must_not": "fog"}, "exclude each other"),
        ],
    )
    def test_a_mistake_is_said_before_anything_runs(self, comfy: Comfy, inputs: dict[str, str], told: str):
        answer = comfy.post("/prompt", {"prompt": {"2": expand(**inputs), **shown(0)}})
        assert answer.status == 400 and told in json.dumps(answer.json)

    @pytest.mark.parametrize("text", ["", " \n "])
    def test_no_idea_is_one_sentence(self, comfy: Comfy, text: str):
        assert "There is no idea" in comfy.error({"2": expand(text=text, seed=next(_numbers)), **shown(0)})

    def test_a_picture_is_described_and_a_batch_gives_a_text_each(self, comfy: Comfy):
        graph = {
            "1": node("EmptyImage", width=64, height=48, batch_size=3, color=0x2040A0),
            "2": node("LecternPromptFromImage", images=["1", 0], task="alt text", family="SDXL", seed=0),
            "3": node("PreviewAny", source=["2", 0]),
        }
        found = comfy.outputs(graph)["3"]["text"]
        assert len(found) == 3 and all("blue" in text for text in found)

    def test_cancel_takes_effect_between_two_pictures(self, comfy: Comfy):
        graph = {
            "1": node("EmptyImage", width=2048, height=2048, batch_size=24, color=next(_numbers)),
            "2": node("LecternPromptFromImage", images=["1", 0], task="caption", family="SDXL", seed=0),
            **shown(0),
        }
        pressed: list[float] = []

        def cancels(event: dict[str, Any]) -> bool:
            if event["type"] != "executing" or event["data"]["node"] != "2":
                return False
            pressed.append(time.monotonic())
            return True

        events = asyncio.run(_events(comfy, graph, cancels))
        assert events[-1]["type"] == "execution_interrupted" and time.monotonic() - pressed[0] < 2

    def test_the_outlines_lists_make_a_deck(self, comfy: Comfy):
        """The whole template: titles, points, notes, sections, levels and alternative texts land where they belong."""
        graph = workflow("topic_to_illustrated_deck")
        graph["3"]["inputs"] |= {"topic": "Tea from leaf to cup", "slides": 5}
        graph["4"]["inputs"] |= {"width": 320, "height": 180}
        outputs = comfy.outputs(graph)
        (deck,) = outputs["9"]["files"]
        slides = pptx.Presentation(io.BytesIO(comfy.file(deck))).slides
        outline = outputs["10"]["text"][0]
        titles = re.findall(r"^### (.+)$", outline, re.MULTILINE)
        assert [slide.shapes.title.text_frame.text for slide in slides] == ["Tea from leaf to cup", *titles]
        assert len(titles) == 4 and len(outputs["8"]["images"]) == 5
        assert all(slide.notes_slide.notes_text_frame.text for slide in slides)
        assert len(re.findall(r"^- ", outline, re.MULTILINE)) >= 12

    def test_a_corrected_outline_is_taken_as_it_stands(self, comfy: Comfy):
        graph = {"2": outline(), "show9": node("PreviewAny", source=["2", 9]), **shown(0, 4)}
        made = comfy.outputs(graph)
        text = made["show9"]["text"][0]
        corrected = re.sub(r"^### .+$", "### My own title", text, count=1, flags=re.MULTILINE)
        graph["2"]["inputs"]["outline"] = corrected
        again = comfy.outputs(graph)
        assert "My own title" in again["show0"]["text"] and again["show4"]["text"] == made["show4"]["text"]

    def test_the_outline_of_a_long_deck_can_be_given_back(self, comfy: Comfy):
        """It has more characters than limits.text allows for other texts."""
        graph = {"2": outline(slides=200), "show9": node("PreviewAny", source=["2", 9]), **shown(0)}
        text = comfy.outputs(graph)["show9"]["text"][0]
        assert len(text) > 150_000
        graph["2"]["inputs"] |= {"outline": text.replace("# ", "# \v", 1), "topic": ""}
        assert len(comfy.outputs(graph)["show0"]["text"]) == 200

    def test_an_outline_needs_no_topic_and_no_title(self, comfy: Comfy):
        assert comfy.outputs({"2": outline(topic="", outline="# \n### One\n- a"), **shown(0)})["show0"]["text"]

    def test_an_outline_that_cannot_be_read_names_its_line(self, comfy: Comfy):
        assert "slide" in comfy.error({"2": outline(outline="nothing but\nwords"), **shown(0)}).lower()

    def test_more_slides_than_the_settings_allow(self, comfy: Comfy, private: Any):
        (private / "lectern.toml").write_text("[limits]\nslides = 10\n")
        assert "11 slides are more than the 10" in comfy.error({"2": outline(slides=11), **shown(0)})


def outline(**inputs: Any) -> dict[str, Any]:
    base = {"topic": f"Tea {next(_numbers)}", "slides": 4, "family": "SDXL", "seed": 1}
    return node("LecternDeckOutline", **{**base, **inputs})


class TestByAServer:
    def test_a_model_writes_and_the_notes_are_its_own(self, comfy: Comfy, chat: ChatThread):
        outputs = comfy.outputs({"1": model(seed=5, max_tokens=500), "2": expand(chat_model=["1", 0]), **shown(0, 4)})
        body = chat.server.chats[0]
        positive, info = texts(outputs, 0, 4)
        assert positive and info.splitlines()[0] == "Written by Chat model local (tiny)."
        assert body["seed"] == 12 and body["max_tokens"] == 500 and body["model"] == "tiny"
        assert outputs["2"]["lectern_notes"] == []

    def test_the_same_question_is_not_asked_twice_and_a_new_seed_is(self, comfy: Comfy, chat: ChatThread):
        graph = {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0)}
        comfy.outputs(graph)
        comfy.outputs(graph)
        assert len(chat.server.chats) == 1
        graph["2"]["inputs"]["seed"] = 8
        comfy.outputs(graph)
        assert len(chat.server.chats) == 2

    def test_a_file_of_styles_that_is_not_used_changes_nothing(self, comfy: Comfy, chat: ChatThread, private: Any):
        graph = {"1": model(), "2": expand(chat_model=["1", 0], style="none"), **shown(0)}
        comfy.outputs(graph)
        (private / "styles.csv").write_text('name,prompt,negative_prompt\nInk,"ink drawing of {prompt}",colour\n')
        comfy.outputs(graph)
        assert len(chat.server.chats) == 1

    def test_another_server_under_the_same_name_is_asked(self, comfy: Comfy, chat: ChatThread, private: Any):
        graph = {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0)}
        comfy.outputs(graph)
        with ChatThread() as other:
            (private / "lectern.toml").write_text(f'[chat.local]\nurl = "{other.url}"\n')
            comfy.outputs(graph)
            assert len(other.server.chats) == 1 and len(chat.server.chats) == 1

    def test_a_makeshift_is_not_kept(self, comfy: Comfy, chat: ChatThread):
        chat.server.script[:] = [Act("status", 500, {"error": {"message": "out of order"}})]
        asking = expand(text="my own words", chat_model=["1", 0], fallback="original")
        graph = {"1": model(), "2": asking, **shown(0, 4)}
        outputs = comfy.outputs(graph)
        assert texts(outputs, 0) == ["my own words"] and "failed" in texts(outputs, 4)[0]
        assert any("out of order" in note for note in outputs["2"]["lectern_notes"])
        again = comfy.outputs(graph)  # the server works again
        assert texts(again, 0) != ["my own words"] and texts(again, 4)[0].startswith("Written by Chat model")
        comfy.outputs(graph)
        assert len(chat.server.chats) == 2

    def test_without_a_fallback_the_reason_is_the_error(self, comfy: Comfy, chat: ChatThread):
        message = comfy.error({"1": model("off"), "2": expand(chat_model=["1", 0]), **shown(0)})
        assert message.startswith("Chat model off") and "cannot be reached" in message

    def test_an_unknown_entry_is_said_before_anything_runs(self, comfy: Comfy, chat: ChatThread):
        answer = comfy.post("/prompt", {"prompt": {"1": model("gone"), "2": expand(chat_model=["1", 0]), **shown(0)}})
        assert answer.status == 400 and "no chat" in json.dumps(answer.json).lower()

    def test_the_key_reaches_the_server_and_nothing_else(self, comfy: Comfy, chat: ChatThread, server: ComfyServer):
        graph = {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0, 4)}
        prompt_id = comfy.post("/prompt", {"prompt": graph}).json["prompt_id"]
        comfy.wait(prompt_id)
        assert chat.server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        seen = [comfy.get(path).body for path in (f"/history/{prompt_id}", "/object_info/LecternChatModel")]
        seen += [comfy.get(f"/lectern/v1/prompts/{path}").body for path in ("chats", "models?chat=local")]
        assert all(KEY.encode() not in one for one in seen) and KEY not in server.log_text()
        idea = graph["2"]["inputs"]["text"]
        assert idea not in server.log_text() and chat.url.encode() not in b"".join(seen)

    def test_pictures_are_sent_small_and_answered_side_by_side(self, comfy: Comfy, chat: ChatThread):
        chat.server.seconds_to_first = 0.3
        graph = {
            "1": model(),
            "0": node("EmptyImage", width=3000, height=1500, batch_size=4, color=next(_numbers)),
            "2": node(
                "LecternPromptFromImage", images=["0", 0], task="caption", family="SDXL", seed=0, chat_model=["1", 0]
            ),
            "3": node("PreviewAny", source=["2", 0]),
        }  # fmt: skip
        assert len(comfy.outputs(graph)["3"]["text"]) == 4
        assert chat.server.highest == 4
        parts = [part for part in chat.server.chats[0]["messages"][-1]["content"] if part["type"] == "image_url"]
        head, data = parts[0]["image_url"]["url"].split(",", 1)
        with Image.open(io.BytesIO(b64decode(data))) as image:
            assert head == "data:image/jpeg;base64" and image.size == (1024, 512)

    def test_a_list_of_ideas_is_asked_side_by_side(self, comfy: Comfy, chat: ChatThread):
        chat.server.seconds_to_first = 0.3
        graph = {"1": model(), "4": outline(slides=4), "2": expand(text=["4", 0], chat_model=["1", 0]), **shown(0)}
        assert len(comfy.outputs(graph)["show0"]["text"]) == 4 and chat.server.highest == 4

    def test_a_deck_is_planned_and_its_prompts_written_four_at_a_time(self, comfy: Comfy, chat: ChatThread):
        chat.server.answer, chat.server.seconds_to_first = _planner, 0.1
        graph = {"1": model(), "2": outline(slides=9, chat_model=["1", 0]), **shown(0, 4, 8, 13)}
        outputs = comfy.outputs(graph)
        assert outputs["show0"]["text"] == ["The deck", *(f"Slide {number}" for number in range(8))]
        assert outputs["show8"]["text"] == ["0", "1", "2", "2", "2", "1", "2", "2", "2"]
        assert all(text.endswith("ink on paper") for text in outputs["show4"]["text"])
        assert len(chat.server.chats) == 10 and chat.server.highest == 4

    def test_what_a_model_wrote_is_no_template(self, comfy: Comfy, chat: ChatThread, private: Any):
        (private / "wildcards").mkdir(exist_ok=True)
        (private / "wildcards" / "animal.txt").write_text("otter\n")
        chat.server.answer = lambda body: json.dumps({"positive": "an __animal__ and an __unknown__"})
        graph = {
            "1": model(),
            "2": expand(text="an __animal__", chat_model=["1", 0]),
            "3": expand(text=["2", 0]),
            **shown(0, source="3"),
        }
        assert "an __animal__ and an __unknown__" in texts(comfy.outputs(graph), 0)[0]
        assert "an otter" in json.dumps(chat.server.chats[0])  # a person's own is one

    def test_a_model_that_failed_is_unloaded_though_it_would_be_asked_later(self, comfy: Comfy, chat: ChatThread):
        chat.server.script[:] = [Act("status", 400, {"error": {"message": "no"}})] * 4
        graph = {
            "1": model(unload=True),
            "2": expand(chat_model=["1", 0]),
            "3": expand(text=["2", 0], chat_model=["1", 0]),
            "4": node("PreviewAny", source=["3", 0]),
        }
        comfy.error(graph)
        chat.until(lambda server: server.unloaded == ["tiny"])

    def test_a_long_document_is_condensed_in_parts_first(self, comfy: Comfy, chat: ChatThread, private: Any):
        chat.server.answer = lambda body: _planner(body) if body.get("response_format") else "It says: tea."
        toml = private / "lectern.toml"
        toml.write_text(toml.read_text().replace("attempts = 1", "attempts = 1\ndocument_chars = 1000"))
        document = "\n\n".join(f"Paragraph {number} tells of tea and of nothing else at all." for number in range(60))
        outputs = comfy.outputs({"1": model(), "2": outline(topic=document, chat_model=["1", 0]), **shown(0)})
        assert outputs["show0"]["text"][0] == "The deck"
        asked = [body["messages"][-1]["content"] for body in chat.server.chats]
        parts = [one for one in asked if one.startswith("Paragraph")]
        assert len(parts) >= 3 and all(len(one) <= 1000 for one in parts)
        assert any("The document of the presentation" in one and "It says: tea." in one for one in asked)

    def test_the_model_is_unloaded_after_its_last_use(self, comfy: Comfy, chat: ChatThread):
        graph = {
            "1": model(unload=True),
            "2": expand(chat_model=["1", 0]),
            "3": expand(text=["2", 0], chat_model=["1", 0]),
            "4": node("PreviewAny", source=["3", 0]),
        }
        comfy.outputs(graph)
        assert chat.server.unloaded == ["tiny"]
        paths = chat.server.paths()
        assert paths.index("/api/generate") > max(at for at, one in enumerate(paths) if one.endswith("completions"))

    def test_waiting_does_not_keep_other_nodes_from_running(self, comfy: Comfy, chat: ChatThread):
        chat.server.seconds_to_first = 1.5
        graph = {
            "1": model(),
            "2": expand(chat_model=["1", 0]),
            **shown(0),
            "8": node("EmptyImage", width=8, height=8, batch_size=1, color=next(_numbers)),
            "9": node("PreviewImage", images=["8", 0]),
        }
        order = asyncio.run(_ended(comfy, graph))
        assert order.index("9") < order.index("2")

    def test_cancel_closes_the_connection_within_a_second(self, comfy: Comfy, chat: ChatThread):
        chat.server.script[:] = [Act("hang")]
        posted = comfy.post("/prompt", {"prompt": {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0)}})
        chat.until(lambda server: server.active)
        comfy.post("/interrupt", {})
        chat.until(lambda server: server.broken, timeout=1.0)
        status = comfy.wait(posted.json["prompt_id"])["status"]
        assert [kind for kind, _ in status["messages"]][-1] == "execution_interrupted"

    def test_cancel_ends_all_questions_of_a_list(self, comfy: Comfy, chat: ChatThread):
        """ComfyUI forgets Cancel with the first task that raises it, and waits for the others."""
        chat.server.script[:] = [Act("hang")] * 4
        graph = {"1": model(), "4": outline(slides=4), "2": expand(text=["4", 0], chat_model=["1", 0]), **shown(0)}
        posted = comfy.post("/prompt", {"prompt": graph})
        chat.until(lambda server: server.active == 4)
        comfy.post("/interrupt", {})
        chat.until(lambda server: server.broken == 4, timeout=1.0)
        status = comfy.wait(posted.json["prompt_id"])["status"]
        assert [kind for kind, _ in status["messages"]][-1] == "execution_interrupted"
        assert comfy.outputs(graph)["show0"]["text"]  # the next run is none the worse

    def test_what_is_written_for_a_program_is_not_told_to_every_editor(self, comfy: Comfy, chat: ChatThread):
        chat.server.seconds_per_token = 0.05
        graph = {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0)}
        told = asyncio.run(_overheard(comfy, lambda: comfy.outputs(graph)))
        assert "status" in told and "lectern.text" not in told

    def test_text_is_told_while_it_is_written(self, comfy: Comfy, chat: ChatThread):
        chat.server.seconds_per_token = 0.05
        told = asyncio.run(_told(comfy, {"1": model(), "2": expand(chat_model=["1", 0]), **shown(0)}))
        assert len(told) > 3 and {one["node"] for one in told} == {"2"}
        lengths = [len(one["text"]) for one in told if one["tokens"]]
        assert lengths == sorted(lengths) and lengths[-1] > lengths[0] and told[-1]["rate"] > 1


def _planner(body: Any) -> str:
    """A deck for whoever asks for slides, else a prompt."""
    form = json.dumps(body["response_format"])
    if '"slides"' not in form:
        return json.dumps({"positive": "a cup of tea", "negative": "", "title": "Tea", "alt_text": "A cup of tea."})
    slides = [
        {
            "section": f"Part {number // 4}",
            "title": f"Slide {number}",
            "bullets": ["one", "two", "three"],
            "notes": "Say it.",
            "picture": f"cup {number}",
            "alt_text": "A cup.",
        }
        for number in range(8)
    ]
    frame = {"title": "The deck", "subtitle": "of tea", "look": "ink on paper", "cover_picture": "a pot"}
    return json.dumps({**frame, "slides": slides})


async def _events(
    comfy: Comfy, graph: dict[str, Any], cancels: Callable[[dict[str, Any]], bool] = lambda event: False
) -> list[dict[str, Any]]:
    """Everything that ComfyUI tells whoever runs this graph, until it is over; Cancel is pressed at what `cancels`."""
    client = f"test-{next(_numbers)}"
    found = []
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{comfy.url}/ws?clientId={client}") as socket:
        async with session.post(f"{comfy.url}/prompt", json={"prompt": graph, "client_id": client}) as posted:
            assert posted.status == 200, await posted.text()
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            found.append(json.loads(message.data))
            if cancels(found[-1]):
                async with session.post(f"{comfy.url}/interrupt"):
                    pass
            if found[-1]["type"] in ("execution_success", "execution_error", "execution_interrupted"):
                return found
    raise AssertionError("ComfyUI closed the connection")


async def _overheard(comfy: Comfy, run: Callable[[], object]) -> set[str]:
    """What an open editor is told while another program runs something."""
    found = set()
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{comfy.url}/ws?clientId=idle") as socket:
        await asyncio.to_thread(run)
        with suppress(TimeoutError):
            while True:
                message = await socket.receive(0.5)
                found |= {json.loads(message.data)["type"]} if message.type is aiohttp.WSMsgType.TEXT else set()
    return found


async def _ended(comfy: Comfy, graph: dict[str, Any]) -> list[str]:
    return [one["data"]["node"] for one in await _events(comfy, graph) if one["type"] == "executed"]


async def _told(comfy: Comfy, graph: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["data"] for one in await _events(comfy, graph) if one["type"] == "lectern.text"]


@pytest.fixture(scope="module")
def folders(server: ComfyServer) -> Iterator[Any]:
    """Language models in models/LLM: one that writes, one that sees."""
    root = server.base / "models" / "LLM"
    writing(root / "tiny" / "writer")
    seeing(root / "seer")
    yield root
    shutil.rmtree(root)


class TestByAModelOfItsOwn:
    def local(self, name: str = "tiny/writer", **inputs: Any) -> dict[str, Any]:
        return node("LecternLocalChatModel", **{"model": name, "max_tokens": 24, **inputs})

    def picture(self, **inputs: Any) -> dict[str, Any]:
        base = {"images": ["0", 0], "task": "caption", "family": "SDXL", "seed": 1, "chat_model": ["1", 0]}
        return node("LecternPromptFromImage", **{**base, **inputs})

    def image(self) -> dict[str, Any]:
        return node("EmptyImage", width=60, height=40, batch_size=1, color=next(_numbers))

    def test_folders_are_listed_and_a_picture_is_described_by_one_that_sees(self, comfy: Comfy, folders: Any):
        info = comfy.get("/object_info/LecternLocalChatModel").json["LecternLocalChatModel"]
        assert info["input"]["required"]["model"][1]["options"] == ["none", "seer", "tiny/writer"]
        graph = {"0": self.image(), "1": self.local("seer"), "2": self.picture(), **shown(0, 1)}
        text, told = texts(comfy.outputs(graph), 0, 1)
        assert text and told.startswith("Written by seer.")
        comfy.free(models=False)  # forgets the text; the same seed writes it again
        assert texts(comfy.outputs(graph), 0) == [text]

    def test_one_that_does_not_see_says_so(self, comfy: Comfy, folders: Any):
        message = comfy.error({"0": self.image(), "1": self.local(), "2": self.picture(), **shown(0)})
        assert message.startswith("writer does not read pictures")

    def test_one_that_answers_nonsense_is_an_error_or_the_persons_own_words(self, comfy: Comfy, folders: Any):
        graph = {"1": self.local(), "2": expand(text="my own", chat_model=["1", 0]), **shown(0)}
        assert re.search("form that was asked for|max_tokens", comfy.error(graph))
        graph["2"]["inputs"]["fallback"] = "original"
        assert texts(comfy.outputs(graph), 0) == ["my own"]

    def test_cancel_ends_it_between_two_tokens(self, comfy: Comfy, folders: Any):
        graph = {"0": self.image(), "1": self.local("seer", max_tokens=1500), "2": self.picture(), **shown(0)}
        events = asyncio.run(_interrupted_when_told(comfy, graph))
        assert events[-1]["type"] == "execution_interrupted"

    def test_a_server_on_the_same_gpu_gets_room_where_that_is_wished(
        self, comfy: Comfy, folders: Any, chat: ChatThread, server: ComfyServer
    ):
        """ComfyUI's log tells when it loads a model that it does not hold."""

        own = {"0": self.image(), "1": self.local("seer"), "2": self.picture(), **shown(0)}

        def loads(seed: int, **remote: Any) -> int:
            """After the local model was asked, with a chat server asked before it or not; both stay in the graph."""
            asking = {
                "11": model(**remote),
                "12": expand(chat_model=["11", 0]),
                "13": node("PreviewAny", source=["12", 0]),
            }
            comfy.outputs({**own, **asking})
            own["2"]["inputs"]["seed"] = seed
            comfy.outputs({**own, **asking})
            return server.log_text().count("Requested to load Llava")

        held = loads(2)
        assert loads(3) == held
        assert loads(4, make_room=True) == held + 1

    def test_no_model_and_no_clip_says_where_models_go(self, comfy: Comfy):
        message = comfy.error({"1": self.local("none"), "2": expand(chat_model=["1", 0]), **shown(0)})
        assert "models/LLM" in message

    def test_a_clip_that_only_reads_is_refused(self, comfy: Comfy, server: ComfyServer):
        """CLIP-L of Stable Diffusion, as Load CLIP gives it."""
        file = server.base / "models" / "text_encoders" / "clip_l.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        _tiny_clip_l(file)
        try:
            clip = node("CLIPLoader", clip_name=file.name, type="stable_diffusion", device="default")
            graph = {"0": clip, "1": self.local("none", clip=["0", 0]), "2": expand(chat_model=["1", 0]), **shown(0)}
            assert "only reads text" in comfy.error(graph)
        finally:
            file.unlink()


def _tiny_clip_l(file: Path) -> None:
    """What core takes for CLIP-L, in its full shape but with one value for all weights of a kind."""
    from safetensors.torch import save_file
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    with torch.device("meta"):
        shapes = {name: one.shape for name, one in CLIPTextModel(config).state_dict().items()}
    weights = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in shapes.items()}
    save_file(weights, file)


async def _interrupted_when_told(comfy: Comfy, graph: dict[str, Any]) -> list[dict[str, Any]]:
    """Presses Cancel at the first word."""
    return await _events(comfy, graph, lambda event: event["type"] == "lectern.text" and event["data"]["tokens"] > 0)
