"""The OpenAPI document of a real ComfyUI against what it answers: random requests, right ones and wrong ones.

LECTERN_EXAMPLES says how many requests each operation gets of both kinds (4 by default).
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import schemathesis
from comfyui.test_apps import finished
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.client import Comfy, node
from support.faulty.graphs import APPS, WORK_PICKS, publish, work_graph
from support.faulty.house import FaultyServer

logger = logging.getLogger(__name__)

EXAMPLES = int(os.environ.get("LECTERN_EXAMPLES", "4"))
SEED = int(os.environ.get("LECTERN_SEED", "1"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = "queued = 100000\nwait_seconds = 1\nstreams = 100000"
PATIENCE = 20  # seconds for one answer
OF_BODIES = [response_schema_conformance]


class Known(NamedTuple):
    """What exists, so that not every random address is one of nothing."""

    values: dict[str, list[Any]]  # by name of the path's parameter
    victims: dict[str, list[Any]]  # the same, for requests that change or delete


@pytest.fixture(scope="module")
def comfy() -> Iterator[Comfy]:
    with FaultyServer(SETTINGS) as faulty:
        yield faulty.comfy


@pytest.fixture(scope="module")
def known(comfy: Comfy) -> Known:
    picks = [{**WORK_PICKS[0], "maximum": 0.05}, *WORK_PICKS[1:]]
    for slug in ("work", "victim", "another"):
        publish(comfy, slug, work_graph(), picks, title="Grüße 你好")
    pictured = work_graph(image=["4", 0]) | {"4": node("LoadImage", image="example.png")}
    publish(comfy, "pictured", pictured, [{"node_id": "4", "widget": "image", "name": "picture"}])
    runs = [comfy.post(f"{APPS}/work/runs", {"input": {"seed": number}, "n": 2}).json for number in range(8)]
    runs.append(comfy.post(f"{APPS}/work/runs", {"input": {"how": "raises"}}).json)
    ids = [finished(comfy, run)["id"] for run in runs]
    values = {"id": ids[4:], "slug": ["work", "pictured", "deck-from-titles"], "k": [0, 1], "n": [1, 2]}
    return Known(values, {"id": ids[:4], "slug": ["victim", "another"], "n": [1, 2]})


def operations(comfy: Comfy) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{comfy.url}/lectern/v1/openapi.json")
    return [result.ok() for result in schema.get_all_operations()]


def ask(comfy: Comfy, case: Any, place: int, known: Known) -> int:
    """One request; the answer's status. Raises FailureGroup when the document does not allow the answer."""
    existing = known.victims if case.method in ("DELETE", "PUT", "PATCH") else known.values
    for name in case.path_parameters or {}:
        choices = existing.get(name)
        if choices and place:
            case.path_parameters[name] = choices[place % len(choices)]
    case.headers.pop("Accept", None)
    response = case.call(base_url=comfy.url, timeout=PATIENCE)
    # Schemathesis takes the schema of an event stream for one of each event; OpenAPI 3.1 has none for that.
    stream = response.headers.get("content-type", [""])[0].startswith("text/event-stream")
    case.validate_response(response, checks=[check for check in CHECKS if not (stream and check in OF_BODIES)])
    return response.status_code


@pytest.mark.timeout(300 + 40 * EXAMPLES)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_the_document_allows(comfy: Comfy, known: Known, mode: GenerationMode):
    wrong: dict[str, str] = {}
    statuses: Counter[int] = Counter()
    for operation in operations(comfy):
        answers = requests(comfy, operation, mode, known)
        try:
            answers(statuses)
        except Unsatisfiable:  # nothing about this operation can be got wrong
            continue
        except FailureGroup as group:
            wrong[operation.label] = "\n".join(f"{error.title}: {error.message}" for error in group.exceptions)
        except AssertionError as error:
            wrong[operation.label] = str(error)
    logger.warning(f"{mode.value}: {dict(sorted(statuses.items()))}")  # shown with `-o log_cli=true`
    assert not wrong, "\n\n".join(f"{label}\n{said}" for label, said in wrong.items())
    assert statuses[200] > 0


def requests(comfy: Comfy, operation: Any, mode: GenerationMode, known: Known) -> Any:
    """A function that sends random requests and counts the statuses of the answers."""

    def answers(statuses: Counter[int]) -> None:
        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],  # pyright: ignore[reportArgumentType]
        )
        @given(case=operation.as_strategy(generation_mode=mode), place=st.integers(0, 8))
        def each(case: Any, place: int) -> None:
            statuses[ask(comfy, case, place, known)] += 1

        each()

    return answers
