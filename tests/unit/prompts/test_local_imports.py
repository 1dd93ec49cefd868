import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("module", ["backend", "clip", "loading"])
def test_importing_it_brings_nothing_heavy(module):
    """ComfyUI starts with every node's module; transformers takes seconds."""
    names = "{'torch', 'transformers', 'numpy', 'huggingface_hub', 'jinja2'}"
    code = f"import sys, lectern.prompts.local.{module}; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
