"""Bytes cut into events."""

import pytest

from lectern.prompts.server.sse import Events, TooLong

STREAMS = {
    "lf": (b"data: a\n\ndata: b\n\n", ["a", "b"]),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    "cr": (b"data: a\r\rdata: b\r\r", ["a", "b"]),
    "mixed": (b"data: a\r\n\ndata: b\n\r\n", ["a", "b"]),
    "no space": (b"data:a\n\n", ["a"]),
    "two spaces": (b"data:  a\n\n", [" a"]),
    "lines": (b"data: {\ndata: }\n\n", ["{\n}"]),
    "comments": (b": OPENROUTER PROCESSING\n\n: again\n\ndata: a\n\n", ["a"]),
    "other fields": (b"event: message\nid: 3\nretry: 5\ndata: a\n\n", ["a"]),
    "no data": (b"event: ping\n\ndata: a\n\n", ["a"]),
    "empty data": (b"data:\n\ndata: a\n\n", ["", "a"]),
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
    "letters": ("data: 灯台\n\n".encode(), ["灯台"]),
    "not UTF-8": (b"data: a\xff\n\n", ["a�"]),
    "empty lines": (b"\n\n\ndata: a\n\n\n\n", ["a"]),
}


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(("stream", "events"), STREAMS.values(), ids=STREAMS.keys())
def test_events_come_whole_however_the_bytes_are_split(stream, events, size):
    cutter, found = Events(1000), []
    for start in range(0, len(stream), size):
        found += cutter.feed(stream[start : start + size])
    assert found == events
    assert cutter.end() == []


@pytest.mark.parametrize("stream", [b"data: a", b"data: a\n", b"data: a\r"])
def test_the_last_event_may_lack_its_end(stream):
    cutter = Events(1000)
    assert cutter.feed(stream) == []
    assert cutter.end() == ["a"]


def test_an_event_ends_with_its_own_bytes_and_not_with_the_next():
    cutter = Events(1000)
    assert cutter.feed(b"data: a\r\n\r") == ["a"]
    assert cutter.feed(b"\n") == []
    assert cutter.feed(b"data: b\n\n") == ["b"]


@pytest.mark.parametrize("stream", [b"data: " + b"a" * 200, b"data: a\n" * 40, b"a" * 200, b"event: a\n" + b":" * 200])
def test_an_event_without_end_is_not_kept(stream):
    cutter = Events(100)
    with pytest.raises(TooLong):
        for start in range(0, len(stream), 8):
            cutter.feed(stream[start : start + 8])


def test_comments_may_keep_a_connection_alive_forever():
    cutter = Events(100)
    assert [cutter.feed(b": still loading\n\n") for _ in range(100)] == [[]] * 100
    assert [cutter.feed(b": and no empty line\n") for _ in range(100)] == [[]] * 100
    assert cutter.feed(b"data: a\n\n") == ["a"]
