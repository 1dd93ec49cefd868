"""Save Slides inside a real ComfyUI, through /prompt."""

import copy
import io
import time

import pytest
from PIL import Image

from lectern.infotext import read_parameters
from support.client import Comfy, node, workflow
from tools.comfyui import find_comfyui
from tools.server import ComfyServer


def graph(count=2, size=(192, 108), **changes):
    inputs = {"format": "PNG", "quality": 90, "target_kb": 0, "titles": "", "filename": "{prefix}_{counter}_"}
    inputs |= {"filename_prefix": "save/s", "workflow": True, "dpi": 0}
    drawn = {"style": "dots", "palette": "ocean", "colors": "", "words": "", "seed": 1}
    width, height = size
    return {
        "1": node("LecternSlideBackground", **drawn, width=width, height=height, batch_size=count),
        "2": node("LecternSaveSlides", images=["1", 0], **(inputs | changes)),
    }


def saved(comfy: Comfy, **changes):
    return comfy.outputs(graph(**changes))["2"]["images"]


@pytest.mark.parametrize(
    ("format", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WebP", ".webp"), ("AVIF", ".avif")]
)
def test_the_node_shows_what_it_saved(comfy: Comfy, format, suffix):
    entries = saved(comfy, format=format, filename_prefix=f"formats/{format}")
    assert [entry["filename"] for entry in entries] == [f"{format}_0000{number}_{suffix}" for number in (1, 2)]
    for picture in comfy.pictures(entries):
        assert (picture.format, picture.size) == (format.upper(), (192, 108))


def test_the_workflow_is_in_the_file_as_comfyuis_own_node_writes_it(comfy: Comfy):
    sent = graph(filename_prefix="meta/ours")
    sent["3"] = node("SaveImage", images=["1", 0], filename_prefix="meta/core")
    posted = comfy.post("/prompt", {"prompt": sent, "extra_data": {"extra_pnginfo": {"workflow": {"id": "x", "é": 1}}}})
    outputs = comfy.wait(posted.json["prompt_id"])["outputs"]
    (ours, *_), (core, *_) = (comfy.pictures(outputs[key]["images"]) for key in "23")
    assert set(ours.text) == {"prompt", "workflow"} and ours.text == core.text


def test_without_the_workflow_nothing_is_written(comfy: Comfy):
    for format in ("PNG", "JPEG", "WebP", "AVIF"):
        (picture, *_) = comfy.pictures(saved(comfy, format=format, workflow=False, filename_prefix="bare"))
        assert not picture.getexif() and not getattr(picture, "text", {})


def test_comfyuis_own_switch_keeps_the_workflow_out():
    with ComfyServer(comfyui=find_comfyui().path, arguments=["--disable-metadata"]) as server:
        comfy = Comfy(server.url)
        for format in ("PNG", "WebP"):
            (picture, *_) = comfy.pictures(saved(comfy, format=format))
            assert not picture.getexif() and not getattr(picture, "text", {})


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "AVIF"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_linked_infotext_is_in_every_picture_with_the_workflow_or_without(comfy: Comfy, server, format, keep):
    sent = graph(format=format, workflow=keep, filename_prefix=f"infotext/{keep}")
    sent["3"] = node("PrimitiveStringMultiline", value="a 猫\nNegative prompt: b\nSteps: 5")
    sent["2"]["inputs"]["infotext"] = ["3", 0]
    for entry in comfy.outputs(sent)["2"]["images"]:
        found = read_parameters(comfy.file(entry))
        assert found.infotext == "a 猫\nNegative prompt: b\nSteps: 5"
        assert set(found.texts) - {"parameters"} == ({"prompt"} if keep else set())


def test_infotexts_come_one_for_each_picture_or_one_for_all(comfy: Comfy):
    sent = graph(count=3, filename_prefix="infotext/lists")
    sent["3"] = node("CreateList", **{"inputs.input0": ["4", 0], "inputs.input1": ["5", 0]})
    sent |= {key: node("PrimitiveString", value=key) for key in "45"}
    sent["2"]["inputs"]["infotext"] = ["3", 0]
    assert "There are 2 infotexts for 3 pictures." in comfy.error(sent)


def test_names_from_titles_and_a_second_run_beside_the_first(comfy: Comfy):
    wanted = ["01 A-B", "02 CON"]
    for dpi, behind in ((72, ""), (96, " (2)")):  # something must differ, or ComfyUI answers from its cache
        entries = saved(comfy, filename="{n} {title}", titles="A/B\nCON", filename_prefix="named/x", dpi=dpi)
        assert [entry["filename"] for entry in entries] == [f"{name}{behind}.png" for name in wanted]
        assert {entry["subfolder"] for entry in entries} == {"named"}


def test_a_target_size_is_kept_with_the_workflow_in_the_file(comfy: Comfy):
    for entry in saved(comfy, format="WebP", target_kb=40, size=(1920, 1080), filename_prefix="small"):
        assert 0 < len(comfy.file(entry)) <= 40_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target_kb": 1}, "Raise target_kb"),
        ({"titles": "a\nb\nc"}, "There are 3 titles for 2 pictures."),
        ({"filename_prefix": "../out"}, "leads out of ComfyUI's output folder"),
    ],
)
def test_errors_are_sentences(comfy: Comfy, change, said):
    assert said in comfy.error(graph(**change))


@pytest.mark.parametrize(("name", "said"), [("{page}", "{page}, which does not exist"), ("a/b", "Put folders in")])
def test_a_wrong_file_name_is_refused_before_anything_runs(comfy: Comfy, name, said):
    answer = comfy.post("/prompt", {"prompt": graph(filename=name)})
    assert answer.status == 400 and said in str(answer.json["node_errors"]["2"]["errors"])


def test_cancel_stops_within_a_second_and_leaves_whole_files(comfy: Comfy, server: ComfyServer):
    """80 slides take some seconds; Cancel comes when the first is there."""
    folder = server.base / "output" / "cancel"
    sent = graph(1, (1280, 720), filename_prefix="cancel/c", format="AVIF")
    sent["3"] = node("RepeatImageBatch", image=["1", 0], amount=80)
    sent["2"]["inputs"]["images"] = ["3", 0]
    posted = comfy.post("/prompt", {"prompt": sent})
    deadline = time.monotonic() + 90
    while not (folder.is_dir() and any(folder.glob("*.avif"))):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    begun = time.monotonic()
    comfy.post("/interrupt", {})
    entry = comfy.wait(posted.json["prompt_id"])
    assert time.monotonic() - begun < 1.5
    assert entry["status"]["status_str"] == "error" and "execution_interrupted" in str(entry["status"]["messages"])
    files = list(folder.iterdir())
    assert 0 < len(files) < 80
    for file in files:
        assert file.suffix == ".avif" and Image.open(io.BytesIO(file.read_bytes())).convert("RGB").size == (1280, 720)


def test_the_template_brands_every_picture(comfy: Comfy, server: ComfyServer):
    """Two pictures of different shapes become two slides of the same size."""
    branded = copy.deepcopy(workflow("brand_a_folder"))
    for number, size in (("1", (300, 400)), ("2", (500, 200))):
        Image.new("RGB", size, "navy").save(server.base / "input" / f"source{number}.png")
        branded[number]["inputs"]["image"] = f"source{number}.png"
    pictures = comfy.pictures(comfy.outputs(branded)["7"]["images"])
    assert [(picture.format, picture.size) for picture in pictures] == [("JPEG", (1920, 1080))] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()  # 1/2 and 2/2
