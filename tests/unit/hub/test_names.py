from pathlib import Path

import pytest

from lectern.pipelines.errors import HubNameError
from lectern.pipelines.hub.names import hub_name, place


@pytest.mark.parametrize(
    ("hub_id", "revision", "folder"),
    [
        ("owner/name", "", "owner/name"),
        (" owner/name ", "main", "owner/name"),
        ("Qwen/Qwen-Image.v1_x", " ", "Qwen/Qwen-Image.v1_x"),
        ("o/n", "fp16", "o/n@fp16"),
        ("o/n", "refs/pr/12", "o/n@refs%2Fpr%2F12"),
        ("o/n", "v1.0+cu", "o/n@v1.0+cu"),
        ("o/n", "0123456789abcdef0123456789abcdef01234567", "o/n@0123456789abcdef0123456789abcdef01234567"),
    ],
)
def test_every_revision_has_a_folder_of_its_own(hub_id, revision, folder):
    assert hub_name(hub_id, revision).folder == folder


@pytest.mark.parametrize(
    "hub_id",
    ["name", "a/b/c", "../b", "a/..", "a/.b", "./b", "a/b..c", "a/b--c", "a/b/", "/a/b", "a\\b", "a/\nb", "a/b?x",
     "https://huggingface.co/a/b", "a b/c", "a/b%2e", "C:/x", "a/" + "b" * 97, "ä/b", "a/b.", "a/b.git", "a/b\0",
     "a/-b", "a/b#"],
)  # fmt: skip
def test_what_is_no_id_is_refused(hub_id):
    with pytest.raises(HubNameError, match="is no name of a pipeline on the hub"):
        hub_name(hub_id)


@pytest.mark.parametrize(
    "revision", ["..", "a/../b", "/a", "a//b", "a b", "a?b", "a#b", "a\\b", "-a", ".a", "a/", "x" * 129]
)
def test_what_is_no_revision_is_refused(revision):
    with pytest.raises(HubNameError, match="is no branch, tag or commit"):
        hub_name("a/b", revision)


def test_the_root_that_has_the_folder_counts_and_else_the_first(tmp_path: Path):
    roots = [tmp_path / "one", tmp_path / "two"]
    (roots[1] / "a/b").mkdir(parents=True)
    assert place(hub_name("a/b"), roots) == roots[1] / "a/b"
    assert place(hub_name("a/c"), roots) == roots[0] / "a/c"
