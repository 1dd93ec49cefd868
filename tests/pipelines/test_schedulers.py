import pytest

from lectern.pipelines.errors import SchedulerError
from lectern.pipelines.schedulers import NAMES, OWN, compatible, scheduler_for


def made(pipeline, *choice):
    return scheduler_for(pipeline.loaded, pipeline.loaded.scheduler, *choice)


@pytest.mark.parametrize("family", ["sd15", "sdxl", "flux"])
def test_the_widget_offers_what_the_pipelines_take(pipelines, family):
    loaded = pipelines[family].loaded
    assert set(compatible(loaded, loaded.scheduler)) <= set(NAMES)


@pytest.mark.parametrize("name", ["EulerDiscrete", "DPMSolverMultistep", "UniPCMultistep", "DDIM"])
def test_another_scheduler_keeps_what_the_model_was_trained_with(pipelines, name):
    own, new = pipelines["sd15"].loaded.scheduler, made(pipelines["sd15"], name)
    assert type(new).__name__ == f"{name}Scheduler" and new is not own
    for key in ("beta_start", "beta_end", "beta_schedule", "num_train_timesteps", "steps_offset"):
        assert new.config[key] == own.config[key]


@pytest.mark.parametrize("sigmas", ["karras", "exponential", "beta"])
def test_sigmas_of_one_kind_alone(pipelines, sigmas):
    config = made(pipelines["sdxl"], "EulerDiscrete", sigmas).config
    flags = {kind: config[f"use_{kind}_sigmas"] for kind in ("karras", "exponential", "beta")}
    assert flags == {"karras": False, "exponential": False, "beta": False, sigmas: True}


def test_a_fixed_shift_takes_the_place_of_the_one_by_size(pipelines):
    config = made(pipelines["flux"], OWN, OWN, 5.0).config
    assert config["shift"] == 5.0 and config["use_dynamic_shifting"] is False


def test_a_flow_model_stays_one(pipelines):
    config = made(pipelines["flux"], "UniPCMultistep", OWN, 2.0).config
    assert (config["use_flow_sigmas"], config["prediction_type"], config["flow_shift"]) == (
        True,
        "flow_prediction",
        2.0,
    )


@pytest.mark.parametrize(
    ("family", "choice", "said"),
    [
        ("flux", ("DDIM",), "FluxPipeline cannot use the scheduler DDIM. It takes: FlowMatchEulerDiscrete"),
        ("sd15", ("Nope",), "cannot use the scheduler Nope. It takes: DDIM, DDPM"),
        ("sd15", ("FlowMatchEulerDiscrete",), "cannot use the scheduler FlowMatchEulerDiscrete"),
        ("sd15", ("DDIM", "karras"), "DDIM has no sigmas of the kind 'karras'. It has: none, only its own."),
        ("sd15", ("EulerDiscrete", OWN, 3.0), "EulerDiscrete has no shift"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(pipelines, family, choice, said):
    with pytest.raises(SchedulerError) as caught:
        made(pipelines[family], *choice)
    assert said in str(caught.value)
