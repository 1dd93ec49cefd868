"""What workers report becomes what the store says: once, whatever comes twice, late or in another order."""

import pytest

from lectern.apps.fleet.messages import Kind, Report
from lectern.apps.runs import OutputItem, Result, RunError, RunStatus
from lectern.apps.store.database import open_engine
from lectern.apps.store.migrate import migrate
from lectern.apps.store.runs import Bounds
from lectern.apps.store.stores import Stores
from unit.fleet.gateway_house import a_new_run

EXPIRY = 9_999


class Desk:
    """A store with one run, and what its webhook was told."""

    def __init__(self, folder, **terms):
        engine = open_engine(folder / "lectern.db")
        migrate(engine)
        self.told = []
        self.store = Stores(engine, lambda _, event, run: self.told.append(event))
        new = a_new_run(**terms)
        self.id = new.id
        self.store.runs.insert(new, Bounds(10))

    def report(self, kind, attempt=1, take=0, status=RunStatus.SUCCEEDED, prompt="p1", name="a.png", **fields):
        result = None
        if kind in (Kind.ADVANCED, Kind.ENDED):
            item = OutputItem("picture", "3", name, "image/png", 3, f"{self.id}.{take}.0", "fleet", take=take)
            result = Result(status, fields.pop("error", None), (item,), 1, 250, f"log {take}\n")
        return Report(kind, self.id, "w1", attempt, take, 2000, 1500, prompt, result, **fields)

    def apply(self, *reports, **how):
        return [self.store.fleet.apply(report, EXPIRY, **how) for report in reports]


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(**terms):
        made.append(Desk(tmp_path, **terms))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def test_a_run_begins_and_ends(desk):
    here = desk()
    started, ended = here.apply(here.report(Kind.STARTED), here.report(Kind.ENDED))
    assert (started.status, started.worker, started.started_ms) == (RunStatus.RUNNING, "w1", 1500)
    assert (ended.status, ended.completed_ms, ended.expires_ms) == (RunStatus.SUCCEEDED, 2000, EXPIRY)
    assert here.store.runs.get(here.id) == ended and here.told == ["start", "output", "completed"]


def test_the_same_reports_again_change_nothing(desk):
    here = desk()
    reports = [here.report(Kind.STARTED), here.report(Kind.ENDED)]
    here.apply(*reports)
    assert here.apply(*reports) == [None, None] and here.told == ["start", "output", "completed"]


def test_a_start_that_comes_after_the_end_changes_nothing(desk):
    here = desk()
    ended, late = here.apply(here.report(Kind.ENDED), here.report(Kind.STARTED))
    assert ended.status is RunStatus.SUCCEEDED and late is None
    assert here.told == ["start", "output", "completed"]


def test_takes_are_stored_in_their_order_whatever_came_first(desk):
    here = desk(takes=2)
    first, second = here.report(Kind.ADVANCED, name="a.png"), here.report(Kind.ENDED, take=1, name="b.png")
    assert here.apply(second) == ["later"]
    advanced, ended = here.apply(first, second)
    assert (advanced.takes_done, advanced.status) == (1, RunStatus.RUNNING)
    assert [item.name for item in ended.outputs] == ["a.png", "b.png"]
    assert (ended.execution_ms, ended.logs, ended.takes_done) == (500, "log 0\nlog 1\n", 2)


def test_an_end_whose_earlier_takes_never_come_is_stored_in_the_end(desk):
    here = desk(takes=2)
    (ended,) = here.apply(here.report(Kind.ENDED, take=1), final=True)
    assert ended.status is RunStatus.SUCCEEDED


def test_what_an_earlier_attempt_says_does_not_count(desk):
    here = desk()
    here.apply(here.report(Kind.STARTED, attempt=2, prompt="p2"))
    assert here.apply(here.report(Kind.WAITING), here.report(Kind.STARTED)) == [None, None]
    assert here.store.runs.get(here.id).status is RunStatus.RUNNING


def test_a_run_waits_again_when_its_worker_gives_it_back(desk):
    here = desk()
    _, waiting = here.apply(here.report(Kind.STARTED), here.report(Kind.WAITING))
    assert (waiting.status, waiting.worker, waiting.prompt_id) == (RunStatus.QUEUED, "", None)
    (again,) = here.apply(here.report(Kind.STARTED, attempt=2, prompt="p2"))
    assert again.status is RunStatus.RUNNING and here.told == ["start"]


def test_a_canceled_run_stays_canceled(desk):
    here = desk()
    here.store.runs.cancel(here.id, 1000, EXPIRY)
    assert here.apply(here.report(Kind.STARTED), here.report(Kind.ENDED)) == [None, None]
    assert here.store.runs.get(here.id).status is RunStatus.CANCELED


def test_a_run_that_is_being_canceled_ends_as_its_worker_says(desk):
    here = desk()
    here.apply(here.report(Kind.STARTED))
    here.store.runs.cancel(here.id, 1000, EXPIRY)
    (ended,) = here.apply(here.report(Kind.ENDED, status=RunStatus.CANCELED))
    assert ended.status is RunStatus.CANCELED


def test_an_error_is_stored_as_it_was_reported(desk):
    here = desk()
    error = RunError("out_of_memory", "No memory.", "3", "SaveImage", "Save")
    (ended,) = here.apply(here.report(Kind.ENDED, status=RunStatus.FAILED, error=error))
    assert ended.error == error and here.store.runs.get(here.id).error == error


def test_reports_of_unknown_runs_are_left(desk):
    here = desk()
    here.store.fleet.place([(here.id, 7)])
    assert here.apply(here.report(Kind.STARTED)._replace(run="gone")) == [None]
    assert [waiting.place for waiting in here.store.fleet.placed(0, 10)] == [7]
    assert here.store.fleet.unplaced(10**15, 10) == []
