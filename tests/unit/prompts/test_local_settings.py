"""What a model's folder may not say, and what is left out of it, before transformers sees any of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lectern.prompts.errors import ModelFolderError
from lectern.prompts.local.settingfiles import LARGEST, read_config, token_ids

CONFIG = {"model_type": "llama", "num_hidden_layers": 2, "eos_token_id": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "owner" / "model"
    folder.mkdir(parents=True)
    write(folder, "config.json", CONFIG)
    return folder


def write(folder: Path, name: str, values: Any) -> None:
    (folder / name).write_text(json.dumps(values))


def test_a_plain_folder_is_read(folder):
    write(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "auto_map": None})
    write(folder, "preprocessor_config.json", {"image_processor_type": "CLIPImageProcessor"})
    write(folder, "generation_config.json", {"num_beams": 4, "eos_token_id": [2, 3]})
    write(folder, "model.safetensors.index.json", {"weight_map": {}})
    assert read_config(folder) == CONFIG


@pytest.mark.parametrize("name", ["auto_map", "fusion_config", "transformers_weights", "_name_or_path"])
def test_what_config_json_may_say_without_being_heard(folder, name):
    write(folder, "config.json", {**CONFIG, name: {"AutoConfig": "code.Config"}, "vision_config": {name: "a"}})
    assert read_config(folder) == {**CONFIG, "vision_config": {}}


@pytest.mark.parametrize(
    "setting",
    [
        {"_attn_implementation": "kernels-community/flash-attn"},
        {"attn_implementation": "flash_attention_2"},
        {"_attn_implementation": {"text_config": "paged|someone/kernel"}},
        {"_attn_implementation_internal": "someone/kernel"},
        {"_experts_implementation": "sonicmoe"},
        {"use_timm_backbone": True},
        {"use_pretrained_backbone": True},
        {"architecture": "hf-hub:someone/model"},
        {"backbone": "someone/model"},
        {"use_kernels": True},
        {"quantization_config": {"quant_method": "mxfp4"}},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
        {"num_hidden_layers": 10**9},
        {"layer_types_of_blocks": [0] * 2000},
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_what_config_json_may_not_say(folder, setting, nested):
    write(folder, "config.json", {**CONFIG, **({"text_config": setting} if nested else setting)})
    with pytest.raises(ModelFolderError, match=r"owner/model: config\.json ") as refused:
        read_config(folder)
    assert next(iter(setting)) in str(refused.value) or "quantized" in str(refused.value)


@pytest.mark.parametrize("value", [None, "eager", "sdpa", {"text_config": "sdpa", "vision_config": "eager"}])
def test_attention_that_is_torchs_own(folder, value):
    write(folder, "config.json", {**CONFIG, "_attn_implementation": value, "_experts_implementation": "grouped_mm"})
    assert read_config(folder)["_attn_implementation"] == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["code.Slow", None]}}),
        ("tokenizer_config.json", {"tokenizer_class": "someone/repo--code.Tokenizer"}),
        ("processor_config.json", {"processor_class": "code.Processor"}),
        ("processor_config.json", {"audio_tokenizer": {"audio_tokenizer_name_or_path": "someone/codec"}}),
        ("processor_config.json", {"image_processor": {"image_processor_type": "someone/repo--code.Class"}}),
        ("preprocessor_config.json", {"auto_map": {"AutoImageProcessor": "code.Class"}}),
        ("preprocessor_config.json", {"feature_extractor_type": "someone/x--y.Z"}),
        ("generation_config.json", {"custom_generate": "someone/repo"}),
        ("audio_tokenizer_config.json", {"audio_tokenizer_class": "a--b.C"}),
    ],
)
def test_what_the_files_beside_it_may_not_say(folder, name, values):
    write(folder, name, values)
    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
        read_config(folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", "[]"),
        ("config.json", "{"),
        ("config.json", '{"a": ' + "[" * 100_000 + "}"),
        ("generation_config.json", "nonsense"),
        ("config.json", json.dumps({"a": "b" * LARGEST})),
        ("chat_template.jinja", " " * (1 << 20) + "x"),
        ("adapter_config.json", '{"base_model_name_or_path": "someone/base"}'),
        ("shard-00001-model-00001-of-00002.safetensors", ""),
    ],
)
def test_files_that_are_damaged_too_large_or_of_another_kind(folder, name, text):
    (folder / name).write_text(text)
    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
        read_config(folder)


def test_no_config_at_all(tmp_path):
    with pytest.raises(ModelFolderError, match="No such file"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("value", "ids"), [(2, (2,)), ([2, 3], (2, 3)), (None, ()), ("2", ()), ([True, -1, 4.5, 7], (7,)), ({}, ())]
)
def test_token_ids(value, ids):
    assert token_ids(value) == ids
