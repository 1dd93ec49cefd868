"""Whose run a worker takes next."""

from collections import Counter

import pytest

from lectern.apps.fleet.topology import QueueName
from lectern.apps.fleet.worker.picking import Candidate, Turns, order


def queue(text):
    """`owner lane`, interactive; `owner lane b`, batch."""
    owner, lane, *batch = text.split()
    return QueueName(lane, "batch" if batch else "interactive", owner)


def served(*texts):
    turns = Turns()
    for text in texts:
        turns = turns.served(queue(text))
    return turns


@pytest.mark.parametrize(
    ("waiting", "before", "first"),
    [
        (["a x b", "a x"], [], "a x"),
        (["a x b", "a x"], ["a x"] * 3, "a x"),
        (["a x b", "a x"], ["a x"] * 4, "a x b"),
        (["a x b", "a x"], ["a x"] * 5, "a x"),
        (["a x b"], [], "a x b"),
        (["a x"], ["a x"] * 4, "a x"),
        (["a x", "b x"], ["a x"], "b x"),
        (["a x", "b x"], ["a x", "b x"], "a x"),
        (["a x", "b x", "new x"], ["a x", "b x"], "new x"),
    ],
    ids=[
        "interactive before batch",
        "for four runs",
        "and every fifth time batch first",
        "and then not again",
        "batch when there is nothing else",
        "interactive at batch's turn when there is no batch",
        "the other owner's turn",
        "whoever was not served for longest",
        "who was never served comes first",
    ],
)
def test_whose_turn_it_is(waiting, before, first):
    assert order([Candidate(queue(text)) for text in waiting], served(*before))[0] == queue(first)


@pytest.mark.parametrize(
    ("before", "first"),
    [(["a warm"] * 9, "a warm"), (["a warm"] * 10, "a cold"), (["a warm"] * 10 + ["a cold"], "a warm")],
)
def test_models_in_memory_are_used_for_a_while(before, first):
    waiting = [Candidate(queue("a cold")), Candidate(queue("a warm"), warm=True)]
    assert order(waiting, served(*before))[0] == queue(first)


def test_a_lane_alone_goes_on():
    assert order([Candidate(queue("a warm"), warm=True)], served(*["a warm"] * 50)) == [queue("a warm")]


def test_queues_that_were_empty_a_moment_ago_come_last():
    waiting = [Candidate(queue("a x"), empty=True), Candidate(queue("b x b"))]
    assert order(waiting, Turns()) == [queue("b x b"), queue("a x")]


def test_an_owner_of_many_runs_does_not_hold_up_others():
    waiting = Counter({queue("crowd x"): 10_000, queue("one x"): 1, queue("two y b"): 2})
    turns, taken = Turns(), []
    for _ in range(10):
        chosen = order([Candidate(name) for name, number in waiting.items() if number], turns)[0]
        waiting[chosen] -= 1
        turns = turns.served(chosen)
        taken.append(chosen.owner)
    assert taken == ["crowd", "one", "crowd", "crowd", "two", "crowd", "crowd", "crowd", "crowd", "two"]
