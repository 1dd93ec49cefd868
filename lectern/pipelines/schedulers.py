"""Schedulers that a pipeline can use, made from the config of its own."""

import copy
from inspect import signature
from typing import Any

from .errors import SchedulerError

OWN = "pipeline's own"
SIGMAS = {"karras": "use_karras_sigmas", "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas"}
# diffusers' class names without "Scheduler"; the list of the widget. A pipeline's own list counts when it runs.
NAMES = (
    "DDIM", "DDPM", "DEISMultistep", "DPMSolverMultistep", "DPMSolverSDE", "DPMSolverSinglestep",
    "EulerAncestralDiscrete", "EulerDiscrete", "FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete", "FlowMatchLCM",
    "HeunDiscrete", "KDPM2AncestralDiscrete", "KDPM2Discrete", "LCM", "LMSDiscrete", "PNDM", "TCD", "UniPCMultistep",
)  # fmt: skip
# For denoisers that predict a flow; diffusers lists no compatibles for these.
FLOW_NAMES = ("DEISMultistep", "DPMSolverMultistep", "FlowMatchEulerDiscrete", "FlowMatchLCM", "UniPCMultistep")
FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}


def flows(scheduler: Any) -> bool:
    return "FlowMatch" in type(scheduler).__name__ or bool(scheduler.config.get("use_flow_sigmas"))


def compatible(pipe: Any, scheduler: Any) -> list[str]:
    """Names of the schedulers that this pipeline can use in place of `scheduler`."""
    own = _name(type(scheduler))
    if flows(scheduler):
        found = {name for name in FLOW_NAMES if _takes(name, _sigmas_given(pipe))}
    else:
        # EDM schedulers are listed, but only work for denoisers that were trained for them.
        found = {name for one in scheduler.compatibles if not (name := _name(one)).startswith("EDM")}
    return sorted({own, *found})


def scheduler_for(pipe: Any, scheduler: Any, name: str = OWN, sigmas: str = OWN, shift: float = 0.0) -> Any:
    """A new scheduler for the pipeline, with `scheduler`'s config where nothing else is said.

    Args:
        shift: of the timesteps, for models that predict a flow; 0 leaves the pipeline's own.

    Raises:
        SchedulerError: with what is possible instead.
    """
    wanted = _name(type(scheduler)) if name == OWN else name
    known = compatible(pipe, scheduler)
    if wanted not in known:
        raise SchedulerError(
            f"{type(pipe).__name__} cannot use the scheduler {wanted[:80]}. It takes: {', '.join(known)}."
        )
    made = _class(wanted)
    options = _flow_options(made, scheduler) | _sigma_options(made, sigmas) | _shift_options(made, shift)
    # Only what it knows: diffusers would complain about the rest on the console.
    config = {key: value for key, value in scheduler.config.items() if _has(made, key)}
    return made.from_config(config, **options)


def fresh(scheduler: Any) -> Any:
    """One for a single run, which begins it by setting its timesteps: that clears what another run has left."""
    return copy.deepcopy(scheduler)


def _flow_options(made: type, scheduler: Any) -> dict[str, Any]:
    if not flows(scheduler) or not _has(made, "use_flow_sigmas"):
        return {}
    config = scheduler.config
    return {**FLOW, "flow_shift": config.get("flow_shift") or config.get("shift") or 1.0}


def _sigma_options(made: type, sigmas: str) -> dict[str, Any]:
    if sigmas == OWN:
        return {}
    there = [name for name, flag in SIGMAS.items() if _has(made, flag)]
    if sigmas not in there:
        choices = ", ".join(there) or "none, only its own"
        raise SchedulerError(f"{_name(made)} has no sigmas of the kind {sigmas[:80]!r}. It has: {choices}.")
    return {flag: name == sigmas for name, flag in SIGMAS.items() if _has(made, flag)}


def _shift_options(made: type, shift: float) -> dict[str, Any]:
    if not shift:
        return {}
    name = next((name for name in ("shift", "flow_shift") if _has(made, name)), None)
    if name is None:
        raise SchedulerError(
            f"{_name(made)} has no shift; only models that predict a flow (Flux, SD3) have. Set it to 0."
        )
    # A fixed shift, instead of one that follows the picture's size.
    return {name: shift} | ({"use_dynamic_shifting": False} if _has(made, "use_dynamic_shifting") else {})


def _takes(name: str, sigmas: bool) -> bool:
    parameters = signature(_class(name).set_timesteps).parameters
    return "mu" in parameters and (not sigmas or "sigmas" in parameters)


def _sigmas_given(pipe: Any) -> bool:
    """Whether the pipeline gives its scheduler sigmas, as Flux does; not all schedulers take them."""
    return "sigmas" in signature(type(pipe).__call__).parameters


def _has(made: type, option: str) -> bool:
    return option in signature(made.__init__).parameters


def _class(name: str) -> Any:
    import diffusers

    found = getattr(diffusers, f"{name}Scheduler", None)
    if found is None:
        raise SchedulerError(f"diffusers {diffusers.__version__} has no scheduler {name[:80]!r}. Update diffusers.")
    return found


def _name(made: type) -> str:
    return made.__name__.removesuffix("Scheduler")
