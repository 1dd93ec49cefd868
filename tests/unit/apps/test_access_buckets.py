"""Buckets that fill up."""

from lectern.apps.access.buckets import Buckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_then_steadily():
    clock = Clock()
    buckets = Buckets(clock)
    assert [buckets.take("a", 10) for _ in range(11)] == [0] * 10 + [6]
    clock.now = 5.9
    assert buckets.take("a", 10) == 1
    clock.now = 6.0
    assert [buckets.take("a", 10), buckets.take("a", 10)] == [0, 6]


def test_it_never_holds_more_than_a_minutes_worth():
    clock = Clock()
    buckets = Buckets(clock)
    buckets.take("a", 2)
    clock.now = 3600
    assert [buckets.take("a", 2) for _ in range(3)] == [0, 0, 30]
    for _ in range(5):
        buckets.give_back("a", 2)
    assert [buckets.take("a", 2) for _ in range(3)] == [0, 0, 30]


def test_names_do_not_share():
    buckets = Buckets(Clock())
    assert [buckets.take(name, 1) for name in "aab"] == [0, 60, 0]


def test_memory_is_bounded_and_the_longest_unused_goes_first():
    buckets = Buckets(Clock(), most=3)
    for number in range(1000):
        buckets.take("busy", 5000)
        buckets.take(str(number), 1)
    assert list(buckets._levels) == ["998", "busy", "999"]
