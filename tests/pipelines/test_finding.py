import builtins
from pathlib import Path

import pytest

from lectern.modelfiles import find_files
from lectern.pipelines.errors import FolderError
from lectern.pipelines.finding import find_folder, find_folders, find_model, find_models


def place(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "model_index.json").write_text("{}")


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def names(*roots: Path, kind: str = "diffusers") -> list[str]:
    return list(find_models({kind: roots}))


def test_names_are_relative_to_their_root_and_in_order(tmp_path):
    place(tmp_path, "b", "A", "owner/model", "owner/deep/er")
    (tmp_path / "empty").mkdir()
    assert names(tmp_path) == ["A", "b", "owner/deep/er", "owner/model"]


def test_the_first_root_wins_and_a_missing_one_is_nothing(tmp_path):
    place(tmp_path / "one", "same")
    place(tmp_path / "two", "same", "other")
    roots = [tmp_path / "none", tmp_path / "one", tmp_path / "two"]
    assert find_models({"diffusers": roots}) == {"other": tmp_path / "two/other", "same": tmp_path / "one/same"}


def test_single_files_carry_the_kind_of_their_folder(tmp_path):
    put(tmp_path / "c", "same.safetensors", "sub/model.SAFETENSORS")
    put(tmp_path / "u", "same.safetensors", "quantised.gguf")
    put(tmp_path / "d", "same.safetensors")
    place(tmp_path / "d", "folder")
    place(tmp_path / "c", "folder")
    roots = {"diffusers": [tmp_path / "d"], "checkpoints": [tmp_path / "c"], "diffusion_models": [tmp_path / "u"]}
    assert list(find_models(roots)) == [
        "checkpoints/folder", "checkpoints/same.safetensors", "checkpoints/sub/model.SAFETENSORS",
        "diffusers/same.safetensors", "diffusion_models/quantised.gguf", "diffusion_models/same.safetensors", "folder",
    ]  # fmt: skip
    assert list(find_folders(roots)) == ["checkpoints/folder", "folder"]
    assert find_model("diffusion_models/same.safetensors", roots) == tmp_path / "u/same.safetensors"


def test_of_one_path_in_two_roots_of_a_kind_the_first_counts(tmp_path):
    put(tmp_path / "one", "same.safetensors")
    put(tmp_path / "two", "same.safetensors")
    found = find_models({"checkpoints": [tmp_path / "one", tmp_path / "two"]})
    assert found == {"checkpoints/same.safetensors": tmp_path / "one/same.safetensors"}


def test_pickles_and_what_lies_in_a_pipeline_are_not_listed(tmp_path):
    put(tmp_path, "old.ckpt", "old.pt", "old.pth", "old.bin", "readme.txt", ".hidden.safetensors")
    place(tmp_path, "pipeline")
    put(tmp_path, "pipeline/unet/diffusion_pytorch_model.safetensors")
    assert names(tmp_path) == ["pipeline"]


def test_a_folder_may_be_called_like_a_file(tmp_path):
    place(tmp_path, "model.safetensors")
    assert names(tmp_path) == ["model.safetensors"]
    assert find_folder("model.safetensors", {"diffusers": [tmp_path]}) == tmp_path / "model.safetensors"


def test_listing_opens_no_file(tmp_path, monkeypatch):
    put(tmp_path, "a.safetensors", "b.gguf")
    place(tmp_path, "pipeline")
    monkeypatch.setattr(builtins, "open", None)
    monkeypatch.setattr(Path, "open", None)
    assert len(names(tmp_path)) == 3


def test_nothing_inside_a_pipeline_or_a_hidden_folder_is_listed(tmp_path):
    place(tmp_path, "outer", "outer/inner", ".cache/model")
    assert names(tmp_path) == ["outer"]


def test_links_are_followed_and_loops_end(tmp_path):
    place(tmp_path / "elsewhere", "model")
    put(tmp_path / "elsewhere", "file.safetensors")
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "again").symlink_to(tmp_path / "elsewhere/model", target_is_directory=True)
    (root / "one.safetensors").symlink_to(tmp_path / "elsewhere/file.safetensors")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "broken").symlink_to(tmp_path / "nowhere")
    (root / "broken.safetensors").symlink_to(tmp_path / "nowhere")
    assert names(root) == ["again", "diffusers/linked/file.safetensors", "diffusers/one.safetensors", "linked/model"]


def test_a_link_to_itself_hides_nothing_else(tmp_path):
    place(tmp_path, "model")
    put(tmp_path, "file.safetensors", "controls/net.safetensors")
    for link in ("loop", "loop.safetensors", "controls/loop.safetensors"):
        (tmp_path / link).symlink_to(Path(link).name)
    assert names(tmp_path) == ["diffusers/controls/net.safetensors", "diffusers/file.safetensors", "model"]
    assert sorted(find_files([tmp_path])) == ["controls/net.safetensors", "file.safetensors"]


@pytest.mark.parametrize("name", ["other", "../model", "", "/etc", "diffusers/../model", "diffusers/model"])
def test_a_name_that_is_not_listed_is_refused_with_those_that_are(tmp_path, name):
    place(tmp_path / "root", "model")
    with pytest.raises(FolderError, match=r"those that are there: model\."):
        find_model(name, {"diffusers": [tmp_path / "root"]})


def test_a_base_is_a_folder(tmp_path):
    put(tmp_path, "file.safetensors")
    with pytest.raises(FolderError, match=r"There is no pipeline folder 'diffusers/file\.safetensors'"):
        find_folder("diffusers/file.safetensors", {"diffusers": [tmp_path]})
