"""The three Dockerfiles: what they copy is there, nothing floats, nothing runs as root."""

import json
import re
import tomllib

import pytest

from unit.deploy.dockerfiles import copied, lines, of
from unit.deploy.sources import ROOT, server_parts

FILES = ["gateway.Dockerfile", "worker.Dockerfile", "comfyui.Dockerfile"]


@pytest.mark.parametrize("name", FILES)
def test_everything_that_is_copied_exists_and_is_sent_to_the_builder(name):
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert copied(name)
    for source in copied(name):
        assert (ROOT / source).exists()
        assert source in sent


def test_nothing_is_sent_to_the_builder_for_nothing():
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert sent == {source for name in FILES for source in copied(name)}


@pytest.mark.parametrize("name", FILES)
def test_the_base_is_one_version(name):
    (image,) = of(name, "FROM")
    assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+-[a-z0-9.-]+", image)


@pytest.mark.parametrize("name", FILES)
def test_it_runs_as_a_numbered_user_that_is_not_root(name):
    last = [line for line in lines(name) if line.word in ("USER", "RUN", "COPY")][-1]
    assert last == ("USER", "10001:10001")
    assert any("useradd --uid 10001 " in rest for rest in of(name, "RUN"))


@pytest.mark.parametrize("name", FILES)
def test_signals_reach_the_program_and_docker_can_ask_after_it(name):
    (command,) = of(name, "ENTRYPOINT")
    assert json.loads(command)[0] == "python"
    (check,) = of(name, "HEALTHCHECK")
    asked = json.loads(check.partition("CMD ")[2])
    assert asked[:2] == ["python", "-c"] and compile(asked[2], name, "exec")
    (port,) = of(name, "EXPOSE")
    assert f"http://127.0.0.1:{port}/" in asked[2]


@pytest.mark.parametrize("name", ["gateway.Dockerfile", "worker.Dockerfile"])
def test_the_whole_of_what_the_code_reaches_is_in_the_image(name):
    files, _ = server_parts()
    tops = {file.relative_to(ROOT).parts[0] for file in files}
    assert tops <= set(copied(name))


def test_comfyui_is_one_that_the_pack_takes_and_listens_to_its_worker_alone():
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["comfy"]["requires-comfyui"]
    (version,) = [rest.partition("=v")[2] for rest in of("comfyui.Dockerfile", "ARG") if "COMFYUI_VERSION" in rest]
    assert [int(part) for part in version.split(".")] >= [int(part) for part in needed.strip(">=").split(".")]
    (command,) = [json.loads(rest) for rest in of("comfyui.Dockerfile", "ENTRYPOINT")]
    assert command[command.index("--listen") + 1] == "127.0.0.1"
