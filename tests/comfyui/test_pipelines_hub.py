"""Downloads by Pipeline Loader inside a real ComfyUI, from a double of the hub to pictures."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.client import Comfy, node
from support.hub import Fault, HubThread
from support.tiny import tiny_pipeline
from tools.server import ComfyServer

SAMPLE = {
    "negative_prompt": "", "seed": 7, "steps": 2, "guidance_scale": -1.0, "width": 64, "height": 64, "batch_size": 1,
    "denoise": 0.75, "clip_skip": 0, "arguments": "",
}  # fmt: skip
UNET = "unet/diffusion_pytorch_model.safetensors"

_numbers = itertools.count()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubThread]:
    folder = tiny_pipeline("sd15", tmp_path_factory.mktemp("tiny") / "sd15")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = {"README.md": b"#", "unet/diffusion_pytorch_model.bin": b"bin", "unet/code.py": b"1"}
    repositories = {f"tiny/{name}": {"main": files | other} for name in ("sd15", "again", "slow", "off")}
    with HubThread(repositories) as hub:
        yield hub


@pytest.fixture(scope="module")
def server(hub: HubThread) -> Iterator[ComfyServer]:
    """One of its own: with no pipeline to begin with, and downloads allowed."""
    server = ComfyServer()
    settings(server, hub)
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def settings(server: ComfyServer, hub: HubThread, **changes: str) -> None:
    values = {"downloads": "true", "url": f'"{hub.double.url}"', "hosts": '["localhost"]', "attempts": "1"} | changes
    file = server.base / "user/__lectern/lectern.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[hub]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()), "utf-8")


def folder_of(server: ComfyServer, name: str) -> Path:
    return server.base / "models/diffusers/tiny" / name


def graph(hub_id: str, **changes: Any) -> dict[str, Any]:
    loader = {"pipeline": "", "variant": "", "dtype": "auto", "hub_id": hub_id, "revision": ""} | changes
    sample = SAMPLE | {"pipeline": ["1", 0], "prompt": f"a quiet harbour {next(_numbers)}"}
    return {
        "1": node("LecternPipelineLoader", **loader),
        "2": node("LecternPipelineSample", **sample),
        "3": node("PreviewImage", images=["2", 0]),
    }


def test_pictures_from_a_pipeline_that_was_not_there(comfy: Comfy, server: ComfyServer, hub: HubThread):
    """Then again while the hub is away: the loader is not even run, nor with another precision asked for."""
    made = comfy.pictures(comfy.outputs(graph("tiny/sd15"))["3"]["images"])
    assert [picture.size for picture in made] == [(64, 64)]
    names = {path.suffix for path in folder_of(server, "sd15").rglob("*") if path.is_file()}
    assert ".bin" not in names and ".py" not in names and ".safetensors" in names
    asked = len(hub.double.requests)
    settings(server, hub, url='"http://127.0.0.1:9"')
    try:
        entry = comfy.run(graph("tiny/sd15"))
        cached = [data["nodes"] for kind, data in entry["status"]["messages"] if kind == "execution_cached"]
        assert cached == [["1"]]
        comfy.outputs(graph("tiny/sd15", dtype="bf16"))
        comfy.outputs(graph("", pipeline="tiny/sd15"))
    finally:
        settings(server, hub)
    assert len(hub.double.requests) == asked


def test_a_changed_file_is_loaded_anew(comfy: Comfy, server: ComfyServer):
    comfy.outputs(graph("tiny/again"))
    file = folder_of(server, "again") / "scheduler/scheduler_config.json"
    file.write_text(file.read_text("utf-8") + " ", "utf-8")
    entry = comfy.run(graph("tiny/again"))
    cached = [data["nodes"] for kind, data in entry["status"]["messages"] if kind == "execution_cached"]
    assert entry["status"]["status_str"] == "success" and cached == [[]] and file.read_text("utf-8").endswith(" ")


def test_cancel_ends_the_download_and_the_next_run_goes_on_with_it(comfy: Comfy, server: ComfyServer, hub: HubThread):
    hub.double.faults = [Fault("hang", UNET)]
    sent = comfy.post("/prompt", {"prompt": graph("tiny/slow")}).json["prompt_id"]
    hub.until_hanging()
    comfy.post("/interrupt", {})
    messages = [kind for kind, _ in comfy.wait(sent)["status"]["messages"]]
    assert "execution_interrupted" in messages
    assert not (folder_of(server, "slow") / "model_index.json").exists()
    assert comfy.outputs(graph("tiny/slow"))["3"]["images"]


def test_downloads_that_are_switched_off(comfy: Comfy, server: ComfyServer, hub: HubThread):
    settings(server, hub, downloads="false")
    try:
        assert "Set downloads = true in [hub] of lectern.toml" in comfy.error(graph("tiny/off"))
        assert not folder_of(server, "off").exists()
    finally:
        settings(server, hub)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hub_id": "../../etc"}, "is no name of a pipeline on the hub"),
        ({"hub_id": "tiny/sd15", "revision": "../.."}, "is no branch, tag or commit"),
        ({"hub_id": "", "pipeline": "../sd15"}, "There is no pipeline or single file '../sd15' in models/diffusers"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_runs(comfy: Comfy, changes, said):
    answer = comfy.post("/prompt", {"prompt": graph("") | {"1": node("LecternPipelineLoader", **(
        {"pipeline": "", "variant": "", "dtype": "auto", "hub_id": "", "revision": ""} | changes
    ))}})  # fmt: skip
    assert answer.status == 400
    assert said in answer.json["node_errors"]["1"]["errors"][0]["details"]
