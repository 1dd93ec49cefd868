"""Save Deck's options through /prompt, and the decks as LibreOffice shows them."""

import io
import itertools
import urllib.parse
from pathlib import Path

import pptx
import pytest
from PIL import Image

from support.client import Comfy, node, workflow
from support.rendering import difference, render
from tools.server import ComfyServer

OLD = {"titles": "", "notes": "", "alt_texts": "", "document_title": "", "slide_numbers": False, "filename_prefix": "d"}


def deck(images=("1", 0), **inputs):
    return node("LecternSaveDeck", images=list(images), **OLD | inputs)


def grounds(count: int):
    """Node 1 draws, node 2 saves what was drawn."""
    drawn = {"style": "soft waves", "palette": "ocean", "colors": "", "words": "", "seed": 3}
    return {
        "1": node("LecternSlideBackground", **drawn, width=1280, height=720, batch_size=count),
        "2": node("SaveImage", images=["1", 0], filename_prefix="ground"),
    }


def upload(comfy: Comfy, name: str, data: bytes) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode()
    body = head + data + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert comfy.request("POST", "/upload/image", body, kind).status == 200


def rendered(comfy: Comfy, outputs, folder: Path, width: int = 1280, height: int = 720) -> list[Image.Image]:
    (folder / "deck.pptx").write_bytes(comfy.file(outputs["3"]["files"][0]))
    return render(folder / "deck.pptx", folder, width, height)


def test_a_prompt_saved_before_there_were_options_still_runs(comfy: Comfy):
    made = comfy.outputs(grounds(1) | {"3": deck()})["3"]
    assert [file["filename"].rsplit(".", 1)[1] for file in made["files"]] == ["pptx"]
    (small,) = comfy.pictures(made["thumbnails"])
    assert (small.format, small.size) == ("JPEG", (256, 144))
    assert made["thumbnails"][0]["type"] == "temp"


def test_both_files_show_the_same_pictures(comfy: Comfy, tmp_path):
    made = comfy.outputs(grounds(2) | {"3": deck(format="both", titles="One\nTwo")})
    saved = comfy.pictures(made["2"]["images"])
    shown = rendered(comfy, made, tmp_path)
    assert len(shown) == 2
    assert [difference(*pair) < 1.5 for pair in zip(shown, saved, strict=True)] == [True, True]
    assert made["3"]["files"][1]["filename"].endswith(".pdf")
    assert comfy.file(made["3"]["files"][1])[:8] == b"%PDF-1.7"


def test_a_background_covers_the_slide(comfy: Comfy, tmp_path):
    made = comfy.outputs(grounds(1) | {"3": deck(picture_as="background")})
    (shown,), (saved,) = rendered(comfy, made, tmp_path), comfy.pictures(made["2"]["images"])
    assert difference(shown, saved) < 2


def test_native_text_is_where_it_should_be_and_nowhere_else(comfy: Comfy, tmp_path):
    """Ink at the bottom left, where the title stands; the rest of the picture is untouched."""
    made = comfy.outputs(
        grounds(1) | {"3": deck(titles="A title to edit", native_text=True, watermark="© {n}", body="x\ny")}
    )
    (shown,), (saved,) = rendered(comfy, made, tmp_path), comfy.pictures(made["2"]["images"])
    assert difference(shown.crop((60, 480, 700, 690)), saved.crop((60, 480, 700, 690))) > 8
    assert difference(shown.crop((0, 100, 1280, 330)), saved.crop((0, 100, 1280, 330))) < 1.5
    assert difference(shown.crop((1180, 20, 1260, 55)), saved.crop((1180, 20, 1260, 55))) > 4


def test_the_contents_slide_is_shown_with_all_its_lines(comfy: Comfy, tmp_path):
    made = comfy.outputs(grounds(4) | {"3": deck(titles="A\nB\nC\nD", contents="at the beginning")})
    contents, *slides = rendered(comfy, made, tmp_path)
    saved = comfy.pictures(made["2"]["images"])
    assert len(slides) == 4 and all(difference(*pair) < 1.5 for pair in zip(slides, saved, strict=True))
    bare = contents.convert("L").point([0] * 150 + [255] * 106)
    rows = [bool(bare.crop((0, top, 1280, top + 1)).getbbox()) for top in range(720)]
    lines = sum(now and not before for before, now in itertools.pairwise(rows))
    assert lines == 5  # the heading and four entries


def company_template() -> bytes:
    presentation = pptx.Presentation()
    presentation.slide_master.background.fill.solid()
    presentation.slide_master.background.fill.fore_color.rgb = pptx.dml.color.RGBColor(0, 128, 0)
    presentation.slides.add_slide(presentation.slide_layouts[0]).shapes.title.text = "Old"
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def test_a_template_keeps_its_size_and_look_and_takes_the_picture(comfy: Comfy, tmp_path):
    upload(comfy, "company.pptx", company_template())
    made = comfy.outputs(grounds(1) | {"3": deck(template="company.pptx", titles="New")})
    (shown,) = rendered(comfy, made, tmp_path, 960, 720)
    assert shown.getpixel((5, 5)) == (0, 128, 0)
    assert shown.getpixel((400, 200)) != (0, 128, 0)
    opened = pptx.Presentation(tmp_path / "deck.pptx")
    assert [slide.shapes.title.text_frame.text for slide in opened.slides] == ["New"]


def test_a_template_that_changed_makes_the_deck_anew(comfy: Comfy, server: ComfyServer):
    graph = grounds(1) | {"3": deck(template="changing.pptx")}
    upload(comfy, "changing.pptx", company_template())
    first = comfy.outputs(graph)["3"]["files"]
    (server.base / "input" / "changing.pptx").write_bytes(company_template() + b"")
    assert comfy.outputs(graph)["3"]["files"] != first


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"template": "none.pptx"}, "There is no file 'none.pptx' in ComfyUI's input folder"),
        ({"template": "../../etc/passwd"}, "leads out of ComfyUI's input folder"),
        ({"template": "/etc/passwd"}, "leads out of ComfyUI's input folder"),
        ({"template": "a\0b"}, "leads out of ComfyUI's input folder"),
        ({"template": "text.pptx"}, "'text.pptx' is not a PowerPoint file that can be read"),
        ({"sections": "a\nb\nc"}, "There are 3 sections for 2 pictures"),
        ({"body": "a\n\nb\n\nc"}, "There are 3 body texts for 2 pictures"),
        ({"contents": "at the beginning"}, "A contents slide needs titles"),
        ({"format": "pdf", "native_text": True, "titles": "t", "text_font": "No Such"}, "no font 'No Such'"),
    ],
)
def test_a_mistake_is_one_clear_sentence(comfy: Comfy, inputs, said):
    upload(comfy, "text.pptx", b"just text")
    message = comfy.error(grounds(2) | {"3": deck(**inputs)})
    assert said in message


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"format": "docx"}, "'docx' not in"),
        ({"text_color": "blurple"}, "'blurple' is not a colour"),
        ({"watermark": "{page}"}, "{page}, which does not exist"),
    ],
)
def test_a_wrong_value_is_named_before_anything_runs(comfy: Comfy, inputs, said):
    graph = grounds(1) | {"3": deck(**inputs)}
    del graph["2"]
    answer = comfy.post("/prompt", {"prompt": graph})
    assert answer.status == 400 and said in urllib.parse.unquote(answer.body.decode().encode().decode("unicode_escape"))


def test_the_template_workflow_has_contents_sections_and_notes(comfy: Comfy, tmp_path):
    graph = workflow("deck_with_contents")
    made = comfy.outputs(graph)["6"]
    (tmp_path / "deck.pptx").write_bytes(comfy.file(made["files"][0]))
    opened = pptx.Presentation(tmp_path / "deck.pptx")
    titles = graph["1"]["inputs"]["value"].splitlines()
    found = [slide.shapes.title.text_frame.text for slide in opened.slides]
    assert found == [titles[0], "Contents", *titles[1:]]
    assert sum(slide.has_notes_slide for slide in opened.slides) == len(titles) == len(made["thumbnails"])
    sections = [section.get("name") for section in opened.part._element.iter("{*}section")]
    assert sections == ["Opening", "Life", "Numbers", "Closing"]
