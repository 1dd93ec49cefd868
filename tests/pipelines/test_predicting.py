"""What a step predicts, by every scheduler that a pipeline can have: with a perfect model it is the picture itself."""

from inspect import signature
from typing import Any

import pytest
import torch

from lectern.pipelines.predicting import Predictions
from lectern.pipelines.schedulers import NAMES, scheduler_for
from support.tiny.parts import diffusers

PICTURE = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(2)) - 0.5
NOISE = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))


def made(kind: str, prediction: str) -> Any:
    config = {"prediction_type": prediction, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
    base = diffusers().EulerDiscreteScheduler(**config)
    scheduler = getattr(diffusers(), f"{kind}Scheduler").from_config(base.config, clip_sample=False)
    scheduler.set_timesteps(8)
    return scheduler


def answered(scheduler: Any, timestep: torch.Tensor, prediction: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The sample at that timestep, and what a perfect model says of it."""
    alpha = scheduler.alphas_cumprod[int(timestep)] ** 0.5
    spread = (1 - alpha**2) ** 0.5
    sample = alpha * PICTURE + spread * NOISE
    said = NOISE if prediction == "epsilon" else alpha * NOISE - spread * PICTURE
    own_scale = hasattr(scheduler, "sigmas") and not hasattr(scheduler, "model_outputs")
    return (sample / alpha if own_scale else sample), said


@pytest.mark.filterwarnings("ignore:__array_wrap__")  # diffusers' own arithmetic
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("kind", [name for name in NAMES if "Flow" not in name])
def test_the_picture_of_a_perfect_model(kind, prediction):
    scheduler = made(kind, prediction)
    seen = Predictions(scheduler)
    assert seen.latest() is None
    step = scheduler.timesteps[0]
    sample, said = answered(scheduler, step.long(), prediction)
    scheduler.scale_model_input(sample, step)
    scheduler.step(said, step, sample)
    latest = seen.latest()
    if kind == "DEISMultistep":
        assert latest is None  # it keeps the noise, not the picture
    else:
        assert latest is not None and torch.allclose(latest, PICTURE, atol=0.02)


@pytest.mark.parametrize("kind", ["FlowMatchEulerDiscrete", "FlowMatchLCM", "UniPCMultistep"])
def test_the_picture_of_a_perfect_flow(pipelines, kind):
    pipe = pipelines["flux"].loaded
    scheduler = scheduler_for(pipe, pipe.scheduler, kind)
    scheduler.set_timesteps(8, mu=1.0)
    seen = Predictions(scheduler)
    sigma = scheduler.sigmas[0]
    scheduler.step(NOISE - PICTURE, scheduler.timesteps[0], (1 - sigma) * PICTURE + sigma * NOISE)
    latest = seen.latest()
    assert latest is not None and torch.allclose(latest, PICTURE, atol=0.01)


def test_a_pipeline_still_reads_what_its_scheduler_takes():
    scheduler = made("DDIM", "epsilon")
    Predictions(scheduler)
    assert "eta" in signature(scheduler.step).parameters
