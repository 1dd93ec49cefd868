"""Reading bodies, `Prefer` headers and list queries."""

import pytest

from lectern.apps.errors import BadRequest, InvalidInput
from lectern.apps.runs import RunStatus
from lectern.apps.surface.submission import Submission, cursor, parse_json, parse_listing, parse_submission, parse_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        (["respond-async"], None),
        (["wait"], 60),
        (["Wait"], 60),
        (["wait=5"], 5),
        (["wait=0"], 0),
        (['wait="5"'], 5),
        (["wait = 5 ; a=b"], 5),
        (["wait=600"], 60),
        (["wait=" + "9" * 5000], 60),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (["handling=lenient, waiting=3"], None),
        ([""], None),
    ],
)
def test_prefer(headers, seconds):
    assert parse_wait(headers, 60) == seconds


@pytest.mark.parametrize("value", ["wait=", "wait=-1", "wait=soon", "wait=1.5", "wait=1e3", "wait=²", "wait==3"])
def test_malformed_wait(value):
    with pytest.raises(BadRequest, match="whole seconds"):
        parse_wait([value], 60)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nope",
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'{"a": "x\\u0000"}',
        b'{"a": "\x00"}',
        b"[" * 100_000,
        b'{"a": ' + b"1" * 10_000 + b"}",
    ],
)
def test_what_is_not_json(content):
    with pytest.raises(BadRequest):
        parse_json(content)


def test_what_is_json():
    assert parse_json(b'{"a": ["\\\\u0000", "\\ud83d\\ude00", "Infinity"]}') == {"a": ["\\u0000", "😀", "Infinity"]}


@pytest.mark.parametrize("body", [None, 1, "x", [], [{}], True])
def test_a_body_must_be_an_object(body):
    with pytest.raises(BadRequest, match="JSON object"):
        parse_submission(body)


def test_keys_may_be_left_out():
    assert parse_submission({}) == Submission({}, None, {})
    full = {"input": {"a": 1}, "version": 2, "metadata": {"k": "v"}}
    assert parse_submission(full) == Submission({"a": 1}, 2, {"k": "v"})


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"inputs": {}, "webhook": ""}, ["inputs", "webhook"]),
        ({"input": []}, ["input"]),
        ({"input": None, "version": True, "metadata": {"a": 1}}, ["input", "version", "metadata"]),
        ({"version": 0}, ["version"]),
        ({"version": "1"}, ["version"]),
        ({"metadata": []}, ["metadata"]),
        ({"priority": "high"}, ["priority"]),
        ({"priority": None}, ["priority"]),
        ({"priority": ["batch"]}, ["priority"]),
        ({"metadata": {str(i): "" for i in range(17)}}, ["metadata"]),
        ({"metadata": {"k" * 65: ""}}, ["metadata"]),
        ({"metadata": {"k": "v" * 513}}, ["metadata"]),
    ],
)
def test_every_wrong_key_is_listed(body, wrong):
    with pytest.raises(InvalidInput) as caught:
        parse_submission(body)
    assert isinstance(caught.value.details, list)
    assert [problem["input"] for problem in caught.value.details] == wrong


def test_listing():
    assert parse_listing({}) == (None, (), 20, None)
    assert parse_listing({"app": "x", "status": "queued, failed", "limit": "100"}) == (
        "x",
        (RunStatus.QUEUED, RunStatus.FAILED),
        100,
        None,
    )
    assert parse_listing({"cursor": cursor(2**40)}).before == 2**40


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "a"},
        {"limit": "-1"},
        {"status": "done"},
        {"cursor": "x"},
        {"cursor": "_" * 11},
    ],
)
def test_malformed_listing(query):
    with pytest.raises(BadRequest):
        parse_listing(query)
