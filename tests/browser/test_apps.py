"""The web pages of apps, in Chromium, in front of a stand-in that reaches the rare states when a test says so."""

import io
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, expect

from support.app_pages import AppPages
from support.standin import StandInThread
from support.standin.acts import picture
from support.standin.samples import HOSTILE
from support.standin.server import KEY

Visit = Callable[..., AppPages]
SEA = FilePayload(name="sea.png", mimeType="image/png", buffer=picture(5, (200, 100)))


@pytest.fixture
def standin() -> Iterator[StandInThread]:
    with StandInThread() as thread:
        yield thread


@pytest.fixture
def visit(browser: Browser, standin: StandInThread) -> Iterator[Visit]:
    """Somebody at a browser; what the console complained of at the end fails the test, the CSP's refusals included."""
    opened: list[AppPages] = []

    def open_browser(**options) -> AppPages:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US"} | options)
        context.set_default_timeout(10_000)
        opened.append(AppPages(context.new_page(), standin.url))
        return opened[-1]

    yield open_browser
    complaints = [complaint for pages in opened for complaint in pages.complaints]
    for pages in opened:
        pages.page.context.close()
    assert complaints == []


def hold(standin: StandInThread, *places: str) -> None:
    standin.run(standin.server.hold(*places))


def test_from_the_list_to_a_result(visit, standin):
    pages = visit()
    pages.open()
    cards = pages.page.locator(".app-card")
    expect(cards).to_have_count(len(standin.server.apps))
    pages.page.get_by_role("searchbox").fill("sentence poster")
    expect(cards).to_have_count(1)
    cards.get_by_role("link").click()
    pages.field("Prompt").fill("A pier in fog")
    hold(standin, "sampling")
    pages.page.keyboard.press("Control+Enter")
    bar = pages.page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", re.compile("5[0-9]"))
    expect(pages.stage).to_contain_text("Sampler")
    expect(pages.stage).to_contain_text("Step 5 of 8")
    expect(pages.page.locator(".preview-picture")).to_have_attribute("src", re.compile("^data:image/jpeg;base64,"))
    hold(standin)
    expect(pages.pictures()).to_have_count(1)
    expect(pages.page.locator(".stage > [role=status]")).to_have_text("Done: 1 result")
    assert standin.server.submitted[0]["input"] == {
        "prompt": "A pier in fog", "size": "Slide 16:9", "steps": 20, "strength": 7.5, "seed": "random",
    }  # fmt: skip
    with pages.page.expect_download() as download:
        pages.stage.get_by_role("link", name="Download poster_00001.png").click()
    assert download.value.suggested_filename == "poster_00001.png"


def test_several_takes_zoom_compare_and_use_again(visit, standin):
    pages = visit()
    pages.open_app("poster")
    pages.page.get_by_label("How many").select_option("3")
    pages.field("Steps").fill("9")
    pages.run()
    expect(pages.pictures()).to_have_count(3)
    expect(pages.stage.get_by_role("link", name="Download all")).to_have_attribute("href", re.compile("outputs.zip$"))
    pages.field("Steps").fill("12")
    pages.run()
    expect(pages.page.get_by_role("button", name=re.compile(", done$"))).to_have_count(2)
    pages.stage.get_by_role("button", name="Compare with the previous result").first.click()
    edge = pages.page.get_by_label("Edge between previous and this result")
    edge.press("ArrowRight")
    expect(edge).to_have_value("50.5")
    pages.page.keyboard.press("Escape")
    pages.stage.get_by_role("button", name=re.compile("zoom$")).first.click()
    count = pages.page.locator(".viewer-count")
    expect(count).to_have_text("1 / 3")
    pages.page.keyboard.press("ArrowLeft")
    expect(count).to_have_text("3 / 3")
    pages.page.keyboard.press("+")
    expect(pages.page.locator(".viewer-stage.zoomed")).to_be_visible()
    pages.page.keyboard.press("Escape")
    pages.page.get_by_role("button", name=re.compile(", done$")).last.click()
    pages.stage.get_by_role("button", name="Use these inputs").click()
    expect(pages.field("Steps")).to_have_value("9")
    # A drawn seed of 64 bits keeps every digit, which a JavaScript number does not.
    expect(pages.field("Seed")).to_have_value("7000000000000000001")
    pages.run()
    standin.until(lambda server: len(server.submitted) == 3)
    assert standin.server.submitted[2]["input"]["seed"] == 7000000000000000001


def test_a_run_that_waits_can_be_canceled(visit, standin):
    hold(standin, "queued")
    pages = visit()
    pages.open_app("busy")
    pages.run()
    expect(pages.stage).to_contain_text("Waiting: 2 before this one")
    pages.stage.get_by_role("button", name="Cancel").click()
    expect(pages.stage.get_by_role("heading", name="Canceled")).to_be_visible()
    assert [run["status"] for run in standin.server.runs.values()] == ["canceled"]


def test_results_stand_and_are_compared_in_the_apps_order_however_they_landed(visit):
    pages = visit()
    pages.open_app("poster")
    found = pages.page.evaluate(
        """async () => {
            const { counterpart, inOrder } = await import("/lectern/static/parts/gallery.mjs");
            const item = (output, take, url) => ({ output, take, url });
            const app = { outputs: { picture: {}, mask: {} } };
            const before = inOrder({ outputs: [item("mask", 0, "M"), item("picture", 0, "P")] }, app);
            const first = [item("mask", 1, "m1"), item("picture", 0, "p0")];
            const now = inOrder({ outputs: [...first, item("mask", 0, "m0"), item("picture", 1, "p1")] }, app);
            const compared = now.map((one) => counterpart(one, now, before).url);
            return [now.map((one) => one.url), compared];
        }"""
    )
    assert found == [["p0", "p1", "m0", "m1"], ["P", "P", "M", "M"]]


def test_an_error_names_the_node_and_stays_text(visit):
    pages = visit()
    pages.open_app("broken")
    pages.run()
    notice = pages.stage.locator(".notice")
    expect(notice).to_contain_text("A node failed")
    expect(notice).to_contain_text("Upscale <img src=x onerror=window.hacked=1>: Upscale: the picture has 3 channels")
    assert pages.page.evaluate("() => window.hacked") is None


def test_hostile_texts_stay_texts(visit):
    pages = visit()
    pages.open()
    expect(pages.page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    pages.open_app("hostile")
    pages.run()
    expect(pages.stage).to_contain_text("<b>not bold</b>")
    expect(pages.page.locator("h1")).to_have_text(HOSTILE)
    expect(pages.field(HOSTILE)).to_have_value(HOSTILE)
    assert pages.page.evaluate("() => window.hacked") is None


def test_what_the_server_refuses_stands_at_its_field(visit):
    pages = visit()
    pages.open_app("strict")
    pages.field("Prompt").fill("x")
    pages.run()
    expect(pages.block("steps")).to_contain_text("steps may be at most 8; got 20.")
    expect(pages.block("size")).to_contain_text("size must be given.")
    expect(pages.field("Steps")).to_be_focused()
    expect(pages.field("Steps")).to_have_attribute("aria-invalid", "true")
    pages.field("Steps").fill("51")
    expect(pages.block("steps")).to_contain_text("At most 50.")
    pages.field("Steps").fill("8")
    expect(pages.block("steps").locator(".error")).to_be_hidden()


def test_every_kind_of_input(visit, standin):
    pages = visit()
    pages.open_app("everything")
    pages.run()
    expect(pages.block("title")).to_contain_text("This is needed.")
    expect(pages.field("Headline")).to_be_focused()
    assert not standin.server.submitted
    pages.field("Headline").fill("Autumn")
    pages.field("Denoise").press("ArrowUp")
    pages.page.get_by_role("radio", name="bold").check()
    sampler = pages.field("Sampler")
    sampler.fill("sde 2m")
    sampler.press("Enter")
    expect(sampler).to_have_value("dpmpp_2m_sde")
    pages.field("Tileable").check()
    pages.field("New each time").uncheck()
    pages.field("Seed").fill("18446744073709551615")
    pages.block("picture").locator("input[type=file]").set_input_files(SEA)
    paint_over_the_middle(pages)
    pages.run()
    expect(pages.stage).to_contain_text("Autumn review.pptx")
    given = standin.server.submitted[0]["input"]
    names = ("title", "denoise", "mood", "sampler", "tiling", "seed")
    assert [given[name] for name in names] == ["Autumn", 0.61, "bold", "dpmpp_2m_sde", True, 2**64 - 1]
    mask = np.asarray(Image.open(io.BytesIO(standin.server.files[given["mask"].rsplit("/")[-1]][0])).convert("L"))
    assert mask.shape == (100, 200)
    assert mask[50, 100] == 255 and mask[5, 5] == 0
    assert standin.server.files[given["picture"].rsplit("/")[-1]][0] == SEA["buffer"]


def paint_over_the_middle(pages: AppPages) -> None:
    """With the mouse, with the keyboard, and one stroke taken back."""
    pages.page.get_by_role("button", name="Paint over the picture").click()
    canvas = pages.page.get_by_role("application")
    box = canvas.bounding_box()
    assert box is not None
    canvas.press("Space")
    canvas.press("ArrowRight")
    canvas.press("Space")
    pages.page.mouse.move(box["x"] + 8, box["y"] + 8)
    pages.page.mouse.down()
    pages.page.mouse.move(box["x"] + 60, box["y"] + 8)
    pages.page.mouse.up()
    canvas.press("Control+z")
    pages.page.get_by_role("button", name="Use this mask").click()
    expect(pages.page.locator(".mask-layer")).to_be_visible()


def test_a_pasted_picture_and_one_of_a_wrong_kind(visit):
    pages = visit()
    pages.open_app("everything")
    paste = """type => {
        const data = new DataTransfer();
        data.items.add(new File(['x'], 'pasted.' + type.split('/')[1], { type }));
        document.querySelector('.fields').dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    }"""
    pages.page.evaluate(paste, "text/html")
    expect(pages.block("picture")).to_contain_text("Files of this kind are not taken here: pasted.html")
    pages.page.evaluate(paste, "image/png")
    expect(pages.block("picture")).to_contain_text("1 byte")


def test_a_link_carries_inputs_and_a_version(visit):
    pages = visit(permissions=["clipboard-read", "clipboard-write"])
    pages.open_app("poster", "?version=2")
    pages.field("Prompt").fill("Ein Fjord, 峡湾 🏔")
    pages.field("Steps").fill("7")
    pages.page.get_by_role("button", name="Copy link").click()
    expect(pages.page.locator(".form-note")).to_have_text("The link is copied.")
    link = pages.page.evaluate("() => navigator.clipboard.readText()")
    other = visit()
    other.page.goto(link)
    expect(other.field("Prompt")).to_have_value("Ein Fjord, 峡湾 🏔")
    expect(other.field("Steps")).to_have_value("7")
    expect(other.page.get_by_label("Version")).to_have_value("2")
    other.field("Prompt").fill("long " * 2000)
    other.page.get_by_role("button", name="Copy link").click()
    expect(other.page.locator(".form-note")).to_have_text("These inputs are too long for a link.")


def test_a_run_goes_on_over_a_reload_and_a_restart(visit, standin):
    hold(standin, "sampling")
    pages = visit()
    pages.open_app("poster")
    pages.field("Prompt").fill("A pier in fog")
    pages.run()
    expect(pages.stage).to_contain_text("Step 5 of 8")
    pages.page.reload()
    expect(pages.stage).to_contain_text("Step 5 of 8")
    expect(pages.field("Prompt")).to_have_value("A pier in fog")
    standin.run(standin.server.go_down())
    expect(pages.stage).to_contain_text("The connection is lost")
    hold(standin)
    standin.run(standin.server.come_back())
    expect(pages.pictures()).to_have_count(1)
    assert len(standin.server.submitted) == 1


def test_a_server_that_is_away_when_run_is_pressed(visit, standin):
    pages = visit()
    pages.open_app("poster")
    standin.run(standin.server.go_down())
    pages.run()
    expect(pages.stage).to_contain_text("The server cannot be reached", timeout=15_000)
    standin.run(standin.server.come_back())
    pages.run()
    expect(pages.pictures()).to_have_count(1)


def test_signing_in_and_out(visit, standin):
    standin.server.access = "keys"
    pages = visit()
    pages.open()
    pages.page.get_by_label("Key").fill("lct_wrong")
    pages.page.keyboard.press("Enter")
    expect(pages.page.get_by_role("alert")).to_have_text("This key is not known, or no longer valid.")
    pages.page.get_by_label("Key").fill(KEY)
    pages.page.keyboard.press("Enter")
    expect(pages.page.locator(".app-card").first).to_be_visible()
    pages.open_app("poster")
    pages.page.context.clear_cookies()  # a session that ended meanwhile
    pages.run()
    pages.page.get_by_label("Key").fill(KEY)
    pages.page.keyboard.press("Enter")
    expect(pages.pictures()).to_have_count(1)
    pages.page.reload()
    pages.page.get_by_role("button", name="Sign out").click()
    expect(pages.page.get_by_label("Key")).to_be_visible()  # in place of the app
    standin.server.apps["poster"]["options"]["public"] = True
    pages.open()
    expect(pages.page.locator(".app-card")).to_have_count(1)
    pages.page.get_by_role("button", name="Sign in").click()
    pages.page.get_by_label("Key").fill(KEY)
    pages.page.keyboard.press("Enter")
    expect(pages.page.locator(".app-card")).to_have_count(len(standin.server.apps))


def test_another_machine_is_told_where_to_look(visit, standin):
    standin.server.refuse_machine = True
    pages = visit()
    pages.open()
    expect(pages.page.locator("h1")).to_have_text("Only on its own machine")
    standin.server.refuse_machine = False
    standin.server.apps.clear()
    pages.page.reload()
    expect(pages.page.get_by_text("python -m lectern publish")).to_be_visible()
    pages.open("/a/nothing")
    expect(pages.page.locator("h1")).to_have_text("There is no such app")


def test_on_a_phone_behind_a_proxy(visit):
    """No page is wider than the screen; every address follows the prefix that a proxy puts before ours."""
    pages = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    pages.open(prefix="/studio")
    expect(pages.page.locator(".app-card").first).to_be_visible()
    assert pages.page.evaluate("() => document.documentElement.scrollWidth") == 360
    pages.page.get_by_role("link", name="Everything at once").tap()
    pages.block("picture").locator("input[type=file]").set_input_files(SEA)
    pages.page.get_by_role("button", name="Paint over the picture").tap()
    for button in pages.page.locator(".painter button").all():
        expect(button).to_be_in_viewport(ratio=1)
    pages.page.get_by_role("button", name="Cancel").tap()
    assert pages.page.evaluate("() => document.documentElement.scrollWidth") == 360
    pages.open_app("poster", prefix="/studio")
    expect(pages.page.get_by_role("button", name="Run", exact=True)).to_be_in_viewport()
    pages.page.get_by_role("button", name="Run", exact=True).tap()
    expect(pages.pictures()).to_have_count(1)
    expect(pages.pictures().first).to_be_in_viewport()
    loaded = "() => performance.getEntriesByType('resource').map(one => new URL(one.name).pathname)"
    assert {path.split("/")[1] for path in pages.page.evaluate(loaded)} == {"studio"}


def test_chinese_by_the_browser_or_by_choice(visit):
    pages = visit(locale="zh-CN")
    pages.open_app("poster")
    expect(pages.page.locator("html")).to_have_attribute("lang", "zh-CN")
    pages.field("Prompt").fill("雾中的码头")
    pages.run()
    expect(pages.stage).to_contain_text("使用这些输入")
    pages.page.get_by_role("button", name="English").click()
    expect(pages.stage).to_contain_text("Use these inputs")
    expect(pages.field("Prompt")).to_have_value("雾中的码头")


@pytest.mark.parametrize(("theme", "locale"), [("light", "en-US"), ("dark", "zh-CN")])
def test_axe_finds_nothing_serious(visit, standin, theme, locale):
    """Every page and window; each theme with one of the languages, as no fault can come from the pair."""
    pages = visit(color_scheme=theme, locale=locale)
    pages.open()
    expect(pages.page.locator(".app-card").first).to_be_visible()
    assert pages.faults() == []
    pages.open_app("everything")
    pages.run()
    pages.block("picture").locator("input[type=file]").set_input_files(SEA)
    expect(pages.block("picture").locator("img")).to_be_visible()
    pages.field("Sampler").fill("dpm")
    assert pages.faults() == []
    pages.block("title").locator("input").fill("Autumn")
    hold(standin, "sampling")
    pages.run()
    expect(pages.page.locator(".preview-picture")).to_be_visible()
    assert pages.faults() == []
    hold(standin)
    expect(pages.pictures()).to_have_count(1)
    pages.stage.locator("summary").click()
    assert pages.faults() == []
    pages.block("mask").get_by_role("button").first.click()
    expect(pages.page.get_by_role("application")).to_be_visible()
    assert pages.faults() == []
    pages.page.keyboard.press("Escape")
    pages.open("/docs")
    pages.page.locator(".opblock-summary-control").click()
    expect(pages.page.get_by_text("Parameters", exact=True)).to_be_visible()
    assert pages.faults() == []


def test_the_other_theme_by_choice(visit):
    pages = visit(color_scheme="light")
    pages.open()
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = pages.page.evaluate(paper)
    pages.page.get_by_role("button", name="Dark colors").click()
    assert pages.page.evaluate(paper) != light
    dark = pages.page.evaluate(paper)
    pages.page.reload()
    assert pages.page.evaluate(paper) == dark


def test_a_template_of_the_pack_in_a_real_comfyui(visit, server):
    """At the address where ComfyUI mirrors it, with the real engine behind it."""
    pages = visit()
    pages.url = server.url
    pages.open(prefix="/api")
    pages.page.get_by_role("link", name="Deck from titles").click()
    pages.field("Titles").fill("Autumn review\nThank you")
    pages.run()
    expect(pages.pictures()).to_have_count(2, timeout=60_000)
    with pages.page.expect_download() as download:
        pages.stage.get_by_role("link", name=re.compile("^Download deck")).click()
    assert download.value.suggested_filename.endswith(".pptx")
    assert pages.page.evaluate("() => [...document.images].every(image => image.complete && image.naturalWidth)")
