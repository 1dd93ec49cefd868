"""What images and manifests have `python -m lectern` do, against the command line; variables against the code."""

import json
import re

import pytest

from lectern.cli.main import main
from unit.deploy.dockerfiles import of
from unit.deploy.manifests import containers, services
from unit.deploy.sources import DEPLOY, ROOT

# Variables that are not ours: Kubernetes' own, and the one that lectern.toml names.
OTHERS = {"POD_NAME", "LECTERN_WEBHOOK_SECRET"}


def commands(verb: str) -> list[list[str]]:
    """Every list of words behind `python -m lectern` in deploy/."""
    (image,) = [json.loads(rest) for rest in of(f"{verb}.Dockerfile", "CMD")]
    (container,) = [one for one in containers(verb) if one["name"] == verb]
    return [image, *([container["args"]] if "args" in container else [])]


def options(verb: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """That the verb takes; none while there is no such verb."""
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    return set(re.findall(r"--[a-z]+", capsys.readouterr().out))


@pytest.mark.parametrize("verb", ["gateway", "worker"])
def test_the_command_line_takes_what_it_is_given(verb, capsys):
    taken = options(verb, capsys)
    if not taken:
        pytest.skip(f"there is no verb {verb} yet")
    for words in commands(verb):
        assert words[0] == verb
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= taken


def test_the_code_knows_every_variable_that_a_container_of_ours_is_given():
    given = {entry["name"] for verb in ("gateway", "worker") for entry in containers(verb)[-1]["env"]}
    given |= {name for verb in ("gateway", "worker") for name in services()[verb]["environment"]}
    given |= {rest.partition("=")[0] for rest in of("gateway.Dockerfile", "ENV") if rest.startswith("LECTERN_")}
    code = "".join(file.read_text("utf-8") for file in (ROOT / "lectern").rglob("*.py"))
    if "LECTERN_NATS_URL" not in code:
        pytest.skip("there is no fleet yet")
    assert {name for name in given - OTHERS if f'"{name}"' not in code} == set()
    assert "LECTERN_WEBHOOK_SECRET" in (DEPLOY / "kubernetes/lectern.toml").read_text()
