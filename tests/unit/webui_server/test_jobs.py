"""Jobs of the double: one at a time, progress, interrupt, skip, strangers, clients that hang up."""

import asyncio

import pytest

from support.webui import ContractThread
from unit.webui_server.caller import SMALL

HIRES = {"enable_hr": True, "hr_additional_modules": [], "denoising_strength": 0.5}


async def held(webui, after=1, **body):
    """A job that waits after so many sampling steps."""
    webui.server.hold(after)
    job = asyncio.ensure_future(webui.txt2img(**body))
    await webui.server.until(lambda server: server.active and server.active[0].steps_done == after)
    return job


async def progress(webui):
    return (await webui.get("progress")).json


async def test_idle_progress_is_all_zero(forge):
    assert await progress(forge) == {
        "progress": 0.0,
        "eta_relative": 0.0,
        "state": {
            "skipped": False,
            "interrupted": False,
            "stopping_generation": False,
            "job": "",
            "job_count": 0,
            "job_timestamp": "0",
            "job_no": 0,
            "sampling_step": 0,
            "sampling_steps": 0,
        },
        "current_image": None,
        "textinfo": None,
    }


@pytest.mark.parametrize(
    ("body", "after", "state", "done"),
    [
        ({"steps": 4}, 1, (1, 0, 1, 4), 0.26),
        ({"steps": 4, "n_iter": 2}, 5, (2, 1, 1, 4), 0.635),
        ({"steps": 4, "batch_size": 2}, 1, (1, 0, 1, 4), 0.26),
        ({"steps": 4, "hr_second_pass_steps": 2, **HIRES}, 5, (2, 1, 1, 2), 0.76),
    ],
)
async def test_progress_goes_over_the_whole_request(forge, body, after, state, done):
    job = await held(forge, after, **body)
    now = await progress(forge)
    keys = ("job_count", "job_no", "sampling_step", "sampling_steps")
    assert (tuple(now["state"][key] for key in keys), now["progress"]) == (state, pytest.approx(done))
    assert now["state"]["job"] == "scripts_txt2img"
    assert now["current_image"]
    assert (await forge.get("progress?skip_current_image=true")).json["current_image"] is None
    forge.server.release()
    assert (await job).status == 200


async def test_an_interrupt_ends_the_job_with_a_normal_answer(forge):
    job = await held(forge, n_iter=3)
    answer = await forge.post("interrupt")
    assert (answer.status, answer.json) == (200, {})
    answer = await job
    assert (answer.status, len(answer.pictures), len(answer.info["all_seeds"])) == (200, 1, 3)
    assert "Steps: 2" in answer.info["infotexts"][0]
    assert forge.server.interrupts == 1
    assert forge.server.finished[0].interrupted


async def test_an_interrupt_before_the_hires_pass_leaves_the_small_picture(forge):
    job = await held(forge, **HIRES)
    await forge.post("interrupt")
    assert (await job).sizes == [(64, 64)]


async def test_a_lost_interrupt_changes_nothing(start):
    webui = await start("forge", ignore_interrupts=1)
    job = await held(webui)
    await webui.post("interrupt")
    assert not webui.server.active[0].interrupted
    await webui.post("interrupt")
    await job
    assert webui.server.interrupts == 2


async def test_an_idle_interrupt_does_not_hit_the_next_job(forge):
    await forge.post("interrupt")
    assert len((await forge.txt2img(n_iter=2)).pictures) == 2


async def test_skip_ends_the_item_only(forge):
    job = await held(forge, n_iter=2, steps=4)
    assert (await forge.post("skip")).json is None
    forge.server.release()
    assert len((await job).pictures) == 2
    assert forge.server.finished[0].steps_done == 1 + 4


async def test_sd_next_answers_without_content(start):
    webui = await start("sdnext")
    assert [(await webui.post(route)).status for route in ("interrupt", "skip", "refresh-checkpoints")] == [204] * 3


async def test_requests_queue_for_one_lock(forge):
    first = await held(forge)
    second = asyncio.ensure_future(forge.txt2img(seed=7))
    await forge.server.until(lambda server: server.queued)
    assert len(forge.server.active) == 1
    await forge.post("interrupt")
    await first
    forge.server.release()
    assert (await second).info["seed"] == 7
    assert [job.interrupted for job in forge.server.finished] == [True, False]


async def test_a_client_that_hangs_up_does_not_stop_its_job(forge):
    job = await held(forge)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert (await progress(forge))["state"]["job_count"] == 1
    forge.server.release()
    await forge.server.until(lambda server: server.finished)
    assert not forge.server.finished[0].interrupted


async def test_a_strangers_job_is_seen_and_can_be_hit(start):
    webui = await start("forge", webui=True)
    stranger = webui.server.stranger(60)
    await webui.server.until(lambda server: server.active)
    assert (await progress(webui))["state"]["job_count"] == 1
    mine = asyncio.ensure_future(webui.txt2img(force_task_id="task(mine)"))
    await webui.server.until(lambda server: len(server.queued) == 1)
    task = (await webui.post("/internal/progress", {"id_task": "task(mine)"})).json
    assert (task["active"], task["queued"], task["textinfo"]) == (False, True, "In queue: 1/1")
    assert (await webui.get("/internal/pending-tasks")).json == {"size": 1, "tasks": ["task(mine)"]}
    theirs = (await webui.post("/internal/progress", {"id_task": stranger.task_id, "live_preview": False})).json
    assert (theirs["active"], theirs["live_preview"]) == (True, None)
    await webui.post("interrupt")
    await mine
    assert (stranger.interrupted, stranger.done) == (True, True)
    assert (await webui.post("/internal/progress", {"id_task": "task(mine)"})).json["completed"]


async def test_the_tasks_preview_is_sent_once_per_step(start):
    webui = await start("forge", webui=True)
    job = await held(webui, force_task_id="task(mine)")
    body = {"id_task": "task(mine)", "id_live_preview": -1}
    first = (await webui.post("/internal/progress", body)).json
    assert first["live_preview"].startswith("data:image/png;base64,")
    again = (await webui.post("/internal/progress", body | {"id_live_preview": first["id_live_preview"]})).json
    assert again["live_preview"] is None
    webui.server.release()
    await job


async def test_seconds_are_spent_in_steps(start):
    webui = await start("forge", seconds_per_image=60)
    job = asyncio.ensure_future(webui.txt2img(steps=1000))
    await webui.server.until(lambda server: server.active and server.active[0].sampling_step)
    assert 0.01 < (await progress(webui))["progress"] < 0.1
    await webui.post("interrupt")
    assert (await job).status == 200


def test_a_server_on_its_own_thread():
    from support.client import Comfy  # a plain HTTP caller

    with ContractThread("forge", seconds_per_image=60) as webui:
        stranger = webui.server.stranger(60)
        webui.until(lambda server: server.active)
        caller = Comfy(webui.url)
        assert caller.get("/sdapi/v1/progress").json["state"]["job_count"] == 1
        assert caller.post("/sdapi/v1/interrupt", {}).status == 200
        webui.until(lambda server: server.finished)
        assert stranger.interrupted
        webui.server.engine.seconds_per_image = 0
        assert caller.post("/sdapi/v1/txt2img", SMALL).status == 200
