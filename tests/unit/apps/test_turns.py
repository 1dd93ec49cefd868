"""Whose turn it is among runs that wait."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.apps.running.turns import BATCH_EVERY, Queue, Turns
from lectern.apps.runs import NewRun, Priority, Result, RunStatus, Terms, Workflow
from lectern.apps.store import database
from lectern.apps.store.migrate import migrate
from lectern.apps.store.runs import Bounds
from lectern.apps.store.stores import Stores

Waiting = dict[tuple[str, str], list[int]]  # by priority and owner: the runs that wait, by sequence


FIRST = Turns()


def queues(waiting: Waiting) -> list[Queue]:
    return [Queue(*name, runs[0], len(runs)) for name, runs in waiting.items() if runs]


def drained(waiting: Waiting, turns: Turns = FIRST, limit: int = 1000) -> list[int]:
    """The order in which they run, when nothing else comes."""
    order = []
    while (left := queues(waiting)) and len(order) < limit:
        chosen, turns = turns.next(left)
        order.append(waiting[chosen.name].pop(0))
    return order


def test_one_owners_runs_go_in_order():
    assert drained({("interactive", "a"): [1, 2, 3]}) == [1, 2, 3]


def test_owners_take_turns():
    waiting = {("interactive", "a"): [1, 2, 3, 4], ("interactive", "b"): [5], ("interactive", "c"): [6, 7]}
    assert drained(waiting) == [1, 5, 6, 2, 7, 3, 4]


def test_every_fifth_run_is_a_batch_while_any_wait():
    waiting = {("batch", "a"): [1, 2, 3], ("interactive", "a"): list(range(10, 20))}
    assert drained(waiting) == [10, 11, 12, 13, 1, 14, 15, 16, 17, 2, 18, 19, 3]


def test_who_comes_later_does_not_pass_those_who_have_waited_for_their_turn():
    turns, waiting = Turns(), {("interactive", "a"): [1, 2, 3]}
    served = []
    for newcomer in range(3):  # each time somebody new
        waiting[("interactive", f"n{newcomer}")] = [10 + newcomer]
        chosen, turns = turns.next(queues(waiting))
        served.append(waiting[chosen.name].pop(0))
    assert served == [1, 10, 2]


NAMES = st.tuples(st.sampled_from([str(one) for one in Priority]), st.sampled_from("abc"))
CROWDS = st.dictionaries(NAMES, st.integers(1, 12), min_size=1)


def numbered(crowd: dict[tuple[str, str], int]) -> Waiting:
    numbers = iter(range(1, 1000))
    return {name: [next(numbers) for _ in range(count)] for name, count in crowd.items()}


@given(CROWDS, st.integers(0, 7))
def test_everybody_comes_and_positions_say_when(crowd, before):
    """The last of a crowd may be told a place too far or too near by a few where queues of others end meanwhile."""
    turns = Turns()
    earlier = numbered(crowd)
    for _ in range(min(before, sum(map(len, earlier.values())) - 1)):
        chosen, turns = turns.next(queues(earlier))
        earlier[chosen.name].pop(0)
    waiting = {name: list(runs) for name, runs in earlier.items() if runs}
    left = queues(waiting)
    told = {
        run: turns.position(left, queue, place) for queue in left for place, run in enumerate(waiting[queue.name], 1)
    }
    order = drained(waiting, turns)
    assert sorted(order) == sorted(told)
    off = {run: told[run] - (order.index(run) + 1) for run in told}
    assert max(map(abs, off.values())) <= BATCH_EVERY
    if len({name[0] for name in crowd}) == 1:
        assert set(off.values()) == {0}


@pytest.fixture
def store(tmp_path):
    engine = database.open_engine(tmp_path / "lectern.db")
    migrate(engine)
    yield Stores(engine).runs
    engine.dispose()


def put(store, run_id, owner="", priority=Priority.INTERACTIVE):
    workflow = Workflow({}, {}, {})
    new = NewRun(run_id, "tiny", 1, workflow, {}, {}, 1000, Terms(owner=owner, priority=priority))
    return store.insert(new, Bounds(100)).position


def test_the_store_gives_runs_by_turn_and_tells_positions(store):
    told = [put(store, "b1", "a", Priority.BATCH), put(store, "i1", "a"), put(store, "i2", "a"), put(store, "i3", "b")]
    assert told == [1, 1, 2, 2]  # as it was when they came
    runs = [store.get(name) for name in ("b1", "i1", "i2", "i3")]
    assert store.queue_positions(runs) == {"i1": 1, "i3": 2, "i2": 3, "b1": 4}
    order = []
    while (job := store.next_job()) is not None:
        run, _ = job
        order.append(run.id)
        store.finish(store.take(run, "p", 1), Result(RunStatus.SUCCEEDED), 2)
    assert order == ["i1", "i3", "i2", "b1"]


def test_a_run_that_could_not_start_keeps_its_turn(store):
    put(store, "a1", "a")
    put(store, "b1", "b")
    for _ in range(3):
        run, _ = store.next_job()
        assert run.id == "a1"
        store.release(store.take(run, "p", 1), counted=False)
    store.cancel("a1", 5)
    assert store.next_job()[0].id == "b1"


def test_what_comfyui_has_goes_before_all_turns(store):
    put(store, "a1", "a", Priority.BATCH)
    store.take(store.get("a1"), "p", 1)
    put(store, "i1", "b")
    put(store, "i2", "c")
    assert store.next_job()[0].id == "a1"
    assert replace(store.get("a1")).terms.priority is Priority.BATCH
