"""The pure parts: JSON, sizes, scales, and what importing the family costs."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lectern.jsontext import JsonError
from lectern.pipelines.arguments import parsed
from lectern.pipelines.errors import SizeError
from lectern.pipelines.latents import scale_of
from lectern.pipelines.sizes import Size, checked, resized_images, resized_mask

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("text", "values"), [("", {}), (" \n", {}), ('{"eta": 0.5}', {"eta": 0.5})])
def test_arguments_are_a_json_object(text, values):
    assert parsed(text, 1000) == values


@pytest.mark.parametrize("text", ["[1]", "{", "1", "eta=1", "[" * 100000, '{"eta": NaN}', '{"eta": 1, "eta": 2}'])
def test_other_texts_are_refused(text):
    with pytest.raises(JsonError, match="JSON"):
        parsed(text, 200_000)


@pytest.mark.parametrize(
    ("size", "step", "said"),
    [
        (Size(65, 64), 8, "64x64 and 72x64"),
        (Size(3, 5), 8, "8x8 and 8x8"),
        (Size(1000, 1000), 16, "992x992 and 1008x1008"),
        (Size(0, 64), 8, "8x64 and 8x64"),
    ],
)
def test_a_size_that_does_not_divide_names_the_next_ones(size, step, said):
    with pytest.raises(SizeError, match=said):
        checked(size, step)


@pytest.mark.parametrize(
    ("config", "pipeline"),
    [
        ({"scaling_factor": 0.5}, [[1.0, 2.0]]),
        ({"scaling_factor": 0.5, "shift_factor": 1.0}, [[0.5, 1.5]]),
        ({"scaling_factor": 0.5, "latents_mean": [1.0, 2.0], "latents_std": [0.5, 2.0]}, [[1.0, 0.5]]),
        ({"latents_mean": [1.0, 2.0], "latents_std": [0.5, 2.0]}, [[2.0, 1.0]]),
        ({}, [[2.0, 4.0]]),
    ],
)
def test_scales_go_both_ways(config, pipeline):
    comfy = torch.tensor([2.0, 4.0]).view(1, 2, 1, 1)
    scale = scale_of(SimpleNamespace(config=config))
    assert scale.to_pipeline(comfy).flatten().tolist() == pipeline[0]
    assert torch.equal(scale.to_comfy(scale.to_pipeline(comfy)), comfy)


def test_pictures_and_masks_are_brought_to_size():
    assert resized_images(torch.ones(2, 10, 20, 4), Size(16, 8)).shape == (2, 8, 16, 3)
    assert resized_mask(torch.ones(10, 20), Size(16, 8)).shape == (1, 1, 8, 16)


def test_importing_the_family_imports_no_heavy_package():
    modules = sorted(file.stem for file in (ROOT / "lectern/pipelines").glob("*.py") if file.stem != "__init__")
    assert "sampling" in modules
    code = (
        f"import sys, importlib; [importlib.import_module('lectern.pipelines.' + name) for name in {modules}];"
        "print({'diffusers', 'transformers', 'accelerate', 'comfy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
