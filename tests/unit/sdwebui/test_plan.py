"""How work is divided: every picture once, in order, whatever servers come in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from lectern.sdwebui.dialects import DIALECTS
from lectern.sdwebui.plan import Plan, shares

SERVERS = st.tuples(st.sampled_from(sorted(DIALECTS)), st.floats(0.01, 1))


@given(
    rounds=st.integers(1, 5),
    batch=st.integers(1, 9),
    iterations=st.integers(1, 9),
    servers=st.lists(SERVERS, min_size=1, max_size=5),
    returned=st.sets(st.integers(0, 20)),
)
def test_every_picture_is_made_once(rounds, batch, iterations, servers, returned):
    plan = Plan(rounds, batch * iterations, batch)
    made, turn = [], 0
    while plan.left:
        name, share = servers[turn % len(servers)]
        dialect = DIALECTS[name]
        part = plan.take(share, dialect)
        assert part is not None and 1 <= part.count <= dialect.most_images
        size = min(batch, part.count)
        assert part.count % size == 0 and (dialect.iterations or part.count == size)  # one request can say it
        if turn in returned:
            plan.give_back(part)
        else:
            made += [(part.round, part.first + place) for place in range(part.count)]
        turn += 1
    assert plan.take(1.0, DIALECTS["forge"]) is None
    assert sorted(made) == [(number, place) for number in range(rounds) for place in range(batch * iterations)]


def test_a_server_alone_gets_all_it_can_say_in_one_request():
    assert Plan(1, 12, 4).take(1.0, DIALECTS["forge"]).count == 12
    assert Plan(1, 12, 4).take(1.0, DIALECTS["sdcpp"]).count == 4
    assert Plan(1, 12, 4).take(1.0, DIALECTS["koboldcpp"]).count == 1


def test_a_script_is_never_divided():
    assert Plan(1, 12, 4, whole=True).take(0.1, DIALECTS["forge"]).count == 12


def test_shares_follow_the_pace():
    assert shares({"a": None, "b": None}) == {"a": 0.5, "b": 0.5}
    assert shares({"a": 1.0, "b": 3.0}) == {"a": 0.75, "b": 0.25}
    assert shares({"a": 2.0, "new": None}) == {"a": 0.5, "new": 0.5}
