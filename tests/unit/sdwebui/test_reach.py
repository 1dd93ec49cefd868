"""The table of request fields on WebUI Sample's help pages: complete, and true of the nodes and of what is sent.

The nodes are read from their source: importing them needs ComfyUI. What they hand over is carried out by the library.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import pytest
import torch

from lectern.sdwebui.building import Offers, Orders, Part
from lectern.sdwebui.dialects import DIALECTS
from lectern.sdwebui.draft import Draft, Mode, ScriptChoice
from lectern.sdwebui.fields import FIELDS, Kind, parse_fields
from lectern.sdwebui.lists import ScriptArg, ScriptInfo
from lectern.sdwebui.options import ADetailer, ControlNet, Fields, Hires, Inpaint, Option, Override, Script

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "web" / "docs"
PAGES = {"en": DOCS / "LecternWebUISample.md", "zh": DOCS / "LecternWebUISample" / "zh.md"}
FREE = "WebUI Fields"
LIMIT = 10_000  # characters of the JSON

SAMPLES: dict[Kind, Any] = {
    Kind.TEXT: "Beta",
    Kind.INTEGER: 3,
    Kind.NUMBER: 0.25,
    Kind.BOOLEAN: True,
    Kind.TEXTS: ["Watercolour"],
    Kind.LIST: ["aGVsbG8="],
    Kind.OBJECT: {"Seed": {"args": []}},
}
PICTURE = torch.zeros(1, 64, 64, 3)
OFFERS = Offers(
    scripts=[ScriptInfo("loopback", False, True, (ScriptArg("Loops", 2),)), ScriptInfo("tiles", True, True, ())]
)


class Setter(NamedTuple):
    """One node of a table's cell, and those of its inputs that set the field."""

    node: str
    inputs: tuple[str, ...]


class Source(NamedTuple):
    inputs: set[str]
    used: set[str]  # names that `execute` reads
    values: dict[str, set[str]]  # request field -> names in the value that `execute` gives it


def tables(page: Path) -> list[tuple[str, str]]:
    """Field and cell of every row below the last heading. A long name may break in ComfyUI's narrow panel."""
    section = page.read_text("utf-8").rpartition("\n## ")[2].replace("<wbr>", "")
    return re.findall(r"^\| ([a-z0-9_]+) \| (.+) \|$", section, re.MULTILINE)


def setters(cell: str) -> list[Setter]:
    found = []
    for part in re.split("[;；]", cell):
        named = re.match(r"\s*(WebUI [^:：(（]+)", part)
        assert named, cell
        found.append(Setter(named[1].strip(), tuple(re.findall(r"`(\w+)`", part))))
    return found


def source(path: Path) -> tuple[str, Source]:
    tree = ast.parse(path.read_text("utf-8"))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    title = next(word.value.value for call in calls for word in call.keywords if word.arg == "display_name")
    inputs = {call.args[0].value for call in calls if call.args and getattr(call.func, "attr", "") == "Input"}
    execute = next(one for one in ast.walk(tree) if getattr(one, "name", "") == "execute")
    made = {one.targets[0].id: names(one.value) for one in ast.walk(execute) if is_plain_assignment(one)}
    dicts = [one for one in ast.walk(execute) if isinstance(one, ast.Dict)]
    values = {
        key.value: names(value).union(*(made.get(name, set()) for name in names(value)))
        for one in dicts
        for key, value in zip(one.keys, one.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    return title, Source(inputs, names(execute), values)


def is_plain_assignment(one: ast.AST) -> TypeGuard[ast.Assign]:
    return isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)


def names(tree: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}


NODES = dict(source(path) for path in (ROOT / "nodes" / "sdwebui").glob("[!_]*.py") if path.stem != "common")
TABLE = {name: setters(cell) for name, cell in tables(PAGES["en"])}
BY_NODES = [(name, one) for name, found in TABLE.items() for one in found if one.node != FREE]


def values_of(node: str) -> dict[str, Any]:
    """The request fields that a node writes, with any values."""
    return {name: SAMPLES[FIELDS[name].kind] for name in NODES[node].values if name in FIELDS}


def options(node: str) -> list[Option]:
    """What an option node hands over when all of its inputs are set."""
    values = values_of(node)
    return {
        "WebUI Hires": [Hires(values, ("clip_l",))],
        "WebUI Refiner": [Fields(values)],
        "WebUI Inpaint": [Inpaint(values)],
        "WebUI Override": [Override({"CLIP_stop_at_last_layers": 2}, False, "ae", ("t5",))],
        "WebUI ControlNet": [ControlNet({"module": "canny"}, PICTURE)],
        "WebUI ADetailer": [ADetailer({"ad_model": "face_yolov8n.pt"})],
        "WebUI Script": [Script(ScriptChoice("loopback", {"0": 4})), Script(ScriptChoice("tiles", {}))],
        "WebUI Server": [Fields({"override_settings": {"sd_model_checkpoint": "flux"}})],
        "WebUI Sample": [Fields(values)],
    }[node]


def start(name: str) -> Draft:
    """An order of a kind that takes the field. A linked picture would win over the field init_images."""
    return Draft(image=None if FIELDS[name].txt2img or name == "init_images" else PICTURE)


def payload(draft: Draft, dialect: str = "forge") -> dict[str, Any]:
    part = Part(0, 0, draft.per_round)
    return Orders(draft).payload(part, DIALECTS[dialect], OFFERS, "task(1)")


def test_the_interface_has_59_fields_each():
    assert sum(field.txt2img for field in FIELDS.values()) == 59
    assert sum(field.img2img for field in FIELDS.values()) == 59


@pytest.mark.parametrize("language", PAGES)
def test_every_field_has_one_row(language):
    assert sorted(name for name, _ in tables(PAGES[language])) == sorted(FIELDS)


def test_both_languages_name_the_same_inputs():
    inputs = [{name: re.findall(r"`(\w+)`", cell) for name, cell in tables(page)} for page in PAGES.values()]
    assert inputs[0] == inputs[1]


@pytest.mark.parametrize(("field", "setter"), BY_NODES)
class TestSetByANode:
    def test_the_node_has_the_inputs_and_reads_them(self, field: str, setter: Setter):
        node = NODES[setter.node]
        assert set(setter.inputs) <= node.inputs & node.used

    def test_the_input_makes_the_value_where_the_node_writes_the_field_itself(self, field: str, setter: Setter):
        written = NODES[setter.node].values.get(field)
        assert written is None or set(setter.inputs) <= written

    def test_it_changes_what_is_sent(self, field: str, setter: Setter):
        before = start(field)
        after = before
        for option in options(setter.node):
            after = option.apply(after)
        if setter.inputs and setter.inputs[0] in ("image", "mask"):
            before, after = Draft(), Draft(image=PICTURE, mask=torch.ones(1, 64, 64))
        assert payload(after)[field] != payload(before).get(field)


# Not of ControlNet, whose names are those of a unit.
@pytest.mark.parametrize("node", sorted({setter.node for _, setter in BY_NODES} - {"WebUI ControlNet"}))
def test_no_field_that_a_node_writes_is_missing_in_its_rows(node):
    rows = {name for name, setter in BY_NODES if setter.node == node}
    rows |= {"override_settings"} if node == "WebUI Sample" else set()  # WebUI Server's checkpoint
    assert set(values_of(node)) <= rows


@pytest.mark.parametrize("name", FIELDS)
class TestWebUIFields:
    """Reaches every field, also those that a node sets."""

    def value(self, name: str) -> Any:
        return SAMPLES[FIELDS[name].kind]

    def draft(self, name: str) -> Draft:
        written = json.dumps({name: self.value(name)})
        return Fields(parse_fields(written, LIMIT)).apply(start(name))

    def test_it_is_sent_to_every_family_of_a1111_that_takes_it(self, name):
        taking = [one for one in ("a1111", "reforge", "forge") if DIALECTS[one].takes(name)]
        assert "forge" in taking
        assert [payload(self.draft(name), one).get(name) for one in taking] == [self.value(name)] * len(taking)

    def test_it_belongs_to_the_request_that_takes_it(self, name):
        field = FIELDS[name]
        mode = self.draft(name).mode
        assert field.txt2img if mode is Mode.TXT2IMG else field.img2img
