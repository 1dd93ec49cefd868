"""How jobs look from outside: GET progress, and the web UI's own task routes."""

import time
from typing import Any

from support.webui.engine import KEPT_TASKS, Engine, Job
from support.webui.imagefiles import encode

IDLE: dict[str, Any] = {
    "skipped": False,
    "interrupted": False,
    "stopping_generation": False,
    "job": "",
    "job_count": 0,
    "job_timestamp": "0",
    "job_no": 0,
    "sampling_step": 0,
    "sampling_steps": 0,
}


def progress(engine: Engine, preview: bool) -> dict[str, Any]:
    """The answer of GET progress. As in the real servers it starts at 0.01 and its eta is without bound there."""
    if not engine.active:
        return {"progress": 0.0, "eta_relative": 0.0, "state": dict(IDLE), "current_image": None, "textinfo": None}
    job = engine.active[0]
    done = min(0.01 + job.progress, 1)
    elapsed = time.monotonic() - job.started
    return {
        "progress": done,
        "eta_relative": elapsed / done - elapsed,
        "state": _state(job),
        "current_image": current_image(job) if preview else None,
        "textinfo": None,
    }


def _state(job: Job) -> dict[str, Any]:
    route = "txt2img" if job.kind == "stranger" else job.kind
    return IDLE | {
        "skipped": job.skipped,
        "interrupted": job.interrupted,
        "job": f"scripts_{route}",
        "job_count": job.rounds,
        "job_timestamp": job.timestamp,
        "job_no": job.round,
        "sampling_step": job.sampling_step,
        "sampling_steps": job.sampling_steps,
    }


def current_image(job: Job) -> str | None:
    """The live preview as base64; there is none before the first sampling step."""
    if job.shown is None or (job.round == 0 and job.sampling_step == 0):
        return None
    return encode(job.shown())


def task(engine: Engine, body: dict[str, Any], previews: bool) -> dict[str, Any]:
    """The answer of POST /internal/progress for one task id."""
    wanted = body.get("id_task")
    job = next((job for job in engine.active if job.task_id == wanted), None)
    queue = [job.task_id for job in engine.queued]
    answer: dict[str, Any] = {
        "active": job is not None,
        "queued": wanted in queue,
        "completed": wanted in [job.task_id for job in engine.finished[-KEPT_TASKS:]],
        "progress": None,
        "eta": None,
        "live_preview": None,
        "id_live_preview": -1,
        "textinfo": "Waiting...",
    }
    if job is not None:
        return answer | _running(job, body, previews)
    if wanted in queue:
        answer["textinfo"] = f"In queue: {queue.index(wanted) + 1}/{len(queue)}"
    return answer


def _running(job: Job, body: dict[str, Any], previews: bool) -> dict[str, Any]:
    elapsed = time.monotonic() - job.started
    seen, current = body.get("id_live_preview", -1), job.steps_done
    picture = current_image(job) if previews and body.get("live_preview", True) and seen != current else None
    return {
        "progress": job.progress,
        "eta": elapsed / job.progress - elapsed if job.progress else None,
        "live_preview": picture and f"data:image/png;base64,{picture}",
        "id_live_preview": current if picture else seen,
        "textinfo": None,
    }


def pending(engine: Engine) -> dict[str, Any]:
    tasks = [job.task_id for job in engine.queued]
    return {"size": len(tasks), "tasks": tasks}
