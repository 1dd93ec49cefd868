"""Which files of a repository are fetched."""

import json
from pathlib import Path

import pytest

from lectern.pipelines.errors import FolderError, HubAnswerError
from lectern.pipelines.hub.choosing import chosen, shards
from lectern.pipelines.hub.listing import Entry
from lectern.pipelines.index import Component, Index

INDEX = Index(
    Path("n"),
    "StableDiffusionPipeline",
    (Component("unet", "diffusers", "UNet2DConditionModel"), Component("tokenizer", "transformers", "CLIPTokenizer")),
    ("safety_checker",),
)
STEM = "unet/diffusion_pytorch_model"
TEXTS = ["tokenizer/merges.txt", "tokenizer/vocab.json", "unet/config.json"]
SHARDS = [f"{STEM}-0000{n}-of-00002.safetensors" for n in (1, 2)]
WHOLE = [*TEXTS, f"{STEM}.safetensors"]


def files(*paths: str) -> dict[str, Entry]:
    return {path: Entry(path, 1, "git:" + "0" * 40) for path in paths}


def paths(there: list[str], variant: str = "") -> list[str]:
    choice = chosen("o/n", INDEX, files(*there), variant)
    return sorted(one.path for one in (*choice.files, *choice.indexes))


@pytest.mark.parametrize(
    ("there", "variant", "wanted"),
    [
        (WHOLE, "", WHOLE),
        ([*WHOLE, f"{STEM}.bin", "unet/model.onnx", "unet/code.py", "README.md", "v1.ckpt"], "", WHOLE),
        ([*WHOLE, "safety_checker/model.safetensors", "unet/deeper/config.json", "other/config.json"], "", WHOLE),
        ([*WHOLE, f"{STEM}.fp16.safetensors", f"{STEM}.non_ema.safetensors"], "", WHOLE),
        ([*WHOLE, f"{STEM}.fp16.safetensors"], "fp16", [*TEXTS, f"{STEM}.fp16.safetensors"]),
        ([*WHOLE, "tokenizer/spiece.model"], "", [*WHOLE, "tokenizer/spiece.model"]),
        ([*WHOLE, "tokenizer/chat_template.jinja"], "", [*WHOLE, "tokenizer/chat_template.jinja"]),
        ([*TEXTS, f"{STEM}.safetensors.index.json", *SHARDS], "", [*TEXTS, f"{STEM}.safetensors.index.json"]),
        ([*WHOLE, f"{STEM}.bin.index.json", f"{STEM}.safetensors.index.fp16.json"], "", WHOLE),
        (
            [*WHOLE, f"{STEM}.safetensors.index.fp16.json"], "fp16",
            [*TEXTS, f"{STEM}.safetensors.index.fp16.json"],
        ),
    ],
)  # fmt: skip
def test_only_what_the_pipeline_needs(there, variant, wanted):
    assert paths(there, variant) == sorted(wanted)


@pytest.mark.parametrize(
    ("there", "variant", "said"),
    [
        ([*TEXTS, f"{STEM}.bin"], "", "the weights of unet only as diffusion_pytorch_model.bin; only safetensors"),
        (TEXTS[:2], "", "o/n has no files of its component unet"),
        (WHOLE, "fp16", "no files of the variant 'fp16'. There is: only the plain files"),
        ([*WHOLE, f"{STEM}.bf16.safetensors"], "fp16", "no files of the variant 'fp16'. There is: bf16."),
        ([*TEXTS, f"{STEM}.fp16.safetensors", f"{STEM}.bin"], "", "of unet only in the variant fp16. Write that into"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(there, variant, said):
    with pytest.raises(FolderError) as caught:
        paths(there, variant)
    assert said in str(caught.value)


def index_text(*names) -> bytes:
    return json.dumps({"weight_map": {str(place): name for place, name in enumerate(names)}}).encode()


def test_shards_are_those_that_the_list_names():
    index = Entry(f"{STEM}.safetensors.index.json", 1, "git:" + "0" * 40)
    names = [Path(path).name for path in SHARDS]
    found = shards("o/n", index, index_text(*names, names[0]), files(*WHOLE, *SHARDS))
    assert [one.path for one in found] == SHARDS


@pytest.mark.parametrize(
    "text",
    [b"", b"5", b"{}", b'{"weight_map": 5}', index_text("../vae/x.safetensors"), index_text("absent.safetensors"),
     index_text("config.json"), index_text("/x"), index_text(5), index_text("deeper/x.safetensors")],
)  # fmt: skip
def test_a_list_of_shards_that_names_anything_else_is_refused(text):
    index = Entry(f"{STEM}.safetensors.index.json", 1, "git:" + "0" * 40)
    with pytest.raises((FolderError, HubAnswerError)):
        shards("o/n", index, text, files(*WHOLE, *SHARDS, "unet/deeper/x.safetensors"))
