"""An app: one version of a published workflow, and what its publisher allows."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import InvalidInput
from ..graph import Graph
from ..inputs import Problem, shown
from ..picks import NAME_LENGTH, Picked
from .saved import Workflow

MOST_ROLES = 100
InputName = Annotated[str, Field(max_length=NAME_LENGTH)]


class AppOptions(BaseModel):
    """What a publisher may set, for all versions of an app."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    public: bool = Field(default=False, description="readable and usable without a key")
    retry: bool = Field(default=True, description="run once more when ComfyUI restarted meanwhile")
    max_seconds: int | None = Field(default=None, ge=1, le=86_400, description="that one execution may take")
    max_n: int = Field(default=8, ge=1, le=64, description="executions that one run may ask for")
    queued: int | None = Field(default=None, ge=1, le=100_000, description="runs of this app that may wait at once")
    priority: Literal["interactive", "batch"] = Field(
        default="interactive", description="of runs that do not say it themselves: batch lets interactive ones go first"
    )
    exclusive: bool = Field(default=False, description="one run of this app at a time, on however many machines")
    max_mb: int | None = Field(default=None, ge=1, le=4096, description="megabytes of one file that a run brings")
    roles: dict[str, InputName] | None = Field(
        default=None,
        max_length=MOST_ROLES,
        description="inputs by what they are for, where that is not derived rightly",
    )


def read_options(given: object, before: AppOptions | None = None) -> AppOptions:
    """Options as a request gives them, over those that were there. Raises InvalidInput with every mistake."""
    if not isinstance(given, dict):
        problem = Problem("options", "wrong_type", f"options must be an object; got {shown(given)}.")
        raise InvalidInput(problem.message, [problem._asdict()])
    try:
        return AppOptions.model_validate({**(before or AppOptions()).model_dump(), **given})
    except ValidationError as error:
        problems = [
            Problem(f"options.{e['loc'][0]}", "wrong_option", f"options.{e['loc'][0]}: {e['msg']}.")
            for e in error.errors(include_url=False)
        ]
        raise InvalidInput(problems[0].message, [problem._asdict() for problem in problems]) from None


@dataclass(frozen=True)
class App:
    """One version of a published workflow."""

    slug: str
    title: str
    description: str
    version: int
    workflow: Workflow | None  # UI format
    graph: Graph  # API format: what runs
    picked: Picked
    source: str = "app_mode"  # bundled, app_mode, picks, proposed
    active: int = 1  # version
    versions: tuple[int, ...] = (1,)
    options: AppOptions = field(default_factory=AppOptions)
    picture: str = ""  # tag of its picture; empty without one
    created_ms: int | None = None  # of this version
    updated_ms: int | None = None  # of the app
    bundled: bool = False
