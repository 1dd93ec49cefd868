"""Everything a server can do wrong: one sentence, in time, and nothing left running."""

import asyncio

import pytest

from lectern.sdwebui.draft import ControlUnit, Draft, LoraTag
from lectern.sdwebui.errors import (
    AnswerError,
    Busy,
    Disconnected,
    Failed,
    MismatchError,
    Missing,
    NotAuthorised,
    Redirected,
    Refused,
    RequestError,
    ServerTimeout,
    UnknownServer,
    Unreachable,
)
from lectern.servers import Server
from support.webui import Fault

ROUTE = "txt2img"

CASES = [
    (Fault("unauthorized", route=ROUTE), NotAuthorised, "user name and password"),
    (Fault("missing", route=ROUTE), Missing, "--api"),
    (Fault("invalid", route=ROUTE), RequestError, "steps: value is not a valid integer"),
    (Fault("error-errors", route=ROUTE), Failed, "CUDA out of memory"),
    (Fault("error-message", route=ROUTE), Failed, "CUDA out of memory"),
    (Fault("bare-string", route=ROUTE), Failed, "unsupported operand"),
    (Fault("html", route=ROUTE), Failed, "502 Bad Gateway"),
    (Fault("empty", route=ROUTE), Failed, r"gave no reason \(HTTP 500\)"),
    (Fault("not-json", route=ROUTE), AnswerError, "not JSON"),
    (Fault("too-many", route=ROUTE), Busy, "asked too often.* Wait a minute"),
    (Fault("redirect", route=ROUTE, location="/forge"), Redirected, "/forge/sdapi/v1/txt2img"),
    (Fault("redirect", route=ROUTE, location="https://evil.example"), Redirected, "points from"),
    (Fault("no-images", route=ROUTE), AnswerError, "without any picture"),
    (Fault("empty-image", route=ROUTE), AnswerError, "without any picture"),
    (Fault("truncated-base64", route=ROUTE), AnswerError, "cannot be read|damaged or incomplete"),
    (Fault("half-file", route=ROUTE), AnswerError, "damaged or incomplete"),
    (Fault("not-base64", route=ROUTE), AnswerError, "cannot be read"),
    (Fault("not-a-picture", route=ROUTE), AnswerError, "not PNG, JPEG or WebP"),
    (Fault("bomb", route=ROUTE), AnswerError, "absurdly large|longest side"),
    (Fault("endless", route=ROUTE), AnswerError, "more than 1 MB"),
    (Fault("hang", route=ROUTE), ServerTimeout, "did not answer in 0.4 seconds"),
    (Fault("slow", route=ROUTE, seconds=60), ServerTimeout, "did not answer in 0.4 seconds"),
    *((Fault("disconnect", route=ROUTE, at=at), Disconnected, "broke off") for at in (-1, 0, 1, 100, 3000)),
]


@pytest.mark.parametrize(("fault", "error", "said"), CASES, ids=lambda value: getattr(value, "kind", None))
async def test_each_fault_is_one_clear_sentence_and_leaves_nothing_behind(farm, monkeypatch, fault, error, said):
    monkeypatch.setattr("lectern.sdwebui.faults._MOST_SECONDS", 0.01)  # of patience
    patience = 0.4 if error is ServerTimeout else 10
    server = await farm.add(entry={"first_byte_seconds": patience, "answer_mb": 1})
    server.fault = fault
    with pytest.raises(error, match=said) as raised:
        async with asyncio.timeout(15):
            await farm.sample()
    message = str(raised.value)
    assert len(message) < 500 and message.endswith(".") and "evil.example" not in message
    await server.until(lambda one: not one.active)
    server.fault = None
    farm.entries["local"] = farm.entries["local"].model_copy(update={"first_byte_seconds": 10})
    assert (await farm.sample()).seeds == [7]  # and the next one works


@pytest.mark.parametrize("kind", ["bad-info", "no-info"])
async def test_a_picture_without_a_word_is_still_a_picture(farm, kind):
    server = await farm.add()
    server.fault = Fault(kind, route=ROUTE)
    made = await farm.sample(batch_size=2)
    assert made.images.shape[0] == 2 and made.seeds == [7, 8]
    assert made.infotexts[1].startswith("a lighthouse")


async def test_a_server_that_asks_for_patience_gets_it(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.faults._MOST_SECONDS", 0.01)
    server = await farm.add(fault=Fault("too-many", route=ROUTE, times=1))
    assert (await farm.sample()).seeds == [7]
    assert server.routes().count(ROUTE) == 2


async def test_a_grid_that_the_server_keeps_quiet_about_is_told_by_its_size(farm):
    server = await farm.add()
    plain = await farm.sample(batch_size=2)
    server.fault = Fault("extra-grid", route=ROUTE)
    made = await farm.sample(batch_size=2)
    assert (made.images == plain.images).all() and len(made.extras) == 1 and made.warnings == []
    assert made.infotexts == plain.infotexts


async def test_nobody_there(farm):
    farm.entries["off"] = Server(url="http://127.0.0.1:9", connect_seconds=1)
    with pytest.raises(Unreachable, match=r"cannot be reached \(nothing listens there\)"):
        await farm.sample("off")
    farm.entries["nowhere"] = Server(url="http://nowhere.invalid")
    with pytest.raises(Unreachable, match=r"cannot be reached \(nobody knows this name\)"):
        await farm.sample("nowhere")
    with pytest.raises(UnknownServer, match=r"no server 'gone'\. It has: off, nowhere"):
        await farm.sample("gone")


async def test_a_server_that_is_still_starting_is_waited_for(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.member._BOOT_STEP", 0.01)
    server = await farm.add(boot=3)
    assert (await farm.sample()).seeds == [7]
    assert server.routes()[:4] == ["samplers"] * 4
    assert "openapi.json" not in server.routes()


async def test_another_kind_of_server_is_told_from_one_that_starts(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.member._BOOT", 0.05)
    monkeypatch.setattr("lectern.sdwebui.member._BOOT_STEP", 0.01)
    await farm.add(boot=10_000)
    with pytest.raises(Missing, match="Start it with --api"):
        await farm.sample()


async def test_the_password_goes_to_its_server_and_nowhere_else(farm, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("LECTERN_TEST_PASSWORD", "hunter2")
    server = await farm.add(auth=("me", "hunter2"), entry={"user": "me", "password_env": "LECTERN_TEST_PASSWORD"})
    made = await farm.sample()
    assert all("authorization" in one.headers for one in server.requests)
    assert "hunter2" not in f"{made.info} {made.infotexts} {caplog.text}"
    server.auth = ("me", "changed")
    with pytest.raises(NotAuthorised) as error:
        await farm.sample()
    assert "hunter2" not in str(error.value) and "password_env" in str(error.value)


async def test_a_path_before_the_api(farm):
    await farm.add(base_path="/forge")
    assert (await farm.sample()).seeds == [7]


async def test_what_the_server_no_longer_has_is_said_and_not_replaced(farm):
    await farm.add()
    for fields, said in [
        ({"sampler_name": "Eulr"}, "no sampler 'Eulr'. It has .*Euler"),
        ({"scheduler": "NoSuch"}, "no scheduler 'NoSuch'"),
        ({"override_settings": {"sd_model_checkpoint": "gone.safetensors"}}, "no checkpoint 'gone.safetensors'"),
        ({"enable_hr": True, "hr_upscaler": "gone"}, "no upscaler 'gone'"),
        ({"styles": ["gone"]}, "no style 'gone'"),
    ]:
        with pytest.raises(Refused, match=said):
            await farm.sample(**fields)
    assert farm.sent() == []


@pytest.mark.parametrize("name", ["Euler", "euler", "DPM++ 2M Karras", "k_dpmpp_sde"])
async def test_names_that_the_server_understands_pass(farm, name):
    await farm.add()
    assert (await farm.sample(sampler_name=name)).warnings == []


async def test_what_the_server_changed_is_told(farm):
    server = await farm.add()
    server.fault = Fault("wrong-size", route=ROUTE)
    made = await farm.sample()
    assert any("72x56" in one and "64x64" in one for one in made.warnings)
    server.fault = None
    made = await farm.sample(prompt="a <lora:nothing:1> cat")
    assert any("no LoRA 'nothing'" in one for one in made.warnings)
    assert made.info["lectern"]["warnings"] == made.warnings


async def test_a_setting_makes_it_an_error(farm):
    await farm.add(entry={"mismatch": "error"})
    with pytest.raises(MismatchError, match="no LoRA 'nothing'"):
        await farm.sample(prompt="a <lora:nothing:1> cat")
    assert (await farm.sample()).warnings == []


async def test_what_a_family_does_not_heed_is_told(farm):
    await farm.add(dialect="koboldcpp")
    made = await farm.sample(tiling=True, scheduler="Karras", draft=Draft(passes=({"ad_model": "x"},)))
    (warning,) = made.warnings
    assert "koboldcpp, which does not heed: " in warning
    assert {"tiling", "scheduler", "ADetailer"} <= set(warning.rstrip(".").split(": ")[-1].split(", "))


async def test_an_unloaded_server_says_so(farm):
    await farm.add(dialect="sdnext", model_loaded=False)
    with pytest.raises(AnswerError, match="checkpoint is loaded"):
        await farm.sample()


async def test_more_than_a_node_may_hold_is_refused_before_it_is_made(farm):
    await farm.add()
    for fields in (
        {"width": 8192},
        {"batch_size": 200, "width": 4096, "height": 4096},
        {"enable_hr": True, "hr_scale": 100},
        {"enable_hr": True, "hr_scale": 1e308},
    ):
        with pytest.raises(RequestError, match="more than one node may hold"):
            await farm.sample(**fields)
    assert farm.servers["local"].requests == []


async def test_a_server_without_a_list_of_loras_is_not_accused(farm):
    await farm.add(absent=("GET loras",))
    assert (await farm.sample(prompt="a <lora:nothing:1> cat")).warnings == []


async def test_a_web_page_with_a_login_does_not_hide_the_progress(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    server = await farm.add(webui=True, seconds_per_image=0.2, fault=Fault("unauthorized", route="internal/progress"))
    await farm.sample()
    assert server.routes().count("internal/progress") == 1 and server.routes().count("progress") > 1


@pytest.mark.parametrize(
    ("dialect", "named"), [("sdnext", {"ControlNet", "ADetailer"}), ("koboldcpp", {"LoRA", "ControlNet", "ADetailer"})]
)
async def test_extensions_that_a_family_does_not_have_are_named_and_not_sent(farm, dialect, named):
    await farm.add(dialect=dialect)
    draft = Draft(
        units=(ControlUnit({"module": "canny"}),),
        passes=({"ad_model": "x"},),
        loras=(LoraTag("a", 1.0),) if dialect == "koboldcpp" else (),
    )
    made = await farm.sample(draft=draft)
    assert named <= set(made.warnings[0].rstrip(".").split(": ")[-1].split(", "))
    assert "alwayson_scripts" not in farm.sent()[0]


async def test_what_is_always_sent_can_be_taken_back(farm):
    await farm.add()
    await farm.sample(send_images=None, save_images=True)
    assert "send_images" not in farm.sent()[0] and farm.sent()[0]["save_images"] is True


@pytest.mark.parametrize("route", ["samplers", "loras"])
async def test_a_list_that_breaks_while_a_picture_is_made_does_not_cost_the_picture(farm, monkeypatch, route):
    monkeypatch.setattr("lectern.sdwebui.member.FRESH", 0.0)
    server = await farm.add()
    server.hold()
    work = asyncio.create_task(farm.sample(prompt="a <lora:ink:1> cat"))
    await server.until(lambda one: one.active)
    server.fault = Fault("too-many", route=route)
    server.release()
    assert (await work).seeds == [7]


async def test_a_mistake_in_lectern_toml_does_not_cost_the_pictures_that_are_being_made(farm):
    server = await farm.add()
    server.hold()
    work = asyncio.create_task(farm.sample())
    await server.until(lambda one: one.active)
    farm.entries.clear()  # another entry, or none that can be read
    server.release()
    assert (await work).seeds == [7]


async def test_a_corrected_password_counts_at_once(farm, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    await farm.add(auth=("me", "right"), entry={"user": "me", "password_file": secret})
    with pytest.raises(NotAuthorised):
        await farm.sample()
    secret.write_text("right\n")
    assert (await farm.sample()).seeds == [7]
