"""Prompts nodes in the editor: lists that fill, text that streams, Cancel, and an outline that a person corrects."""

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pptx
import pytest
from playwright.sync_api import Page, expect

from support.chat import ChatThread
from support.client import workflow
from support.editor import BOTH_RENDERERS, RUN_TIMEOUT, Editor
from tools.server import ComfyServer, free_port

SEEDS = itertools.count(1)  # ComfyUI answers a graph that it has had before from memory
ENTRYS_CHOICE = "entry's choice"
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
        file.write_text("".join(f"[chat.{name}]\nurl = '{url}'\n" for name, url in urls.items()), "utf-8")
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
        self.show_all()
        if nodes_2:
            self.page.get_by_role("button", name="Correct this outline").click()
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
            "name => { document.activeElement?.blur(); window.app.canvas.selectNode(window.named[name]) }", node
        )
        self.page.keyboard.press(key)

    def speak(self, locale: str) -> None:
        """As the setting of the language does, which reads all definitions again."""
        self.page.evaluate("one => window.app.extensionManager.setting.set('Comfy.Locale', one)", locale)


@pytest.fixture
def editor(chats: Chats, page: Page) -> Iterator[PromptsEditor]:
    """The page, opened after the servers were named."""
    editor = PromptsEditor(page)
    yield editor
    editor.use_nodes_2(False)


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


def test_a_chat_model_that_is_switched_off_asks_nobody(editor: PromptsEditor, chats: Chats, complaints: list[str]):
    """As the templates have it, for machines without a server."""
    editor.template("idea_to_prompt", model=2)
    editor.add("awake", "LecternChatModel", chat="other")
    editor.expect_choices("awake", "model", [ENTRYS_CHOICE, "elsewhere"])
    assert chats.local.server.requests == []
    editor.press("model", "Control+b")
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "tiny", "large"])
    assert complaints == []


@BOTH_RENDERERS
def test_a_server_that_is_off_is_noted_while_the_node_is_on(
    editor: PromptsEditor, chats: Chats, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.add("model", "LecternChatModel", chat="off", model="qwen3")
    editor.expect_note("model", "cannot be reached")
    editor.expect_choices("model", "model", [ENTRYS_CHOICE, "qwen3"])
    for key in ("Control+b", "Control+m"):  # bypass, mute
        editor.press("model", key)
        editor.expect_no_note("model")
        editor.press("model", key)
        editor.expect_note("model", "cannot be reached")
    assert complaints == []


@BOTH_RENDERERS
def test_text_streams_into_the_node_and_the_prompt_takes_its_place(
    editor: PromptsEditor, chats: Chats, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.expander()
    before = editor.saved()["nodes"]
    chats.local.server.seconds_per_token = SLOW
    editor.run()
    early = editor.text("expand", "text.includes('tokens/s') && text.includes('brass')")
    assert early.startswith("writing · ") and PROMPT not in early
    editor.show_all()
    area = editor.page.get_by_role("textbox", name="Text", exact=True)
    expect(area).to_be_visible()
    expect(area).not_to_be_editable()
    later = editor.text("expand", f"text.length > {len(early) + 10}")
    shown, grown = (text.partition("\n")[2] for text in (early, later))
    assert grown.startswith(shown) and len(grown) > len(shown)
    assert editor.saved()["nodes"] == before  # neither the text nor its height is saved
    chats.local.server.seconds_per_token = 0
    assert editor.text("expand", "text && !text.includes('tokens/s')") == PROMPT
    expect(area).to_have_value(PROMPT)
    assert editor.saved()["nodes"] == before
    (sent,) = (one["inputs"] for one in editor.prompt().values() if one["class_type"] == "LecternPromptExpand")
    assert not [name for name in sent if name.startswith("lectern")]
    assert complaints == []


def test_each_node_shows_its_own_text(editor: PromptsEditor, chats: Chats):
    chats.local.server.answer = echo
    chats.local.server.seconds_per_token = SLOW / 4
    for name, idea in (("first", "a harbour"), ("second", "a glacier")):
        editor.expander(name, text=idea)
    editor.run()
    assert editor.text("first", "text && !text.includes('tokens/s')") == "This is a harbour"
    assert editor.text("second", "text && !text.includes('tokens/s')") == "This is a glacier"


def echo(body: Mapping[str, Any]) -> str:
    """The idea comes back."""
    said = "".join(str(one["content"]) for one in body["messages"])
    return written("This is a harbour" if "a harbour" in said else "This is a glacier")


def test_cancel_breaks_the_connection_and_leaves_no_half_text(editor: PromptsEditor, chats: Chats):
    editor.expander()
    editor.run()
    assert editor.text("expand", "text && !text.includes('tokens')") == PROMPT
    chats.local.server.seconds_per_token = 2  # seconds, so that it is still writing
    editor.choose("expand", "text", "another lamp")
    editor.run()
    editor.text("expand", "text.startsWith('writing')")
    begun = time.monotonic()
    editor.page.get_by_role("button", name="Cancel current run").first.click()
    chats.local.until(lambda one: one.broken)
    assert time.monotonic() - begun < 2
    assert editor.text("expand", "!text.includes('tokens')") == PROMPT  # what was there before
    assert chats.local.server.finished == 1


@BOTH_RENDERERS
def test_markup_of_a_model_is_text(editor: PromptsEditor, chats: Chats, complaints: list[str], nodes_2: bool):
    editor.use_nodes_2(nodes_2)
    chats.local.server.answer = lambda body: written(MARKUP)
    chats.local.server.seconds_per_token = SLOW / 4
    editor.expander()
    editor.run()
    editor.text("expand", "text.includes('<img src=x') && text.includes('tokens/s')")
    editor.show_all()
    assert MARKUP in editor.text("expand", "text && !text.includes('tokens/s')")
    editor.show_all()
    # nothing of it became part of the page, so nothing can run
    expect(editor.page.locator("img[src='x'], a[href^='javascript:']")).to_have_count(0)
    assert not editor.page.evaluate("() => [...document.scripts].some(one => one.text.includes('hacked'))")
    assert editor.page.evaluate("() => window.hacked") is None
    assert complaints == []


@BOTH_RENDERERS
def test_a_person_corrects_the_outline(
    editor: PromptsEditor, complaints: list[str], tmp_path: Path, nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.template("topic_to_illustrated_deck", outline=3, background=4, save=9)
    for node, widget, value in (
        ("outline", "topic", f"Quieter streets {next(SEEDS)}"), ("outline", "slides", 3),
        ("background", "width", 640), ("background", "height", 360),
    ):  # fmt: skip
        editor.choose(node, widget, value)
    before, sent = editor.saved()["nodes"][:5], editor.prompt()
    editor.run()
    planned = titles(editor, tmp_path)
    assert len(planned) == 3 and before == editor.saved()["nodes"][:5]
    assert sent == editor.prompt()
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


def outline_area(editor: PromptsEditor, text: str) -> Any:
    """The text area that a person writes into; ours are read only."""
    areas = editor.page.locator("textarea:not([readonly])")
    expect(areas.first).to_be_visible()
    values = areas.evaluate_all("all => all.map(one => one.value)")
    assert text in values
    return areas.nth(values.index(text))


def test_undo_and_another_tab_keep_the_text_and_the_button(editor: PromptsEditor):
    editor.outliner()
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


def rename(editor: PromptsEditor, **ids: int) -> None:
    """The front end made its nodes anew."""
    editor.page.evaluate(
        "ids => { for (const [name, id] of Object.entries(ids)) window.named[name] = window.app.graph.getNodeById(id) }",
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
    assert editor.text("expand", "text && !text.includes('tokens/s')") == PROMPT


def test_an_outline_that_comes_through_a_link_is_corrected_where_it_is(editor: PromptsEditor):
    editor.outliner()
    editor.run()
    text = editor.text("outline", "text")
    editor.add("source", "PrimitiveStringMultiline")
    link_outline(editor, "source")
    editor.press_to_correct("outline", nodes_2=False)
    assert (editor.value("source", "value"), editor.value("outline", "outline")) == (text, "")
    editor.add("sum", "StringConcatenate")
    link_outline(editor, "sum")
    editor.press_to_correct("outline", nodes_2=False)
    editor.expect_note("outline", "comes through a link")
    assert editor.value("outline", "outline") == ""


def link_outline(editor: PromptsEditor, source: str) -> None:
    editor.page.evaluate(
        "name => window.named[name].connect(0, window.named.outline, window.named.outline.findInputSlot('outline'))",
        source,
    )


def test_an_outline_that_a_subgraph_shows_is_corrected_there(editor: PromptsEditor):
    editor.outliner()
    editor.page.evaluate(
        """() => {
            const { node, subgraph } = window.app.graph.convertToSubgraph(new Set([window.named.outline]));
            const inner = subgraph.nodes[0];
            subgraph.addInput("outline", "STRING").connect(inner.inputs.find(i => i.widget?.name === "outline"), inner);
            Object.assign(window.named, { box: node, outline: inner });
        }"""
    )
    editor.run()
    text = editor.text("outline", "text")
    editor.until("outline", "lectern_edit_outline", "w")
    editor.page.evaluate(
        "() => window.named.outline.widgets.find(w => w.name === 'lectern_edit_outline').callback()"
    )  # it is drawn inside
    assert editor.value("box", "outline") == text
    (sent,) = (one["inputs"] for one in editor.prompt().values() if one["class_type"] == "LecternDeckOutline")
    assert sent["outline"] == text


def test_an_error_of_ours_is_shown_as_its_sentence(editor: PromptsEditor, chats: Chats):
    editor.expander()
    editor.choose("expand model", "model", "gone:7b")
    editor.run()
    editor.page.get_by_role("button", name="View details").click(timeout=RUN_TIMEOUT)
    expect(editor.page.get_by_text("gone:7b", exact=False).first).to_be_visible()
    assert not editor.has("expand", "lectern_text")


def test_in_chinese_our_own_words_are_chinese_too(editor: PromptsEditor, chats: Chats, complaints: list[str]):
    editor.speak("zh")
    try:
        editor.page.wait_for_function(
            "() => window.LiteGraph.registered_node_types.LecternDeckOutline.title === '演示文稿大纲'"
        )
        editor.page.wait_for_function("() => window.app.graph.nodes.length === 0")
        editor.outliner()
        editor.expander()
        titled = editor.page.evaluate("() => ['outline', 'expand', 'expand model'].map(one => window.named[one].title)")
        assert titled == ["演示文稿大纲", "提示词扩写", "对话模型"]
        chats.local.server.seconds_per_token = SLOW
        editor.run()
        editor.text("expand", "text.includes('生成中') && text.includes('token/秒')")
        chats.local.server.seconds_per_token = 0
        assert editor.until("outline", "lectern_edit_outline", "w")["label"] == "修改这份大纲"
        assert editor.text("expand", "text && !text.includes('token')") == PROMPT
    finally:
        editor.speak("en")
    assert complaints == []
