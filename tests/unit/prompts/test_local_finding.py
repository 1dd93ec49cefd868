"""Which folders are models, and by what names."""

import json
from pathlib import Path

import pytest

from lectern.prompts.errors import ModelFolderError
from lectern.prompts.local.finding import find_model, find_models


def put(folder: Path, config: object = None, weights: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config if config is not None else {"model_type": "llama"}))
    (folder / weights).write_bytes(b"")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "LLM"
    put(root / "plain")
    put(root / "Owner" / "chat", weights="model-00001-of-00002.safetensors")
    put(root / "only-pickle", weights="pytorch_model.bin")
    put(root / "unet", config={"_class_name": "UNet2DConditionModel"})
    put(root / "list", config=[1])
    put(root / ".hidden")
    (root / "loose.gguf").write_bytes(b"GGUF")
    return root


def test_folders_of_transformers_models_one_or_two_levels_deep(root):
    assert list(find_models([root])) == ["Owner/chat", "plain"]
    assert find_model("Owner/chat", [root]) == root / "Owner" / "chat"


def test_of_two_with_one_name_the_first_roots_counts(root, tmp_path):
    other = tmp_path / "elsewhere"
    put(other / "plain")
    put(other / "more")
    assert find_models([root, other])["plain"] == root / "plain"
    assert find_models([other, root])["plain"] == other / "plain"
    assert "more" in find_models([root, other])


def test_a_root_that_is_not_there_has_none(tmp_path):
    assert find_models([tmp_path / "none"]) == {}


@pytest.mark.parametrize("name", ["nothing", "../LLM/plain", "plain/", "", "./plain"])
def test_a_path_is_no_name(root, name):
    with pytest.raises(ModelFolderError, match="Owner/chat, plain"):
        find_model(name, [root])


def test_an_absolute_path_is_no_name_either(root):
    with pytest.raises(ModelFolderError, match="no model"):
        find_model(str(root / "plain"), [root])


def test_of_gguf_it_is_said_what_to_do(root):
    with pytest.raises(ModelFolderError, match=r"GGUF.*llama\.cpp or Ollama"):
        find_model("loose.gguf", [root])
