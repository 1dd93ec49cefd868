"""What a designer does: find the template, press Run, take the deck."""

import io
from collections.abc import Iterator
from typing import Any

import pptx
import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from support.client import WORKFLOWS, Comfy, workflow
from support.editor import open_editor
from tools.server import ComfyServer

RUN_TIMEOUT = 90_000  # milliseconds for a whole workflow
NAMES = sorted(file.stem for file in WORKFLOWS.glob("*.json"))


def command(page: Page, name: str) -> None:
    page.evaluate("name => window.app.extensionManager.command.execute(name)", name)


def open_template(page: Page) -> None:
    command(page, "Comfy.BrowseTemplates")
    page.get_by_text("lectern", exact=True).click()
    page.get_by_text("deck_from_titles", exact=False).first.click()
    page.wait_for_function("() => window.app.graph.nodes.some(node => node.type === 'LecternSaveDeck')")


def open_search(page: Page) -> None:
    """Double-clicks the canvas until its search box has the focus: a canvas that is still settling ignores clicks."""
    for _ in range(10):
        page.mouse.dblclick(800, 450)
        try:
            page.wait_for_function("() => document.activeElement?.tagName === 'INPUT'", timeout=3000)
        except TimeoutError:
            continue
        return
    raise AssertionError("the node search did not open")


def download_button(page: Page) -> None:
    page.wait_for_function(
        "() => window.app.graph.nodes.find(node => node.type === 'LecternSaveDeck')"
        ".widgets.some(widget => widget.name === 'lectern_download')",
        timeout=RUN_TIMEOUT,
    )


def test_the_template_opens_runs_and_gives_a_deck(page: Page, complaints: list[str]):
    open_template(page)
    assert page.evaluate("() => window.app.graph.nodes.every(node => !node.has_errors)")
    expect(page.get_by_text("Missing", exact=False)).to_have_count(0)
    page.get_by_test_id("queue-button").click()
    download_button(page)
    with page.expect_download() as download:
        page.evaluate(
            "() => window.app.graph.nodes.find(node => node.type === 'LecternSaveDeck')"
            ".widgets.find(widget => widget.name === 'lectern_download').callback()"
        )
    assert download.value.suggested_filename.endswith(".pptx")
    deck = pptx.Presentation(str(download.value.path()))
    titles = workflow("deck_from_titles")["1"]["inputs"]["value"].splitlines()
    assert [slide.shapes.title.text_frame.text for slide in deck.slides] == titles
    assert complaints == []


@pytest.mark.fresh
def test_the_download_button_is_no_part_of_the_workflow(page: Page):
    open_template(page)
    before = page.evaluate("() => window.app.graph.serialize().nodes.find(node => node.id === 8).widgets_values")
    command(page, "Comfy.QueuePrompt")
    download_button(page)
    assert before == page.evaluate(
        "() => window.app.graph.serialize().nodes.find(node => node.id === 8).widgets_values"
    )


@pytest.mark.parametrize("nodes_2", [False, True])
def test_save_deck_shows_its_slides_and_a_button_for_each_file(page: Page, complaints: list[str], nodes_2: bool):
    """In the classic canvas and in Nodes 2.0; neither is saved with the workflow."""
    page.evaluate("on => window.app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on)", nodes_2)
    graph = workflow("deck_with_contents", api=False)
    page.evaluate("graph => window.app.loadGraphData(graph)", graph)
    node = "window.app.graph.getNodeById(6)"
    page.evaluate(f"() => {{ {node}.widgets.find(w => w.name === 'format').value = 'both' }}")
    before = page.evaluate(f"() => [{node}.serialize().widgets_values.length, Object.keys({node}.serialize()).length]")
    command(page, "Comfy.QueuePrompt")
    strip = page.locator("img[src*='thumbnail']")
    expect(strip).to_have_count(7, timeout=RUN_TIMEOUT)
    strip.first.scroll_into_view_if_needed()
    expect(strip.first).to_be_visible()
    page.wait_for_function("() => document.querySelector(\"img[src*='thumbnail']\").naturalWidth === 256")
    labels = f"() => {node}.widgets.filter(w => w.name.startsWith('lectern_download')).map(w => w.label)"
    assert [label.rsplit(".", 1)[-1] for label in page.evaluate(labels)] == ["pptx", "pdf"]
    with page.expect_download() as download:
        page.evaluate(f"() => {node}.widgets.find(w => w.name === 'lectern_download_1').callback()")
    assert download.value.suggested_filename.endswith(".pdf")
    exported = page.evaluate("async () => (await window.app.graphToPrompt()).output['6'].inputs")
    assert not [name for name in exported if name.startswith("lectern_")]
    after = page.evaluate(f"() => [{node}.serialize().widgets_values.length, Object.keys({node}.serialize()).length]")
    assert before == after
    assert complaints == []
    page.evaluate("() => window.app.extensionManager.setting.set('Comfy.VueNodes.Enabled', false)")


@pytest.fixture(scope="module")
def exports(browser: Browser, server: ComfyServer) -> Iterator[dict[str, Any]]:
    """What the front end exports of every template, opened one after the other in one editor."""
    page = browser.new_page()
    page.request.post(f"{server.url}/api/settings/Comfy.TutorialCompleted", data="true")
    open_editor(page, server.url)
    yield {name: _export(page, name) for name in NAMES}
    page.close()


def _export(page: Page, name: str) -> Any:
    page.evaluate("graph => window.app.loadGraphData(graph)", workflow(name, api=False))
    return page.evaluate("async () => (await window.app.graphToPrompt()).output")


@pytest.mark.parametrize("name", NAMES)
def test_the_api_file_is_what_the_front_end_exports(exports: dict[str, Any], name: str):
    assert exports[name] == workflow(name)


def test_every_node_can_be_put_on_the_canvas(page: Page, comfy: Comfy, complaints: list[str]):
    names = [name for name in comfy.get("/object_info").json if name.startswith("Lectern")]
    made = page.evaluate(
        "names => names.map(name => { const node = window.LiteGraph.createNode(name);"
        " window.app.graph.add(node); const settable = [...(node.widgets ?? []), ...(node.inputs ?? [])];"
        " return [node.type, node.title, settable.length]; })",
        names,
    )
    assert [kind for kind, _, _ in made] == names
    assert all(title and not title.startswith("Lectern") and settable for _, title, settable in made)
    assert complaints == []


def test_a_node_is_found_by_what_people_call_it(page: Page):
    open_search(page)
    page.keyboard.type("powerpoint")
    expect(page.get_by_text("Save Deck").first).to_be_visible()


def test_an_error_of_ours_is_shown_as_its_sentence(page: Page):
    open_template(page)
    page.evaluate("() => { window.app.graph.getNodeById(2).widgets.find(w => w.name === 'batch_size').value = 3 }")
    page.get_by_test_id("queue-button").click()
    page.get_by_role("button", name="View details").click(timeout=RUN_TIMEOUT)
    expect(page.get_by_text("There are 7 titles for 3 pictures.", exact=False).first).to_be_visible(timeout=RUN_TIMEOUT)


def test_pictures_made_by_hand_work_too(page: Page, comfy: Comfy):
    """A picture from the input folder instead of the drawn background, as the note in the template says."""
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (800, 800), "navy").save(data, "PNG")
    boundary = "lectern"
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="hand.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + data.getvalue()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert comfy.request("POST", "/upload/image", body, kind).status == 200
    graph = workflow("deck_from_titles")
    graph["1"]["inputs"]["value"] = "By hand"
    graph["2"] = {"class_type": "LoadImage", "inputs": {"image": "hand.png"}}
    outputs = comfy.outputs(graph)
    assert comfy.pictures(outputs["7"]["images"])[0].size == (1920, 1080)
