"""What GET progress and POST /internal/progress answer. Pure."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from .jobs import Job

IDLE: Mapping[str, Any] = {
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
LEAST = 0.02  # below which nothing can be said of the time that is left


class Stand(NamedTuple):
    """How far a request is."""

    fraction: float  # 0 to 1, of all its executions
    execution: int  # in work, counted from 0
    step: int
    steps: int
    running: bool
    message: str


WAITING = Stand(0.0, 0, 0, 0, False, "Waiting...")


def between(job: Job) -> Stand:
    """Before its first run, or between two."""
    return WAITING._replace(fraction=job.executed / max(1, job.executions), execution=job.executed)


def stand(job: Job, view: Mapping[str, Any]) -> Stand:
    """`view`: of the job's run, as callers see it."""
    progress = view.get("progress") or {}
    ended = view.get("completed_at") is not None  # its pictures are being read
    execution = job.executed + (int(view.get("n", 1)) if ended else int(progress.get("take", 0)))
    fraction = (execution + progress.get("value", 0.0)) / max(1, job.executions)
    position = view.get("queue_position")
    message = f"In queue: {position}" if position else progress.get("message", "")
    return Stand(
        fraction=min(fraction, 1.0),
        execution=execution,
        step=progress.get("step") or 0,
        steps=progress.get("steps") or 0,
        running=view.get("status") in ("running", "canceling"),
        message=message,
    )


def progress_body(job: Job | None, found: Stand, picture: str | None, now: float) -> dict[str, Any]:
    """The answer of GET progress; `picture` in base64."""
    if job is None:
        idle = {"progress": 0.0, "eta_relative": 0.0, "state": dict(IDLE)}
        return idle | {"current_image": None, "textinfo": None}
    return {
        "progress": found.fraction,
        "eta_relative": _left(job, found, now) or 0.0,
        "state": _state(job, found),
        "current_image": picture,
        "textinfo": found.message or None,
    }


def task_body(job: Job | None, found: Stand, completed: bool, now: float) -> dict[str, Any]:
    """The answer of POST /internal/progress, without a picture."""
    running = job is not None and found.running
    return {
        "active": running,
        "queued": job is not None and not running,
        "completed": completed,
        "progress": found.fraction if running else None,
        "eta": _left(job, found, now) if running and job is not None else None,
        "live_preview": None,
        "id_live_preview": -1,
        "textinfo": found.message or None,
    }


def _state(job: Job, found: Stand) -> dict[str, Any]:
    return {
        **IDLE,
        "skipped": job.skipped,
        "interrupted": job.interrupted,
        "job": f"scripts_{job.mode}",
        "job_count": job.executions,
        "job_timestamp": stamp(job.started),
        "job_no": found.execution,
        "sampling_step": found.step,
        "sampling_steps": found.steps,
    }


def stamp(seconds: float) -> str:
    """A time as A1111 writes it: 20261130173122."""
    return time.strftime("%Y%m%d%H%M%S", time.localtime(seconds))


def _left(job: Job, found: Stand, now: float) -> float | None:
    """Seconds until it is done."""
    if found.fraction < LEAST:
        return None
    return (now - job.started) * (1 / found.fraction - 1)
