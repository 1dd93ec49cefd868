"""comfy-cli's converter against our templates in API format, which the front end exported (see test_editor.py)."""

import pytest

from lectern.apps.publishing.converting import convert
from support.client import WORKFLOWS, Comfy, workflow


@pytest.fixture(scope="module")
def object_info(comfy: Comfy):
    return comfy.get("/object_info").json


@pytest.mark.parametrize("name", sorted(file.stem for file in WORKFLOWS.glob("*.json")))
def test_a_template_converts_to_what_the_front_end_exports(object_info, name: str):
    assert convert(workflow(name, api=False), object_info) == workflow(name)
