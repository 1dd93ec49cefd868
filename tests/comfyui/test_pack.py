"""What ComfyUI gets when it loads the pack."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.client import WORKFLOWS, Comfy
from tools.cache import CHECKOUT
from tools.comfyui import find_comfyui
from tools.server import ComfyServer, default_comfyui, make_base

SNAPSHOT = Path(__file__).parent / "object_info.json"
HEAVY = {"pptx", "lxml", "fontTools", "sqlalchemy", "alembic", "diffusers", "transformers", "cv2", "matplotlib"}
WORDING = {"tooltip", "description", "search_aliases", "output_tooltips"}  # may be improved at any time
# Lists of what lies in a folder of this machine, or is named in its settings.
IN_FOLDERS = {"file", "pipeline", "base", "lora", "control_net", "ip_adapter", "image_encoder", "decoder"}


def schema(comfy: Comfy) -> dict[str, Any]:
    everything = comfy.get("/object_info").json
    return {name: info for name, info in sorted(everything.items()) if name.startswith("Lectern")}


def _fixed(name: str, value: Any) -> Any:
    """An input without the choices that differ from machine to machine."""
    if name not in IN_FOLDERS or not isinstance(value, list) or value[0] != "COMBO":
        return value
    return [value[0], {key: inner for key, inner in value[1].items() if key not in ("options", "default")}]


def without_wording(value: Any) -> Any:
    """What saved workflows rely on: ids, names, types, limits, choices, order. Not what lies in somebody's folder."""
    if isinstance(value, dict):
        return {key: without_wording(_fixed(key, inner)) for key, inner in value.items() if key not in WORDING}
    return [without_wording(inner) for inner in value] if isinstance(value, list) else value


def test_schemas_are_a_promise(comfy: Comfy):
    """To change one on purpose, with a migration: delete the snapshot, run this test twice, look at the difference."""
    current = without_wording(schema(comfy))
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(json.dumps(current, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{SNAPSHOT.name} was missing and has been written; look at it and commit it.")
    assert current == json.loads(SNAPSHOT.read_text("utf-8"))


def test_every_node_explains_itself(comfy: Comfy):
    for name, info in schema(comfy).items():
        assert info["description"] and info["category"].startswith("Lectern/"), name
        assert info["python_module"] == "custom_nodes.lectern"
        for group in ("required", "optional"):
            for key, (_, options) in info["input"].get(group, {}).items():
                assert options.get("tooltip"), f"{name}.{key} has no tooltip"
        assert all(info["output_tooltips"]), name


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The pack loaded by ComfyUI's own loader in a process of its own."""
    base = tmp_path_factory.mktemp("probe")
    make_base(base, None)
    command = [sys.executable, "-m", "tools.import_probe", str(default_comfyui()), str(CHECKOUT), str(base)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_loading_imports_no_heavy_package(loaded):
    assert loaded["loaded"] and len(loaded["nodes"]) == len(json.loads(SNAPSHOT.read_text("utf-8")))
    assert HEAVY.isdisjoint(name.split(".")[0] for name in loaded["modules"])


def test_loading_imports_little_beyond_the_pack_itself(loaded):
    """ComfyUI has everything else in memory already; a new name here is a new cost of every start."""
    foreign = [name for name in loaded["modules"] if not name.startswith(str(CHECKOUT))]
    assert set(foreign) <= {"PIL.features"}


def test_the_start_is_quiet(server: ComfyServer):
    """The console names us once: in ComfyUI's own list of import times."""
    start = server.log_text().split("Starting server")[0]
    assert "IMPORT FAILED" not in start
    naming_us = [line for line in start.splitlines() if "custom_nodes/lectern" in line]
    assert len(naming_us) == 1 and "seconds" in naming_us[0]
    assert not re.search(r"lectern(?!-comfyui-)", re.sub(r"\S*/\S*", "", start), re.IGNORECASE)


def test_comfyui_serves_script_help_templates_and_translations(comfy: Comfy):
    assert "/extensions/lectern/lectern.js" in comfy.get("/extensions").json
    assert comfy.get("/extensions/lectern/docs/LecternSaveDeck.md").status == 200
    templates = sorted(comfy.get("/workflow_templates").json["lectern"])
    assert templates == sorted(file.stem for file in WORKFLOWS.glob("*.json"))
    assert {"deck_from_titles", "remote_inpaint"} <= set(templates)
    for name in templates:
        assert comfy.get(f"/api/workflow_templates/lectern/{name}.jpg").body[:2] == b"\xff\xd8"
    assert "LecternSaveDeck" in comfy.get("/i18n").json["zh"]["nodeDefs"]


def test_only_our_prefix_is_added_to_the_routes(server: ComfyServer):
    """ComfyUI's own pages answer as without us; ours answer under /lectern and its /api mirror alone."""
    comfy = Comfy(server.url)
    for path in ("/lectern/v1/apps", "/api/lectern/v1/apps"):
        assert comfy.get(path).status == 200
    for path in ("/apps", "/v1/apps", "/api/v1/apps", "/runs"):
        assert comfy.get(path).status == 404


def test_a_mistake_in_the_settings_leaves_comfyui_working():
    with_mistake = ComfyServer(comfyui=find_comfyui().path)
    private = with_mistake.base / "user" / "__lectern"
    private.mkdir(parents=True)
    (private / "lectern.toml").write_text("[limits]\nside = 'wide'\n")
    with with_mistake as server:
        comfy = Comfy(server.url)
        assert "LecternSlideTitle" in comfy.get("/object_info").json
        assert "limits.side is 'wide'" in server.log_text()
        graph = {"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}}
        graph["2"] = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "plain"}}
        assert comfy.outputs(graph)["2"]["images"]
        graph["3"] = {"class_type": "LecternSaveDeck", "inputs": {"images": ["1", 0], "titles": "", "notes": ""}}
        graph["3"]["inputs"] |= {"alt_texts": "", "document_title": "", "slide_numbers": True, "filename_prefix": "d"}
        message = comfy.error(graph)
        assert "lectern.toml" in message and "limits.side is 'wide'" in message
        answer = comfy.post("/lectern/v1/apps/deck-from-titles/runs", {"input": {"titles": "x"}})
        assert answer.status == 503 and "limits.side is 'wide'" in answer.json["error"]["message"]
