"""The command line against a real ComfyUI, as a designer's or a build server's shell would use it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from lectern.cli.main import main
from support.client import Comfy, workflow
from tools.app_client import AppClient
from tools.server import ComfyServer
from tools.templates import FOLDER, publish_templates


class Shell:
    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """The standard output."""
        ended = main([*words, "--url", self.url])
        said = self._capsys.readouterr()
        assert ended == code, said
        return said.out


@pytest.fixture
def shell(comfy: Comfy, capsys: pytest.CaptureFixture[str]):
    """Apps that a test publishes are gone afterwards: the server is everybody's."""
    before = {app["slug"] for app in comfy.get("/lectern/v1/apps").json["apps"]}
    yield Shell(comfy.url, capsys)
    for app in comfy.get("/lectern/v1/apps").json["apps"]:
        if app["slug"] not in before:
            assert comfy.request("DELETE", app["urls"]["get"]).status == 204


def size_of(file: str) -> tuple[int, int]:
    with Image.open(file) as picture:
        return picture.size


def pixels_of(file: Path) -> bytes:
    with Image.open(file) as picture:
        return picture.tobytes()


def test_a_workflow_as_the_editor_saves_it_becomes_an_app_that_runs(shell: Shell, tmp_path: Path):
    saved = tmp_path / "Slides for all.json"
    saved.write_text(json.dumps(workflow("deck_from_titles", api=False)))
    page = shell("publish", str(saved), "--slug", "slides-for-all", "--title", "Slides for all")
    assert page == f"{shell.url}/lectern/a/slides-for-all\n"
    assert "slides-for-all" in shell("apps", "--search", "for all")
    assert "titles" in shell("show", "slides-for-all")
    out = tmp_path / "out"
    files = shell("run", "slides-for-all", "-i", "titles=One\nTwo", "-i", "seed=4", "--out", str(out)).splitlines()
    assert sorted(files) == sorted(map(str, out.iterdir())) and len(files) == 3
    assert [size_of(file) for file in files if file.endswith(".png")] == [(1920, 1080)] * 2
    assert any(file.endswith(".pptx") for file in files)


def test_exported_and_imported_it_gives_the_same_pictures(shell: Shell, tmp_path: Path):
    document = str(tmp_path / "deck.lectern.json")
    shell("export", "deck-from-titles", "-o", document)
    shell("import", document, "--slug", "deck-again")
    pictures = []
    for slug in ("deck-from-titles", "deck-again"):
        out = tmp_path / slug
        shell("run", slug, "-i", "titles=One", "--seed", "4", "--out", str(out))
        pictures += [pixels_of(file) for file in out.glob("*.png")]
    assert len(pictures) == 2 and pictures[0] == pictures[1]


def test_a_file_is_sent_for_an_input(shell: Shell, tmp_path: Path):
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "same"}},
    }
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    (tmp_path / "picks.json").write_text('[{"node_id": "1", "widget": "image", "name": "picture"}]')
    own = tmp_path / "\u6c34 & s\u00f6.png"
    Image.new("RGB", (40, 30), (200, 100, 50)).save(own)
    shell("publish", str(tmp_path / "graph.json"), "--slug", "same", "--picks", str(tmp_path / "picks.json"))
    file = shell("run", "same", "-f", f"picture={own}", "--out", str(tmp_path / "out"))
    with Image.open(file.strip()) as picture:
        assert (picture.size, picture.getpixel((3, 3))) == ((40, 30), (200, 100, 50))


def test_a_run_that_fails_ends_with_1(shell: Shell, capsys: pytest.CaptureFixture[str]):
    words = ["run", "deck-from-titles", "-i", "titles=Cuneiform \U00012345", "--url", shell.url]
    assert main(words) == 1
    assert "U+12345" in capsys.readouterr().err


def test_a_key_made_offline_opens_a_server_that_asks_for_keys(
    server: ComfyServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    shell = Shell(server.url, capsys)
    private = server.base / "user" / "__lectern"
    private.mkdir(exist_ok=True)
    (private / "lectern.toml").write_text('[apps]\naccess = "keys"\n')
    try:
        assert shell("apps") == ""
        shell("show", "deck-from-titles", code=1)
        assert main(["keys", "create", "ci", "--scope", "admin", "--offline", str(private)]) == 0
        (tmp_path / "key").write_text(capsys.readouterr().out)
        assert "deck-from-titles" in shell("apps", "--key-file", str(tmp_path / "key"))
        monkeypatch.setenv("LECTERN_KEY", (tmp_path / "key").read_text())
        out = str(tmp_path / "out")
        assert len(shell("run", "deck-from-titles", "-i", "titles=One", "--out", out).splitlines()) == 2
        (key,) = [key for key in json.loads(shell("keys", "list", "--json")) if key["name"] == "ci"]
        shell("keys", "revoke", key["id"])
        shell("keys", "list", code=1)
    finally:
        (private / "lectern.toml").unlink()


def test_all_templates_are_published_once(shell: Shell, server: ComfyServer):
    client = AppClient(server.url, server.log)
    templates = {file.stem.replace("_", "-") for file in FOLDER.glob("*.json")}
    published = publish_templates(client)
    assert set(published) == templates - {"deck-from-titles", "topic-to-illustrated-deck"}  # these come with the pack
    assert publish_templates(client) == []
    apps = {app["slug"]: app for app in client.apps()}
    assert templates <= apps.keys()
    assert all(apps[slug]["description"] and apps[slug]["picture"] and apps[slug]["outputs"] for slug in templates)
    assert apps["sdxl-with-loras"]["title"] == "SDXL with LoRAs" and apps["sdxl-with-loras"]["missing"]
