from pathlib import Path

import pytest

from lectern.pipelines.errors import FolderError
from lectern.pipelines.finding import find_pipelines, pipeline_folder


def place(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "model_index.json").write_text("{}")


def test_names_are_relative_to_their_root_and_in_order(tmp_path):
    place(tmp_path, "b", "A", "owner/model", "owner/deep/er")
    (tmp_path / "empty").mkdir()
    assert list(find_pipelines([tmp_path])) == ["A", "b", "owner/deep/er", "owner/model"]


def test_the_first_root_wins_and_a_missing_one_is_nothing(tmp_path):
    place(tmp_path / "one", "same")
    place(tmp_path / "two", "same", "other")
    roots = [tmp_path / "none", tmp_path / "one", tmp_path / "two"]
    assert find_pipelines(roots) == {"other": tmp_path / "two/other", "same": tmp_path / "one/same"}


def test_nothing_inside_a_pipeline_or_a_hidden_folder_is_listed(tmp_path):
    place(tmp_path, "outer", "outer/inner", ".cache/model")
    assert list(find_pipelines([tmp_path])) == ["outer"]


def test_links_are_followed_and_loops_end(tmp_path):
    place(tmp_path / "elsewhere", "model")
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "again").symlink_to(tmp_path / "elsewhere/model", target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "broken").symlink_to(tmp_path / "nowhere")
    assert list(find_pipelines([root])) == ["again", "linked/model"]


@pytest.mark.parametrize("name", ["other", "../model", "", "/etc"])
def test_a_name_that_is_not_listed_is_refused_with_those_that_are(tmp_path, name):
    place(tmp_path / "root", "model")
    with pytest.raises(FolderError, match=r"those that are there: model\."):
        pipeline_folder(name, [tmp_path / "root"])
