"""Folders become models, or one sentence; nothing is run, fetched or asked for."""

import gc
import json
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import logging as transformers_logging

from lectern.errors import LecternError
from lectern.prompts.errors import ModelFolderError, Shortage
from lectern.prompts.local import loading
from lectern.prompts.local.fence import fenced
from support.tiny_llm import writing

from .conftest import asked


def change(file: Path, **values: Any) -> None:
    found = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(found | values))


def test_a_language_model_and_one_that_sees(models, load):
    writer, seer = load(models / "writer"), load(models / "owner" / "seer")
    assert (writer.sees, seer.sees) == (False, True)
    assert writer.name == "writer" and writer.context == 2048 and writer.ends == (2,)
    assert type(writer.module).__name__ == "LlamaForCausalLM"
    assert type(seer.module).__name__ == "LlavaForConditionalGeneration"


class TestMemory:
    def test_what_is_unchanged_is_not_read_again(self, models, load, memory):
        first = load(models / "writer")
        assert load(models / "writer") is first and memory.kept == 1
        assert load(models / "writer", "bf16") is not first and memory.kept == 2

    def test_what_auto_means_is_not_read_again_by_its_name(self, models, load, memory):
        assert load(models / "writer", "fp32") is load(models / "writer", "auto") and memory.kept == 1

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer_config.json", "config.json"])
    def test_what_changed_is(self, copied, load, memory, name):
        folder = copied("writer")
        first = load(folder)
        file = folder / name
        file.write_bytes(file.read_bytes() + (b" " if name.endswith("json") else b""))
        os.utime(file, ns=(1, 1))
        assert load(folder) is not first and memory.kept == 2

    def test_it_is_freed_with_whoever_holds_it(self, models, load, backend):
        held = backend(models / "writer")
        asked(held)
        module = weakref.ref(held.model.module)
        assert module() is not None
        del held
        gc.collect()
        assert module() is None


class TestPrecision:
    @pytest.mark.parametrize("dtype", ["fp32", "fp16", "bf16"])
    @pytest.mark.parametrize("name", ["writer", "owner/seer"])
    def test_each_writes(self, models, backend, dtype, name):
        made = backend(models / name, dtype)
        types = {one.dtype for one in made.model.module.parameters()}
        assert types == {{"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[dtype]}
        assert asked(made).tokens > 0

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_auto_is_what_is_stored(self, tmp_path, load, dtype):
        model = load(writing(tmp_path / "m", dtype=dtype))
        assert str(model.module.dtype) == f"torch.{dtype}" and model.notes == ()

    def test_what_the_device_lacks_is_said(self, models, load, memory):
        memory.lacking = {"bf16"}
        model = load(models / "writer", "bf16")
        assert model.module.dtype == torch.float32
        assert model.notes == ("This device does not run bf16; writer runs as fp32.",)


class TestHostileFolders:
    def test_code_beside_a_model_that_transformers_knows_is_not_run(self, copied, load, tmp_path):
        folder = copied("writer")
        ran = tmp_path / "ran"
        code = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\nclass C: pass\n"
        for name in ("code.py", "custom_generate/generate.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(code)
        change(folder / "config.json", auto_map={"AutoConfig": "code.C", "AutoModelForCausalLM": "someone/x--code.C"})
        assert load(folder).ends == (2,)
        assert not ran.exists()

    def test_a_type_that_transformers_does_not_know(self, copied, load):
        folder = copied("writer")
        change(folder / "config.json", model_type="mine", auto_map={"AutoConfig": "code.C"})
        with pytest.raises(ModelFolderError, match=r"type 'mine', which transformers .* does not know"):
            load(folder)

    @pytest.mark.parametrize("kind", ["MgpstrProcessor", "WhisperProcessor", "Wav2Vec2ProcessorWithLM"])
    def test_processors_of_transformers_that_fetch(self, copied, load, kind):
        folder = copied("owner/seer")
        for name in ("processor_config.json", "tokenizer_config.json"):
            change(folder / name, processor_class=kind)
        with pytest.raises(ModelFolderError, match="seer cannot be loaded"):
            load(folder)

    @pytest.mark.parametrize("kind", ["RagTokenizer", "MistralCommonBackend"])
    def test_tokenizers_of_other_kinds(self, copied, load, kind):
        folder = copied("writer")
        change(folder / "tokenizer_config.json", tokenizer_class=kind)
        with pytest.raises(ModelFolderError, match="writer"):
            load(folder)

    @pytest.mark.parametrize("kind", ["NoSuchTokenizer", "LlamaTokenizer", "Qwen2TokenizerFast"])
    def test_names_of_tokenizers_that_matter_little(self, copied, load, kind):
        folder = copied("writer")
        change(folder / "tokenizer_config.json", tokenizer_class=kind)
        assert load(folder).tokenizer("a red door").input_ids

    @pytest.mark.parametrize("kind", ["t5", "bert", "clip", "whisper", "rag"])
    def test_models_that_do_not_chat(self, copied, load, kind):
        folder = copied("writer")
        (folder / "config.json").write_text(json.dumps({"model_type": kind}))
        with pytest.raises(ModelFolderError, match="writer"):
            load(folder)

    def test_a_model_that_sees_without_its_processor(self, copied, load):
        folder = copied("owner/seer")
        (folder / "processor_config.json").unlink()
        with pytest.raises(ModelFolderError, match=r"none of processor_config\.json and preprocessor_config\.json"):
            load(folder)

    @pytest.mark.parametrize("lost", ["tokenizer.json", "config.json", "model.safetensors"])
    def test_a_file_is_missing(self, copied, load, lost):
        folder = copied("writer")
        (folder / lost).unlink()
        with pytest.raises(ModelFolderError, match="writer"):
            load(folder)

    def test_only_pickled_weights(self, copied, load):
        folder = copied("writer")
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        with pytest.raises(ModelFolderError, match=r"pytorch_model\.bin; only safetensors"):
            load(folder)

    def test_a_file_that_breaks_off(self, copied, load):
        folder = copied("writer")
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:-1000])
        with pytest.raises(ModelFolderError, match="not a whole safetensors file"):
            load(folder)

    def test_weights_are_missing(self, copied, load):
        folder = copied("writer")
        tensors = load_file(folder / "model.safetensors")
        del tensors["model.layers.1.mlp.up_proj.weight"]
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        with pytest.raises(ModelFolderError, match=r"lacks 1 of its weights, such as model\.layers\.1\.mlp\.up_proj"):
            load(folder)

    @pytest.mark.parametrize(
        "values", [{"hidden_size": 48}, {"vocab_size": 10**12}, {"num_hidden_layers": 900}, {"hidden_size": "wide"}]
    )
    def test_settings_that_do_not_fit_the_weights(self, copied, load, values):
        folder = copied("writer")
        change(folder / "config.json", **values)
        with pytest.raises(LecternError, match="writer"):
            load(folder)

    def test_a_folder_that_is_gone(self, tmp_path, load):
        with pytest.raises(ModelFolderError, match="gone"):
            load(tmp_path / "gone")


def test_no_memory_is_one_sentence(models, load, monkeypatch):
    def made(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(loading, "_made", made)
    with pytest.raises(Shortage, match=r"load writer: its weights need about .* MB, 5\.4 GB of the computer's memory"):
        load(models / "writer")


def test_the_console_stays_quiet(models, load, capfd, caplog):
    before = transformers_logging.get_verbosity()
    load(models / "writer")
    load(models / "owner" / "seer")
    assert capfd.readouterr() == ("", "") and caplog.text == ""
    assert transformers_logging.get_verbosity() == before


def test_the_fence_is_taken_down(models, load):
    import huggingface_hub.constants as hub

    before = hub.HF_HUB_OFFLINE
    load(models / "writer")
    assert before == hub.HF_HUB_OFFLINE


def test_kernels_of_the_hub_are_not_taken_while_a_model_is_read(monkeypatch):
    from transformers.integrations import hub_kernels

    monkeypatch.setattr(hub_kernels, "_kernels_enabled", True)  # as where the package kernels is installed
    with fenced():
        assert hub_kernels._kernels_enabled is False
    assert hub_kernels._kernels_enabled is True


def test_the_fence_is_taken_down_after_a_failure_too():
    import huggingface_hub.constants as hub

    before = hub.HF_HUB_OFFLINE
    with pytest.raises(ZeroDivisionError), fenced():
        assert hub.HF_HUB_OFFLINE is True
        raise ZeroDivisionError
    assert before == hub.HF_HUB_OFFLINE
