import json

import pytest

from lectern.pipelines.errors import HubAnswerError
from lectern.pipelines.hub.listing import Entry, commit_of, entries_of

BLOB, SHA = "a" * 40, "b" * 64


def listed(**changes):
    return json.dumps([{"type": "file", "oid": BLOB, "size": 3, "path": "unet/config.json"} | changes]).encode()


def test_small_and_large_files_have_their_own_digests():
    large = {"oid": SHA, "size": 5_000_000_000, "pointerSize": 135}
    assert entries_of(listed()) == [Entry("unet/config.json", 3, f"git:{BLOB}")]
    assert entries_of(listed(lfs=large, xetHash="c" * 64))[0] == Entry(
        "unet/config.json", 5_000_000_000, f"sha256:{SHA}"
    )
    assert entries_of(listed(type="directory", path="..")) == []


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../x", "/etc/passwd", "a//b", "./a", "a/.", "a\\b", "C:\\x", "C:x", "a\nb", "a\0b", "", "a/", 5, None,
     ["a"], "a" * 1100, "a/b.", "a/b ", "a/ ", "..."],
)  # fmt: skip
def test_a_path_that_leads_out_refuses_the_whole_list(path):
    with pytest.raises(HubAnswerError, match="it names the file"):
        entries_of(listed(path=path))


@pytest.mark.parametrize(
    "changes",
    [{"size": -1}, {"size": "3"}, {"size": 1 << 51}, {"size": None}, {"oid": "x" * 40}, {"oid": None}, {"oid": SHA},
     {"lfs": {"oid": BLOB, "size": 1}}, {"lfs": {"oid": SHA.upper(), "size": 1}}, {"lfs": {}}],
)  # fmt: skip
def test_sizes_and_digests_are_checked(changes):
    with pytest.raises(HubAnswerError, match=r"of unet/config\.json"):
        entries_of(listed(**changes))


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"5", b'{"error": "x"}', b"[1]", b"[" * 100_000])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(HubAnswerError):
        entries_of(text)


def test_the_commit_is_a_commit():
    assert commit_of(json.dumps({"sha": BLOB}).encode()) == BLOB
    for sha in ("main", "../x", None, BLOB + "\n", 5):
        with pytest.raises(HubAnswerError, match="it names no commit"):
            commit_of(json.dumps({"sha": sha}).encode())
