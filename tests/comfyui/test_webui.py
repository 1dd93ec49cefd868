"""The WebUI nodes inside a real ComfyUI, against the contract server."""

import asyncio
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lectern.infotext import read_parameters
from support.client import Comfy, node
from support.webui import ContractThread, Fault
from tools.server import ComfyServer

CHOICE = "server's choice"
SAMPLE = {
    "prompt": "a quiet harbour", "negative_prompt": "fog", "seed": 7, "steps": 20, "cfg": 7.0, "sampler": CHOICE,
    "scheduler": CHOICE, "width": 64, "height": 64, "batch_size": 1, "n_iter": 1, "denoise": 0.75,
}  # fmt: skip


@pytest.fixture
def webui(server: ComfyServer) -> Iterator[ContractThread]:
    """A Forge double that lectern.toml calls `local`."""
    file = server.base / "user" / "__lectern" / "lectern.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    with ContractThread("forge", webui=True) as webui:
        file.write_text(f'[servers.local]\nurl = "{webui.url}"\n[servers."off"]\nurl = "http://127.0.0.1:9"\n')
        yield webui
        file.unlink()


_numbers = iter(range(10**6))


def graph(server: str = "local", **changes: Any) -> dict[str, Any]:
    """Every graph is another one: ComfyUI would give again what it knows."""
    inputs = {**SAMPLE, "prompt": f"a quiet harbour {next(_numbers)}", **changes}
    return {
        "1": node("LecternWebUIServer", server=server, checkpoint=CHOICE),
        "2": node("LecternWebUISample", server=["1", 0], **inputs),
        "3": node("PreviewImage", images=["2", 0]),
        "4": node("PreviewAny", source=["2", 4]),
    }


def upload(comfy: Comfy, name: str, image: Image.Image, **options: Any) -> None:
    data = io.BytesIO()
    image.save(data, "PNG", **options)
    boundary = "lectern-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    tail = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="overwrite"\r\n\r\ntrue\r\n--{boundary}--\r\n'
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert comfy.request("POST", "/upload/image", head.encode() + data.getvalue() + tail.encode(), kind).status == 200


def test_a_batch_comes_back_in_order(comfy: Comfy, webui: ContractThread):
    outputs = comfy.outputs(graph(batch_size=2, n_iter=2))
    assert len(outputs["3"]["images"]) == 4
    assert outputs["4"]["text"] == ["7", "8", "9", "10"]
    assert outputs["2"]["lectern_notes"] == []


def test_a_seed_of_64_bits_survives(comfy: Comfy, webui: ContractThread):
    assert comfy.outputs(graph(seed=2**64 - 1))["4"]["text"] == [str(2**64 - 1)]


def test_the_saved_file_is_read_by_both_worlds(comfy: Comfy, webui: ContractThread):
    sent = graph() | {
        "5": node(
            "LecternSaveSlides", images=["2", 0], format="PNG", quality=90, target_kb=0, titles="", workflow=True,
            filename="{prefix}_{counter}_", filename_prefix="webui/both", dpi=0, infotext=["2", 2],
        ),
    }  # fmt: skip
    (entry,) = comfy.outputs(sent)["5"]["images"]
    found = read_parameters(comfy.file(entry))
    assert "Steps: 20" in (found.infotext or "") and json.loads(found.texts["prompt"])["2"]["inputs"]["steps"] == 20


def test_options_chain_and_later_ones_win(comfy: Comfy, webui: ContractThread):
    sent = graph(options=["7", 0]) | {
        "5": node("LecternWebUIFields", fields='{"tiling": true, "cfg_scale": 3}'),
        "6": node(
            "LecternWebUIHires", options=["5", 0], upscaler=CHOICE, scale=2.0, denoise=0.5, steps=0, width=0, height=0,
            sampler=CHOICE, scheduler=CHOICE, checkpoint=CHOICE, prompt="", negative_prompt="", cfg=0.0,
            distilled_cfg=0.0, modules="",
        ),
        "7": node("LecternWebUIFields", options=["6", 0], fields='{"cfg_scale": 4, "tiling": null}'),
    }  # fmt: skip
    (picture,) = comfy.pictures(comfy.outputs(sent)["3"]["images"])
    (body,) = webui.server.bodies("txt2img")
    assert picture.size == (128, 128)
    assert body["cfg_scale"] == 4 and "tiling" not in body and body["enable_hr"] is True
    assert webui.server.unknown_keys == []


def test_inpainting_keeps_what_the_mask_does_not_cover(comfy: Comfy, webui: ContractThread):
    """Load Image gives the transparent part of a file as the mask, as the editor's mask painter writes it."""
    image = Image.linear_gradient("L").resize((64, 64)).convert("RGBA")
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    upload(comfy, "masked.png", image)
    sent = graph(image=["5", 0], mask=["5", 1], options=["6", 0], width=0, height=0, denoise=1.0) | {
        "5": node("LoadImage", image="masked.png"),
        "6": node(
            "LecternWebUIInpaint", fill="original", only_masked=False, padding=32, mask_blur=0, invert=False,
            soft_mask=False, composite="auto", resize_mode="just resize", image_cfg=0.0, noise_multiplier=0.0,
        ),
    }  # fmt: skip
    (made,) = comfy.pictures(comfy.outputs(sent)["3"]["images"])
    change = np.abs(np.asarray(image.convert("RGB"), float) - np.asarray(made.convert("RGB"), float)).mean(axis=(0, 2))
    assert change[:24].max() <= 2 and change[40:].mean() > 20


def test_a_blank_mask_is_refused(comfy: Comfy, webui: ContractThread):
    upload(comfy, "opaque.png", Image.new("RGB", (64, 64), "teal"))
    sent = graph(image=["5", 0], mask=["5", 1]) | {"5": node("LoadImage", image="opaque.png")}
    assert "nothing to paint" in comfy.error(sent)


def test_upscale_interrogate_control_map_and_png_info(comfy: Comfy, webui: ContractThread):
    upload(comfy, "info.png", Image.new("RGB", (64, 48), "teal"), pnginfo=_infotext())
    server = {"1": node("LecternWebUIServer", server="local", checkpoint=CHOICE)}
    sent = server | {
        "2": node("LoadImage", image="info.png"),
        "3": node(
            "LecternWebUIUpscale", server=["1", 0], images=["2", 0], upscaler="Lanczos", mode="to size", factor=2.0,
            width=200, height=100, crop=True, second_upscaler="none", second_visibility=0.5, gfpgan=0.0,
            codeformer=0.0, codeformer_weight=0.0, upscale_first=False,
        ),
        "4": node("PreviewImage", images=["3", 0]),
        "5": node("LecternWebUIInterrogate", server=["1", 0], images=["2", 0], model="clip"),
        "6": node("PreviewAny", source=["5", 0]),
        "7": node(
            "LecternWebUIControlNet", module="canny", model="none", weight=1.0, start=0.0, end=1.0,
            control_mode="Balanced", resize_mode="Crop and Resize", pixel_perfect=True, resolution=512,
            threshold_a=-1.0, threshold_b=-1.0, hires_pass="Both", return_map=False, image=["2", 0], server=["1", 0],
        ),
        "8": node("PreviewImage", images=["7", 1]),
        "9": node("LecternWebUIPngInfo", file="info.png"),
        "10": node("PreviewAny", source=["9", 1]),
        "11": node("PreviewAny", source=["9", 3]),
    }  # fmt: skip
    outputs = comfy.outputs(sent)
    assert comfy.pictures(outputs["4"]["images"])[0].size == (200, 100)
    assert outputs["6"]["text"][0]
    assert outputs["7"]["images"] and outputs["8"]["images"]
    assert (outputs["10"]["text"], outputs["11"]["text"]) == (["a cat"], ["42"])


def _infotext() -> Any:
    info = PngInfo()
    info.add_text("parameters", "a cat\nNegative prompt: dog\nSteps: 2, Sampler: Euler, Seed: 42, Size: 64x48")
    return info


def test_a_seed_that_is_no_seed_is_none(comfy: Comfy, webui: ContractThread):
    """Python refuses to read a number of so many digits."""
    info = PngInfo()
    info.add_text("parameters", f"a cat\nSteps: 2, Sampler: Euler, Seed: {'9' * 5000}, Size: 64x48")
    upload(comfy, "digits.png", Image.new("RGB", (64, 48)), pnginfo=info)
    sent = {"1": node("LecternWebUIPngInfo", file="digits.png"), "2": node("PreviewAny", source=["1", 3])}
    assert comfy.outputs(sent)["2"]["text"] == ["0"]


def test_what_the_server_changed_is_noted(comfy: Comfy, webui: ContractThread):
    outputs = comfy.outputs(graph(prompt="a <lora:gone:1> cat"))
    assert any("no LoRA 'gone'" in note for note in outputs["2"]["lectern_notes"])


def test_cancel_stops_both_within_a_second(comfy: Comfy, webui: ContractThread):
    webui.server.hold()
    posted = comfy.post("/prompt", {"prompt": graph()}).json["prompt_id"]
    webui.until(lambda one: one.active)
    begun = time.monotonic()
    comfy.post("/interrupt", {})
    entry = comfy.wait(posted)
    assert time.monotonic() - begun < 5
    assert [kind for kind, _ in entry["status"]["messages"]][-1] == "execution_interrupted"
    webui.until(lambda one: not one.active)
    assert webui.server.finished[-1].interrupted


def test_cancel_stops_every_node_that_waits(comfy: Comfy, webui: ContractThread):
    """Two nodes wait at once; ComfyUI tells only one of them."""
    webui.server.hold()
    both = graph() | {
        "5": node("LecternWebUISample", server=["1", 0], **SAMPLE),
        "6": node("PreviewImage", images=["5", 0]),
    }
    posted = comfy.post("/prompt", {"prompt": both}).json["prompt_id"]
    webui.until(lambda one: one.active)
    comfy.post("/interrupt", {})
    comfy.wait(posted)
    webui.until(lambda one: not one.active and not one.queued)
    assert all(job.interrupted for job in webui.server.finished)


def test_progress_and_previews_reach_the_editor(comfy: Comfy, webui: ContractThread):
    webui.server.engine.seconds_per_image = 3.0

    async def watched() -> tuple[list[float], int]:
        fractions, pictures = [], 0
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{comfy.url}/ws?clientId=watcher") as socket:
            sent = {"prompt": graph(), "client_id": "watcher"}
            async with session.post(f"{comfy.url}/prompt", json=sent) as answer:
                assert answer.status == 200
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    pictures += 1
                    continue
                event = message.json()
                if event["type"] == "progress":
                    fractions.append(event["data"]["value"] / event["data"]["max"])
                if event["type"] in ("execution_success", "execution_error"):
                    return fractions, pictures
        raise AssertionError("the socket closed")

    fractions, pictures = asyncio.run(watched())
    assert fractions == sorted(fractions) and 0 < fractions[0] < 1
    assert pictures


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sampler": "gone"}, "no sampler 'gone'"),
        ({"width": 0}, "width is 0"),
        ({"server": "off"}, "cannot be reached"),
    ],
)
def test_failures_are_sentences(comfy: Comfy, webui: ContractThread, changes, said):
    message = comfy.error(graph(**changes))
    assert said in message and "Traceback" not in message


def test_a_server_that_lectern_toml_does_not_name_is_refused_before_it_runs(comfy: Comfy, webui: ContractThread):
    answer = comfy.post("/prompt", {"prompt": graph(server="http://evil.example")})
    assert answer.status == 400
    assert "no server 'http://evil.example'" in json.dumps(answer.json["node_errors"]["1"])


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        ("LecternWebUIFields", {"fields": '{"tilling": true}'}, "Did you mean tiling?"),
        ("LecternWebUIFields", {"fields": '{"init_images": ["http://10.0.0.1/x.png"]}'}, "by its address"),
        ("LecternWebUIScript", {"script": "x", "arguments": "[1]"}, "JSON object"),
    ],
)
def test_a_mistake_in_json_is_told_before_it_runs(comfy: Comfy, webui: ContractThread, kind, inputs, said):
    answer = comfy.post("/prompt", {"prompt": graph(options=["5", 0]) | {"5": node(kind, **inputs)}})
    assert answer.status == 400 and said in json.dumps(answer.json["node_errors"]["5"])


def test_another_machine_under_the_same_name_is_asked_again(comfy: Comfy, webui: ContractThread, server: ComfyServer):
    sent = graph()
    assert comfy.outputs(sent) and comfy.outputs(sent)
    assert len(webui.server.bodies("txt2img")) == 1
    with ContractThread("a1111") as other:
        file = server.base / "user" / "__lectern" / "lectern.toml"
        file.write_text(f'[servers.local]\nurl = "{other.url}"\n')
        comfy.outputs(sent)
        assert len(other.server.bodies("txt2img")) == 1


def test_neither_prompts_nor_pictures_are_logged(comfy: Comfy, webui: ContractThread, server: ComfyServer):
    webui.server.fault = Fault("error-message", route="txt2img", times=1)
    assert "out of memory" in comfy.error(graph(prompt="zanzibar sunset"))
    comfy.outputs(graph(prompt="zanzibar sunset"))
    assert "zanzibar" not in server.log_text()


def test_the_lists_of_the_editor(comfy: Comfy, webui: ContractThread):
    names = comfy.get("/lectern/v1/sdwebui/servers").json
    assert [one["name"] for one in names["servers"]] == ["local", "off"]
    assert comfy.get("/object_info/LecternWebUIServer").json["LecternWebUIServer"]["input"]["required"]["server"][1][
        "options"
    ] == ["local", "off"]
    lists = comfy.get("/api/lectern/v1/sdwebui/lists?server=local").json["lists"]
    assert "Euler" in lists["samplers"]
    assert comfy.get("/lectern/v1/sdwebui/lists?server=off").status == 502
