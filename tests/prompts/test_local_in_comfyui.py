"""Local models in ComfyUI's own hands: its CLIPs write, its memory manager holds folders, unloads and frees them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.tiny_llm import writing
from tools.comfyui import find_comfyui


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What support/tiny_llm/incore.py found in one process with ComfyUI's tree."""
    folder = tmp_path_factory.mktemp("core")
    script = Path(__file__).parents[1] / "support" / "tiny_llm" / "incore.py"
    checkout, findings = Path(__file__).parents[2], folder / "findings.json"
    arguments = [sys.executable, script, find_comfyui().path, checkout, writing(folder / "writer"), findings]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(findings.read_text())


class TestClip:
    def test_it_writes_the_same_for_the_same_seed(self, found):
        first, again, other = found["clip"]["text"]
        assert first == again != other
        text, complete, tokens = first
        assert text and not complete and tokens == 12

    def test_temperature_0_needs_no_seed(self, found):
        one, other = found["clip"]["cold"]
        assert one == other

    def test_it_sees_what_it_is_shown(self, found):
        red, again, blue, none = found["clip"]["picture"]
        assert red == again and red != blue and none not in (red, blue)

    def test_several_pictures_of_several_sizes(self, found):
        assert found["clip"]["pictures"][2] == 12

    def test_one_that_does_not_see(self, found):
        kind, said = found["clip"]["blind"]
        assert kind == "Blind" and said.startswith("The linked CLIP does not read pictures.")

    def test_one_that_only_reads(self, found):
        kind, said = found["clip"]["reader"]
        assert kind == "ModelFolderError" and "(SD1ClipModel) only reads text" in said

    def test_thinking_reaches_its_template(self, found):
        without, thinking = found["clip"]["thinking"]
        assert "<think>\n\n</think>" in without and "<think>" not in thinking

    def test_how_much_it_takes_is_known(self, found):
        assert found["clip"]["context"] == [262_144, 40_960]

    def test_cancel_stops_it_before_the_next_token(self, found):
        assert found["clip"]["cancel"] == [1]

    def test_it_is_unloaded_and_comes_back(self, found):
        assert found["clip"]["unloaded"] == [True, False]
        assert found["clip"]["after"] == found["clip"]["text"][0]


class TestFolder:
    def test_it_is_in_the_managers_keeping_until_it_is_released(self, found):
        assert found["folder"]["held"] == ["LlamaForCausalLM"] and found["folder"]["freed"] == []

    def test_it_writes_on_after_release_and_after_unload_models(self, found):
        first, again, after = found["folder"]["texts"]
        assert first == again == after and found["folder"]["same"]

    def test_cancel_is_comfyuis_own(self, found):
        assert found["folder"]["stopped"]

    def test_unload_models_and_nobody_left_frees_it(self, found):
        assert found["folder"]["gone"]
