"""The slide nodes inside a real ComfyUI, through /prompt."""

import copy
import io
import zipfile

import pptx
import pytest

from support.client import Comfy, node, workflow
from support.rendering import difference, render
from tools.server import ComfyServer

NAME = "deck_from_titles"


def graph(**changes):
    """The bundled workflow with widgets changed: graph(n1_value="A title")."""
    changed = copy.deepcopy(workflow(NAME))
    for key, value in changes.items():
        number, name = key[1:].split("_", 1)
        changed[number]["inputs"][name] = value
    return changed


def changed(number: str, **inputs):
    """One node of the bundled workflow with other inputs."""
    return graph()[number] | {"inputs": graph()[number]["inputs"] | inputs}


def deck_of(comfy: Comfy, outputs) -> bytes:
    return comfy.file(outputs["8"]["files"][0])


@pytest.fixture(scope="module")
def outputs(comfy: Comfy):
    return comfy.outputs(graph(n8_slide_numbers=False, n6_template=""))


def test_the_workflow_makes_pictures_and_a_deck(comfy: Comfy, outputs):
    titles = graph()["1"]["inputs"]["value"].splitlines()
    assert [picture.size for picture in comfy.pictures(outputs["7"]["images"])] == [(1920, 1080)] * len(titles)
    deck = pptx.Presentation(io.BytesIO(deck_of(comfy, outputs)))
    assert [slide.shapes.title.text_frame.text for slide in deck.slides] == titles


def test_libreoffice_shows_every_picture_full_bleed(comfy: Comfy, outputs, tmp_path):
    """The same pixels edge to edge: LibreOffice resamples, so a few levels of difference are allowed."""
    (tmp_path / "deck.pptx").write_bytes(deck_of(comfy, outputs))
    shown = render(tmp_path / "deck.pptx", tmp_path, 1920, 1080)
    saved = comfy.pictures(outputs["7"]["images"])
    assert len(shown) == len(saved)
    for slide, picture in zip(shown, saved, strict=True):
        assert difference(slide, picture) < 1.5
        for edge in ((0, 0, 4, 1080), (1916, 0, 1920, 1080), (0, 0, 1920, 4), (0, 1076, 1920, 1080)):
            assert difference(slide.crop(edge), picture.crop(edge)) < 4


@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1216, 832), (1440, 1080)])
def test_other_shapes_are_full_bleed_too(comfy: Comfy, tmp_path, width, height):
    made = comfy.outputs(
        {
            "1": changed("2", words="", width=width, height=height),
            "7": node("SaveImage", images=["1", 0], filename_prefix="shape"),
            "8": changed("8", images=["1", 0], titles="", slide_numbers=False),
        }
    )
    (tmp_path / "deck.pptx").write_bytes(deck_of(comfy, made))
    (slide,) = render(tmp_path / "deck.pptx", tmp_path, width, height)
    (picture,) = comfy.pictures(made["7"]["images"])
    assert difference(slide, picture) < 1.5
    assert difference(slide.crop((width - 4, 0, width, height)), picture.crop((width - 4, 0, width, height))) < 4


@pytest.mark.parametrize("title", ["人工智能与演示文稿", "日本語のタイトル、です。", "한국어 제목", "Größe Ελλάς Жук"])
def test_titles_come_out_as_glyphs(comfy: Comfy, title):
    """Every character leaves ink of its own shape: a box or a blank would look the same for all of them."""
    letters = [letter for letter in dict.fromkeys(title) if not letter.isspace()]
    blank = node("EmptyImage", width=320, height=180, batch_size=len(letters), color=0)
    made = comfy.outputs(
        {
            "1": blank,
            "4": changed("4", images=["1", 0], title="\n".join(letters), size=40),
            "7": node("SaveImage", images=["4", 0], filename_prefix="glyph"),
        }
    )
    pictures = [picture.convert("L") for picture in comfy.pictures(made["7"]["images"])]
    shapes = [picture.crop(picture.getbbox()).tobytes() for picture in pictures]
    assert len(set(shapes)) == len(letters)


def test_a_character_without_a_font_is_an_error_that_helps(comfy: Comfy):
    message = comfy.error(graph(n1_value="Cuneiform \U00012345"))
    assert "U+12345" in message and "models/fonts" in message


def test_batches_and_lists_keep_their_length_and_alpha(comfy: Comfy):
    """Two batches (2 opaque, 1 transparent) through every node: numbers run on through both, alpha stays."""
    flat = {"text": "x", "position": "top left", "size": 5, "margin": 5, "color": "#ffffff", "font": ""}
    made = comfy.outputs(
        {
            "1": node("EmptyImage", width=64, height=64, batch_size=2, color=255),
            "2": node("EmptyImage", width=32, height=48, batch_size=1, color=255),
            "3": node("SolidMask", value=0.5, width=32, height=48),
            "4": node("JoinImageWithAlpha", image=["2", 0], alpha=["3", 0]),
            "5": changed("3", images=["4", 0], format="1:1", short_side=64),
            "6": node("LecternSlideWatermark", images=["5", 0], opacity=1.0, rotation=0.0, **flat),
            "7": node("SaveImage", images=["6", 0], filename_prefix="alpha"),
            "8": node("LecternSlideWatermark", images=["1", 0], opacity=1.0, rotation=0.0, **flat),
            "9": node("SaveImage", images=["8", 0], filename_prefix="opaque"),
        }
    )
    (clear,) = comfy.pictures(made["7"]["images"])
    assert clear.mode == "RGBA" and clear.size == (64, 64) and clear.getchannel("A").getextrema()[0] in range(1, 255)
    assert [picture.mode for picture in comfy.pictures(made["9"]["images"])] == ["RGB", "RGB"]


@pytest.mark.parametrize(
    ("change", "faulty", "said"),
    [
        ({"n2_palette": "nope"}, ("2", "palette"), "'nope' not in"),
        ({"n2_width": 5}, ("2", "width"), "smaller than min of 16"),
        ({"n2_colors": "#12"}, ("2", "colors"), "'#12' is not a colour"),
        ({"n3_background": "blurple"}, ("3", "background"), "'blurple' is not a colour"),
        ({"n4_color": "blurple"}, ("4", "color"), "'blurple' is not a colour"),
        ({"n4_size": "big"}, ("4", "size"), "FLOAT"),
        ({"n4_position": "middle"}, ("4", "position"), "'middle' not in"),
        ({"n5_text": "{nope}"}, ("5", "text"), "{nope}, which does not exist. Use {n} {total} {date}"),
        ({"n6_template": "{page}"}, ("6", "template"), "{page}, which does not exist. Use {n} {total}"),
    ],
)
def test_a_wrong_value_is_named_before_anything_runs(comfy: Comfy, change, faulty, said):
    wrong = graph(**change)
    if faulty[0] == "6":
        del wrong["8"]  # ComfyUI runs the outputs that are valid; alone, the wrong one refuses the whole prompt
    answer = comfy.post("/prompt", {"prompt": wrong})
    assert answer.status == 400
    errors = answer.json["node_errors"][faulty[0]]["errors"]
    matching = [error for error in errors if error["extra_info"]["input_name"] == faulty[1]]
    assert any(said in f"{error['message']} {error['details']}" for error in matching), errors


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n2_batch_size": 3}, "There are 7 titles for 3 pictures."),
        ({"n1_value": "x" * 400}, "does not fit its place on the slide"),
        ({"n1_value": "x " * 60000}, "120000 characters; 100000 are allowed"),
        ({"n4_font": "No Such Font"}, "There is no font 'No Such Font'"),
        ({"n8_filename_prefix": "../../escaped"}, "leads out of ComfyUI's output folder"),
        ({"n8_filename_prefix": "/etc/escaped"}, "leads out of ComfyUI's output folder"),
        ({"n8_filename_prefix": "a\0b"}, "leads out of ComfyUI's output folder"),
        ({"n2_batch_size": 4000}, "4000 backgrounds"),
    ],
)
def test_what_only_shows_at_run_time_is_one_clear_sentence(comfy: Comfy, change, said):
    assert said in comfy.error(graph(**change))


def test_an_output_folder_that_cannot_be_written_is_a_clear_error(comfy: Comfy, server: ComfyServer):
    """A file stands where the folder should be: no write permission stops root, this does."""
    (server.base / "output" / "blocked").write_text("in the way")
    message = comfy.error(graph(n8_filename_prefix="blocked/deck"))
    assert "cannot be made" in message and "choose another filename_prefix" in message


def test_a_deck_on_disk_is_whole(comfy: Comfy, server: ComfyServer, outputs):
    with zipfile.ZipFile(io.BytesIO(deck_of(comfy, outputs))) as package:
        assert package.testzip() is None
    assert not list((server.base / "output").rglob("*.part"))


def test_a_second_run_does_not_overwrite_the_first(comfy: Comfy):
    first, second = (comfy.outputs(graph(n1_value="One", n2_seed=seed))["8"]["files"][0] for seed in (1, 2))
    assert first["filename"] != second["filename"]


def test_the_same_seed_gives_the_same_pixels_after_other_work(comfy: Comfy):
    def pixels(prefix: str) -> bytes:
        made = {"1": changed("2", words="same", seed=2**64 - 1)}
        made["2"] = node("SaveImage", images=["1", 0], filename_prefix=prefix)
        return comfy.pictures(comfy.outputs(made)["2"]["images"])[0].tobytes()

    first = pixels("seed_a")
    comfy.post("/free", {"unload_models": True, "free_memory": True})
    comfy.outputs(graph(n1_value="Other", n2_seed=3))
    assert pixels("seed_b") == first
