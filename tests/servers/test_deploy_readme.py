"""What the README says under "From one machine to a hundred", against deploy/."""

import re

import yaml

from support import readme
from unit.deploy.figures import alerts, known
from unit.deploy.manifests import OPTIONS, VERSIONS
from unit.deploy.sources import DEPLOY, ROOT, base

TITLE = "From one machine to a hundred"
TEXT = readme.section(TITLE)


def test_files_that_it_names_are_there():
    named = re.findall(r"\b(?:deploy|docs)/[\w./-]*\w", TEXT)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
    for name in re.findall(r"--file (\S+)", TEXT):
        assert (DEPLOY / name).exists()


def test_figures_that_it_names_are_counted():
    assert {base(name) for name in re.findall(r"`(lectern_\w+)`", TEXT)} <= known()


def test_the_alerts_are_as_many_as_it_says():
    assert f"has {len(alerts())} alerts" in TEXT


def test_every_option_has_its_line():
    rows = readme.table(TITLE, "`options/` has")
    assert sorted(row.split("`")[1] for row in rows) == OPTIONS


def test_the_overlay_adds_options_that_there_are():
    (block,) = [one.text for one in readme.blocks(TITLE) if one.language == "yaml"]
    overlay = yaml.safe_load(block)
    for path in [*overlay["resources"], *overlay["components"]]:
        assert (ROOT / path.removeprefix("lectern/") / "kustomization.yaml").exists()


def test_the_oldest_kubernetes_is_the_one_that_is_checked():
    assert f"Kubernetes {VERSIONS[0]} or newer" in TEXT
