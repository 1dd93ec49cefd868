"""Prompts nodes in the editor: lists that fill, text that streams, Cancel, and an outline that a person corrects."""

import itertools
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pptx
import pytest
from playwright.sync_api import Locator, Page, expect

from support.chat import Act, ChatThread
from support.client import workflow
from support.editor import BOTH_RENDERERS, RUN_TIMEOUT, Editor, open_editor
from tools.server import ComfyServer, free_port

SEEDS = itertools.count(1)  # ComfyUI answers a graph that it has had before from memory
ENTRYS_CHOICE = "entry's choice"
DONE = "text && !/^(waiting|writing|thinking)/.test(text)"
SLOW = 0.1  # seconds a token
PROMPT = "A brass lamp on a window sill, rain behind the glass, warm light on old wood, painted in gouache"
MARKUP = (
    '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>'
    " [[press|javascript:window.hacked = 3]] a lamp"
)
# Of the front end itself, for every bypassed node without an input of its output's type.
BYPASSED = "[ExecutableNodeDTO.resolveOutput] No input types match type [LECTERN_CHAT_MODEL]"


class Chats(NamedTuple):
    local: ChatThread
    other: ChatThread
    off: int  # port on which nothing listens


@pytest.fixture
def chats(server: ComfyServer) -> Iterator[Chats]:
    """Named in the lectern.toml of the session's ComfyUI, which reads it again when it changed."""
    file = server.base / "user" / "__lectern" / "lectern.toml"
    with (
        ChatThread(lambda body: written(PROMPT), models=("tiny", "large")) as local,
        ChatThread(models=("elsewhere",)) as other,
    ):
        found = Chats(local, other, free_port())
        urls = {"local": local.url, "other": other.url, "off": f"http://127.0.0.1:{found.off}/v1"}
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"[chat.{name}]\nurl = '{url}'\nattempts = 1\n" for name, url in urls.items()), "utf-8")
        try:
            yield found
        finally:
            file.unlink()


def written(positive: str) -> str:
    """A model's answer to Prompt Expand."""
    return json.dumps({"positive": positive, "negative": "fog", "title": "A lamp", "alt_text": "A lamp."})


class PromptsEditor(Editor):
    def expander(self, name: str = "expand", chat: str = "local", **values: Any) -> None:
        """Chat Model, Prompt Expand and a node that wants its prompt."""
        self.add(f"{name} model", "LecternChatModel", chat=chat)
        self.add(name, "LecternPromptExpand", **{"text": "a lamp", "seed": next(SEEDS), **values})
        self.link(f"{name} model", name, "chat_model")
        self.add(f"{name} view", "PreviewAny")
        self.link(name, f"{name} view", "positive")

    def outliner(self) -> None:
        """A short outline by rules, and a node that wants it."""
        self.add("outline", "LecternDeckOutline", topic="Night trains", slides=2, seed=next(SEEDS))
        self.add("view", "PreviewAny")
        self.link("outline", "view", "outline")

    def template(self, name: str, **ids: int) -> None:
        self.load(workflow(name, api=False), **ids)

    def run(self) -> None:
        self.page.get_by_test_id("queue-button").click()

    def has(self, node: str, widget: str) -> bool:
        return self.page.evaluate(f"() => window.named[{node!r}].widgets.some(w => w.name === {widget!r})")

    def until(self, node: str, widget: str, condition: str) -> Any:
        """What the widget is when the condition about it (`w`, its text `text`) is true."""
        return self.page.wait_for_function(
            """([name, key, condition]) => {
                const w = window.named[name].widgets.find(w => w.name === key);
                const text = w?.element?.value ?? "";
                return new Function("w", "text", `return ${condition}`)(w, text) && { text, label: w?.label };
            }""",
            arg=[node, widget, condition],
            timeout=RUN_TIMEOUT,
        ).json_value()

    def text(self, node: str, condition: str) -> str:
        """What is shown on the node when it meets the condition."""
        return self.until(node, "lectern_text", condition)["text"]

    def press_to_correct(self, node: str, nodes_2: bool) -> None:
        """A click on the button, wherever it is drawn."""
        self.until(node, "lectern_edit_outline", "w")
        self.show(node)
        if nodes_2:
            self.page.locator("[data-node-id]").get_by_role("button", name="Correct this outline").click()
            return
        x, y = self.page.evaluate(
            """name => {
                const node = window.named[name], ds = window.app.canvas.ds;
                const button = node.widgets.find(w => w.name === "lectern_edit_outline");
                const box = window.app.canvas.canvas.getBoundingClientRect();
                const [x, y] = [node.pos[0] + node.size[0] / 2, node.pos[1] + button.y + 10];
                return [box.x + (x + ds.offset[0]) * ds.scale, box.y + (y + ds.offset[1]) * ds.scale];
            }""",
            node,
        )
        self.page.mouse.click(x, y)

    def press(self, node: str, key: str) -> None:
        """With the node selected."""
        self.page.evaluate(
            "name => { window.app.canvas.canvas.focus(); window.app.canvas.selectNode(window.named[name]) }", node
        )
        self.page.keyboard.press(key)

    def speak(self, locale: str) -> None:
        """The language, from the next page on."""
        self.page.evaluate("one => window.app.extensionManager.setting.set('Comfy.Locale', one)", locale)


@pytest.fixture
def editor(chats: Chats, page: Page) -> Iterator[PromptsEditor]:
    """The page, opened after the servers were named."""
    editor = PromptsEditor(page)
    yield editor
    editor.use_nodes_2(False)
    page.evaluate("() => window.app.extensionManager.setting.set('Comfy.RightSidePanel.IsOpen', false)")


def saved_as(editor: PromptsEditor, kind: str) -> list[Any]:
    """The nodes of that kind as a file would hold them, but for the order in which they were last run."""
    return [node | {"order": 0} for node in editor.saved()["nodes"] if node["type"] == kind]


def ours(complaints: list[str]) -> list[str]:
    return [one for one in complaints if not one.startswith(BYPASSED)]


def test_the_list_fills_and_a_model_that_the_server_lacks_is_kept(
    editor: PromptsEditor, chats: Chats, complaints: list[str]
):
    editor.add("model", "LecternChatModel", model="my-own:70b")
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "tiny", "large", "my-own:70b"])
    editor.choose("model", "chat", "other")
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "elsewhere", "my-own:70b"])
    editor.load(editor.saved(), model=1)
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "elsewhere", "my-own:70b"])
    assert editor.value("model", "model") == "my-own:70b"
    expect(editor.page.get_by_text("Missing Models", exact=False)).to_have_count(0)  # it is no file of ComfyUI's
    assert complaints == []


def test_only_a_chat_model_that_is_switched_on_asks_and_notes(
    editor: PromptsEditor, chats: Chats, complaints: list[str]
):
    """The templates have it switched off, for machines without a server."""
    editor.template("idea_to_prompt", model=2)
    editor.add("awake", "LecternChatModel", chat="other")
    editor.expect_choices("awake", "model", [ENTRYS_CHOICE, "elsewhere"])
    assert chats.local.server.requests == []
    editor.press("model", "Control+b")
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "tiny", "large"])
    editor.choose("awake", "model", "qwen3")
    editor.choose("awake", "chat", "off")
    for key in ("Control+b", "Control+m"):  # bypass, mute
        editor.expect_note("awake", "cannot be reached")
        editor.expect_choices("awake", "model", [ENTRYS_CHOICE, "qwen3"])
        editor.press("awake", key)
        editor.expect_no_note("awake")
        editor.press("awake", key)
    editor.expect_note("awake", "cannot be reached")
    assert complaints == []


@BOTH_RENDERERS
def test_text_streams_into_the_node_and_the_prompt_takes_its_place(
    editor: PromptsEditor, chats: Chats, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.expander()
    editor.show_all()
    before = saved_as(editor, "LecternPromptExpand")
    chats.local.server.seconds_per_token = SLOW
    editor.run()
    early = editor.text("expand", "text.includes('tokens/s') && text.includes('brass')")
    assert early.startswith("writing · ") and "rain" not in early
    editor.show_all()
    area = editor.page.get_by_role("textbox", name="Text", exact=True)
    expect(area).to_be_visible()
    expect(area).not_to_be_editable()
    expect(area).to_have_value(re.compile("tokens/s\n.*warm light"))  # further than before, and another line
    assert saved_as(editor, "LecternPromptExpand") == before  # neither the text nor its height is saved
    chats.local.server.seconds_per_token = 0
    assert editor.text("expand", DONE) == PROMPT
    expect(area).to_have_value(PROMPT)
    editor.show_all()
    assert saved_as(editor, "LecternPromptExpand") == before
    (sent,) = (one["inputs"] for one in editor.prompt().values() if one["class_type"] == "LecternPromptExpand")
    assert not [name for name in sent if name.startswith("lectern")]
    assert complaints == []


def test_cancel_and_errors_leave_no_half_text(editor: PromptsEditor, chats: Chats):
    editor.expander()
    editor.run()
    assert editor.text("expand", DONE) == PROMPT
    chats.local.server.seconds_per_token = 2  # seconds, so that it is still writing
    editor.choose("expand", "text", "another lamp")
    editor.run()
    editor.text("expand", "text.startsWith('writing')")
    begun = time.monotonic()
    editor.page.get_by_role("button", name="Cancel current run").first.click()
    chats.local.until(lambda one: one.broken)
    assert time.monotonic() - begun < 2
    assert editor.text("expand", DONE) == PROMPT  # what was there before
    assert chats.local.server.finished == 1
    chats.local.server.seconds_per_token = SLOW
    chats.local.server.script = [Act("error", body={"error": {"message": "The GPU is on fire"}}, tokens=12)]
    editor.run()
    editor.text("expand", "text.startsWith('writing')")
    editor.page.get_by_role("button", name="View details").click(timeout=RUN_TIMEOUT)
    said = "Chat model local failed: The GPU is on fire. Look at its console, or try again."
    expect(editor.page.get_by_text(said, exact=False).first).to_be_visible()
    assert editor.text("expand", DONE) == PROMPT


@BOTH_RENDERERS
def test_each_node_shows_its_own_text_and_markup_is_text(
    editor: PromptsEditor, chats: Chats, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    chats.local.server.answer = lambda body: written(MARKUP if "markup" in str(body["messages"]) else PROMPT)
    chats.local.server.seconds_per_token = SLOW / 4
    editor.expander("sly", text="markup")
    editor.expander("plain")
    editor.run()
    editor.text("sly", "text.includes('<img src=x') && text.includes('tokens/s')")
    editor.show_all()
    assert MARKUP in editor.text("sly", DONE)
    assert editor.text("plain", DONE) == PROMPT
    editor.show_all()
    # nothing of it became part of the page, so nothing can run
    expect(editor.page.locator("img[src='x'], a[href^='javascript:']")).to_have_count(0)
    assert not editor.page.evaluate("() => [...document.scripts].some(one => one.text.includes('hacked'))")
    assert editor.page.evaluate("() => window.hacked") is None
    assert complaints == []


@BOTH_RENDERERS
def test_a_person_corrects_the_outline(editor: PromptsEditor, complaints: list[str], tmp_path: Path, nodes_2: bool):
    editor.use_nodes_2(nodes_2)
    editor.template("topic_to_illustrated_deck", outline=3, background=4, save=9)
    for node, widget, value in (
        ("outline", "topic", f"Quieter streets {next(SEEDS)}"), ("outline", "slides", 3),
        ("background", "width", 640), ("background", "height", 360),
    ):  # fmt: skip
        editor.choose(node, widget, value)
    before, sent = saved_as(editor, "LecternDeckOutline"), editor.prompt()
    editor.run()
    planned = titles(editor, tmp_path)
    assert len(planned) == 3 and saved_as(editor, "LecternDeckOutline") == before
    assert editor.prompt() == sent
    editor.press_to_correct("outline", nodes_2)
    text = editor.value("outline", "outline")
    assert f"### {planned[1]}" in text and text == editor.text("outline", "text")
    corrected = text.replace(f"### {planned[1]}", "### Trees before tarmac")
    outline_area(editor, text).fill(corrected)
    assert editor.value("outline", "outline") == corrected
    editor.page.evaluate("() => { delete window.named.save.widgets.find(w => w.name === 'lectern_download').callback }")
    editor.run()
    assert titles(editor, tmp_path) == [planned[0], "Trees before tarmac", planned[2]]
    kept = json.dumps(editor.saved())
    assert not [name for name in ("lectern_text", "lectern_edit_outline", "lectern_notes") if name in kept]
    assert ours(complaints) == []


def titles(editor: PromptsEditor, folder: Path) -> list[str]:
    """Those of the deck that Save Deck offers when it is done."""
    editor.until("save", "lectern_download", "w?.callback")
    with editor.page.expect_download() as download:
        editor.page.evaluate("() => window.named.save.widgets.find(w => w.name === 'lectern_download').callback()")
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return [slide.shapes.title.text_frame.text for slide in pptx.Presentation(str(file)).slides]


def outline_area(editor: PromptsEditor, text: str) -> Locator:
    """The text area that a person writes into; ours are read only."""
    areas = editor.page.locator("textarea:not([readonly])")
    editor.page.wait_for_function(
        "text => [...document.querySelectorAll('textarea:not([readonly])')].some(one => one.value === text)", arg=text
    )
    return areas.nth(areas.evaluate_all("(all, text) => all.findIndex(one => one.value === text)", text))


def test_undo_another_tab_and_a_new_page_keep_the_text_and_the_button(editor: PromptsEditor, server: ComfyServer):
    editor.outliner()
    graph = editor.saved()
    editor.run()
    text = editor.text("outline", "text")
    editor.press_to_correct("outline", nodes_2=False)
    editor.until("outline", "outline", "text")
    editor.page.evaluate("() => window.app.extensionManager.workflow.activeWorkflow.changeTracker.checkState()")
    editor.page.evaluate("() => window.app.extensionManager.workflow.activeWorkflow.changeTracker.undo()")
    rename(editor, outline=1)
    editor.until("outline", "lectern_edit_outline", "w")
    assert (editor.value("outline", "outline"), editor.text("outline", "text")) == ("", text)
    editor.command("Comfy.NewBlankWorkflow")
    editor.page.wait_for_function("() => window.app.graph.nodes.length === 0")
    editor.command("Workspace.PreviousOpenedWorkflow")
    editor.page.wait_for_function("() => window.app.graph.nodes.length === 2")
    rename(editor, outline=1)
    editor.until("outline", "lectern_edit_outline", "w")
    assert editor.text("outline", "text") == text
    open_editor(editor.page, server.url)
    editor.page.evaluate("() => { window.named = {} }")
    editor.load(graph, outline=1)
    editor.run()  # which ComfyUI answers from memory
    editor.until("outline", "lectern_edit_outline", "w")
    assert editor.text("outline", "text") == text


def rename(editor: PromptsEditor, **ids: int) -> None:
    """The front end made its nodes anew."""
    editor.page.evaluate(
        "ids => Object.entries(ids).forEach(([name, id]) => { window.named[name] = window.app.graph.getNodeById(id) })",
        ids,
    )


def test_text_that_streams_stays_out_of_another_workflow(editor: PromptsEditor, chats: Chats):
    editor.expander()  # the second node
    chats.local.server.seconds_per_token = SLOW
    editor.run()
    editor.text("expand", "text.includes('tokens/s')")
    editor.command("Comfy.NewBlankWorkflow")
    editor.page.wait_for_function("() => window.app.graph.nodes.length === 0")
    for name in ("stranger", "second stranger"):
        editor.add(name, "LecternSlideBackground")
    chats.local.until(lambda one: one.finished, 30)
    assert not editor.has("second stranger", "lectern_text")
    editor.command("Workspace.PreviousOpenedWorkflow")
    editor.page.wait_for_function("() => window.app.graph.nodes.length === 3")
    rename(editor, expand=2)
    assert editor.text("expand", DONE) == PROMPT


def test_an_outline_that_comes_through_a_link_or_a_subgraph_is_corrected_where_it_is(editor: PromptsEditor):
    editor.outliner()
    editor.run()
    text = editor.text("outline", "text")
    editor.add("sum", "StringConcatenate")
    link_outline(editor, "sum")
    editor.press_to_correct("outline", nodes_2=False)
    editor.expect_note("outline", "comes through a link")
    editor.add("source", "PrimitiveStringMultiline")
    link_outline(editor, "source")
    editor.press_to_correct("outline", nodes_2=False)
    assert (editor.value("source", "value"), editor.value("outline", "outline")) == (text, "")
    editor.page.evaluate("() => window.app.graph.remove(window.named.source)")
    editor.page.evaluate(
        """() => {
            const { node, subgraph } = window.app.graph.convertToSubgraph(new Set([window.named.outline]));
            const inner = subgraph.nodes[0];
            subgraph.addInput("outline", "STRING").connect(inner.inputs.find(i => i.widget?.name === "outline"), inner);
            Object.assign(window.named, { box: node, outline: inner });
        }"""
    )
    editor.choose("outline", "topic", "Day trains")
    editor.run()
    text = editor.text("outline", "text.includes('Day trains')")
    editor.page.evaluate("() => window.app.canvas.setGraph(window.named.outline.graph)")
    editor.press_to_correct("outline", nodes_2=False)
    assert editor.value("box", "outline") == text
    (sent,) = (one["inputs"] for one in editor.prompt().values() if one["class_type"] == "LecternDeckOutline")
    assert sent["outline"] == text


def link_outline(editor: PromptsEditor, source: str) -> None:
    editor.page.evaluate(
        "name => window.named[name].connect(0, window.named.outline, window.named.outline.findInputSlot('outline'))",
        source,
    )


def test_in_chinese_our_own_words_are_chinese_too(
    editor: PromptsEditor, chats: Chats, server: ComfyServer, complaints: list[str]
):
    editor.speak("zh")
    try:
        open_editor(editor.page, server.url)
        editor.page.evaluate("() => { window.named = {} }")
        editor.template("idea_to_prompt", template=3)
        editor.outliner()
        editor.expander()
        titled = editor.page.evaluate(
            "() => ['outline', 'template', 'expand model'].map(one => window.named[one].title)"
        )
        assert titled == ["演示文稿大纲", "提示词扩写", "对话模型"]
        chats.local.server.seconds_per_token = SLOW
        editor.run()
        editor.text("expand", "text.includes('生成中') && text.includes('token/秒')")
        chats.local.server.seconds_per_token = 0
        assert editor.until("outline", "lectern_edit_outline", "w")["label"] == "修改这份大纲"
        assert editor.text("expand", "text && !text.includes('生成中')") == PROMPT
    finally:
        editor.speak("en")
    assert ours(complaints) == []
