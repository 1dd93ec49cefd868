"""Apps in the editor: published by one press or with care, listed in the sidebar, for holders of keys too."""

import itertools
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.client import Comfy, workflow
from support.editor import RUN_TIMEOUT, Editor, open_editor
from tools.server import ComfyServer

pytestmark = pytest.mark.fresh  # what a dialog or the sidebar shows depends on what was open before

NAMES = itertools.count(1)
APPS = "/lectern/v1/apps"


class Publishing(Editor):
    """The editor, with the publish dialog and the sidebar."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.dialog = page.get_by_role("dialog", name="Publish as app")
        self.sidebar = page.locator(".lectern-sidebar")

    def background(self) -> None:
        """A small workflow that nobody picked anything in."""
        self.add("back", "LecternSlideBackground", width=64, height=64)
        self.add("save", "SaveImage")
        self.link("back", "save", "images")

    def open_dialog(self) -> None:
        self.page.evaluate("() => { void window.app.extensionManager.command.execute('Lectern.PublishAsApp') }")
        expect(self.dialog).to_be_visible(timeout=RUN_TIMEOUT)

    def publish(self, title: str = "") -> str:
        """Presses the button; the app's slug."""
        if title:
            self.dialog.get_by_label("Title").fill(title)
        self.dialog.get_by_role("button", name="Publish", exact=True).click()
        link = self.dialog.get_by_role("link", name="Open the app")
        expect(link).to_be_focused(timeout=RUN_TIMEOUT)
        slug = (link.get_attribute("href") or "").rsplit("/", 1)[-1]
        self.page.keyboard.press("Escape")
        expect(self.dialog).to_be_hidden()
        return slug

    def row(self, label: str) -> Locator:
        return self.dialog.locator("ol > li").filter(has=self.page.get_by_role("button", name=f"Settings of {label}"))

    def labels(self) -> list[str]:
        return self.dialog.locator("ol > li .title").evaluate_all("titles => titles.map(title => title.value)")

    def open_sidebar(self) -> None:
        self.page.locator(".lectern-apps-tab-button").click()
        expect(self.sidebar.locator(".lectern-sidebar-body > *").first).to_be_visible()


def title() -> str:
    return f"Test {next(NAMES)}"


@pytest.fixture
def editor(page: Page) -> Publishing:
    return Publishing(page)


def app(comfy: Comfy, slug: str) -> dict[str, Any]:
    return comfy.get(f"{APPS}/{slug}").json


def test_what_app_mode_picked_is_published_by_one_press(editor: Publishing, comfy: Comfy, complaints: list[str]):
    graph = workflow("deck_from_titles", api=False)
    graph["extra"]["lectern"] = {"app": {"title": title()}}
    graph["extra"]["linearData"]["inputs"].append(["99", "gone"])
    editor.load(graph)
    editor.page.get_by_role("button", name="Publish as app: with").click()
    expect(editor.dialog).to_contain_text("gone names a node that no longer exists")
    slug = editor.publish()
    published = app(comfy, slug)
    assert (published["source"], list(published["inputs"]["properties"])) == (
        "app_mode",
        ["titles", "palette", "watermark", "seed"],
    )
    assert editor.saved()["extra"]["lectern"]["app"]["slug"] == slug
    editor.open_dialog()
    expect(editor.dialog).to_contain_text(f"Makes version 2 of “{published['title']}”.")
    assert complaints == []


def test_what_a_person_picks_arrives_and_is_there_next_time(editor: Publishing, comfy: Comfy, complaints: list[str]):
    editor.background()
    editor.open_dialog()
    assert editor.labels() == ["Seed", "Width", "Height"]
    editor.row("Seed").get_by_role("checkbox").click()  # the row goes
    settings = editor.dialog.locator("details", has_text="Settings")
    settings.locator("summary").click()
    settings.get_by_label("Palette").click()
    editor.row("Palette").get_by_role("button", name="Move Palette").press("ArrowUp")
    handle = editor.row("Width").get_by_role("button", name="Move Width")
    handle.hover()
    editor.page.mouse.down()
    below = editor.row("Height").bounding_box()
    assert below
    editor.page.mouse.move(below["x"], below["y"] + below["height"], steps=4)
    editor.page.mouse.up()
    assert editor.labels() == ["Palette", "Height", "Width"]
    width = editor.row("Width")
    width.get_by_role("button", name="Settings").click()
    width.get_by_label("Highest").fill("32")
    width.get_by_label("Lowest").fill("64")
    expect(width).to_contain_text("The lowest value is above the highest.")
    editor.dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(editor.dialog).to_contain_text("Some limits do not fit")
    width.get_by_label("Highest").fill("128")
    width.get_by_label("Help text").fill("In pixels")
    width.get_by_label("Label").fill("Breadth")
    palette = editor.row("Palette")
    palette.get_by_role("button", name="Settings").click()
    palette.get_by_role("button", name="None").click()
    palette.get_by_label("aurora").check()
    palette.get_by_label("ocean").check()
    slug = editor.publish(title())
    inputs = app(comfy, slug)["inputs"]["properties"]
    assert list(inputs) == ["palette", "height", "breadth"]
    assert inputs["palette"]["enum"] == ["aurora", "ocean"]
    breadth = {key: inputs["breadth"][key] for key in ("title", "description", "minimum", "maximum")}
    assert breadth == {"title": "Breadth", "description": "In pixels", "minimum": 64, "maximum": 128}
    editor.open_dialog()
    assert editor.labels() == ["Palette", "Height", "Breadth"]
    assert editor.publish() == slug
    again = app(comfy, slug)
    assert (again["versions"], again["inputs"]["properties"]) == ([1, 2], inputs)
    assert complaints == []


def test_a_promoted_widget_of_a_subgraph_is_an_input(editor: Publishing, comfy: Comfy):
    editor.background()
    editor.page.evaluate(
        """() => {
            const { node, subgraph } = window.app.graph.convertToSubgraph(new Set([window.named.back]));
            const inner = subgraph.nodes[0];
            subgraph.addInput("colours", "COMBO").connect(inner.inputs.find(i => i.widget?.name === "palette"), inner);
        }"""
    )
    editor.open_dialog()
    editor.dialog.locator("summary", has_text="Settings").click()
    editor.dialog.get_by_label("Colours").click()
    slug = editor.publish(title())
    assert ":" in app(comfy, slug)["inputs"]["properties"]["colours"]["x-node"]["id"]


def test_the_sidebar_lists_copies_a_command_that_works_and_activates_a_version(
    editor: Publishing, comfy: Comfy, complaints: list[str]
):
    editor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.background()
    editor.open_dialog()
    slug = editor.publish(title())
    editor.open_dialog()
    editor.publish()
    editor.open_sidebar()
    card = editor.sidebar.locator(f"[data-slug={slug}]")
    card.get_by_role("button", name="Copy curl").click()
    expect(editor.page.get_by_text("Command copied.")).to_be_visible()
    command = editor.page.evaluate("() => navigator.clipboard.readText()")
    ran = subprocess.run(["bash", "-c", f"{command} -sS --noproxy '*'"], capture_output=True, text=True)
    assert '"status": "succeeded"' in ran.stdout, ran.stderr
    card.get_by_role("button", name="Versions and more").click()
    card.get_by_role("button", name="Activate").click()
    expect(card.locator(".lectern-origin")).to_have_text("Version 1")
    assert app(comfy, slug)["version"] == 1
    editor.sidebar.get_by_role("tab", name="Runs").click()
    run = editor.sidebar.locator(".lectern-run").first
    expect(run).to_contain_text(slug)
    expect(run).to_contain_text("done")
    assert complaints == []


def test_an_app_mode_workflow_in_the_folder_is_published_from_the_sidebar(editor: Publishing, comfy: Comfy):
    name = title()
    graph = workflow("deck_from_titles", api=False)
    del graph["extra"]["lectern"]
    graph["id"] = f"00000000-0000-4000-8000-{next(NAMES):012d}"
    assert comfy.post(f"/userdata/workflows%2F{name.replace(' ', '%20')}.json", graph).status == 200
    editor.open_sidebar()
    waiting = editor.sidebar.locator(".lectern-card", has_text=f"{name}.json")
    waiting.get_by_role("button", name="Publish").click()
    expect(waiting).to_be_hidden(timeout=RUN_TIMEOUT)
    slug = name.lower().replace(" ", "-")
    card = editor.sidebar.locator(f"[data-slug={slug}]")
    card.get_by_role("button", name="Versions and more").click()
    card.get_by_role("button", name="Delete").click()
    editor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card).to_be_hidden()
    assert comfy.get(f"{APPS}/{slug}").status == 404


@pytest.fixture
def admin_key(server: ComfyServer, comfy: Comfy) -> Iterator[str]:
    """While it is there apps are for holders of keys."""
    made = comfy.post("/lectern/v1/keys", {"name": "test", "scopes": ["run", "publish", "admin"]}).json["key"]
    file = server.base / "user" / "__lectern" / "lectern.toml"
    file.write_text('[apps]\naccess = "keys"\n', "utf-8")
    try:
        yield made
    finally:
        file.unlink()


def test_with_keys_on_one_signs_in_and_makes_keys(editor: Publishing, admin_key: str):
    editor.open_sidebar()
    editor.sidebar.get_by_role("button", name="Sign in").click()
    door = editor.page.get_by_role("dialog", name="Sign in to Lectern")
    door.get_by_label("API key").fill("lct_wrong")
    door.get_by_role("button", name="Sign in").click()
    expect(door.get_by_role("alert")).not_to_be_empty()
    door.get_by_label("API key").fill(admin_key)
    door.get_by_role("button", name="Sign in").click()
    expect(door).to_be_hidden()
    editor.sidebar.get_by_role("tab", name="Keys").click()
    editor.sidebar.get_by_text("New key").click()
    editor.sidebar.get_by_label("Name", exact=True).fill("n8n")
    editor.sidebar.get_by_role("button", name="Create").click()
    made = editor.sidebar.get_by_label("API key")
    expect(made).to_have_value(re.compile("^lct_"))
    editor.sidebar.get_by_role("button", name="Revoke n8n").click()
    editor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(editor.sidebar.get_by_role("button", name="Revoke n8n")).to_have_count(0)


@pytest.fixture
def in_chinese(page: Page, server: ComfyServer) -> Iterator[None]:
    def choose(locale: str) -> None:
        page.evaluate("locale => window.app.extensionManager.setting.set('Comfy.Locale', locale)", locale)

    choose("zh")
    open_editor(page, server.url)
    yield
    choose("en")


@pytest.mark.usefixtures("in_chinese")
def test_it_speaks_chinese(page: Page):
    editor = Publishing(page)
    editor.background()
    page.get_by_role("button", name="发布为应用").or_(page.get_by_text("发布为应用")).first.click()
    dialog = page.get_by_role("dialog", name="发布为应用")
    expect(dialog.get_by_label("标题")).to_have_value("未命名应用")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Lectern 应用").click()
    expect(page.get_by_role("tab", name="密钥")).to_be_visible()


def test_what_inputs_are_to_other_apis_is_told_and_changed(editor: Publishing, comfy: Comfy, complaints: list[str]):
    editor.background()
    editor.open_dialog()
    fold = editor.dialog.locator("details", has_text="For OpenAI's")

    def chosen() -> dict[str, str]:
        fold.locator("summary").click()
        expect(fold.locator("select").first).to_be_visible()
        texts = fold.locator("select").evaluate_all(
            "all => all.map(one => [one.dataset.role, one.selectedOptions[0].text])"
        )
        return dict(texts)

    told = chosen()
    assert [told[role] for role in ("width", "height", "seed")] == [
        "Automatic: Width", "Automatic: Height", "Automatic: Seed",
    ]  # fmt: skip
    fold.get_by_label("Width", exact=True).select_option("Height")
    fold.get_by_label("Seed", exact=True).select_option("None")
    slug = editor.publish(title())
    assert app(comfy, slug)["faces"] == {
        "roles": {"width": "height"},
        "derived": {"width": "width", "height": "height", "seed": "seed"},
    }
    editor.open_dialog()
    told = chosen()
    assert (told["width"], told["seed"]) == ("Height", "None")
    assert complaints == []
