"""Help pages and locale files against the nodes' schemas, read from the source: importing the nodes needs ComfyUI."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "web" / "docs"
LANGUAGES = ("en", "zh")
LARGEST_IMAGE = 150_000  # bytes

# What the front end compiles as a message (names and descriptions, not tooltips) may not hold vue-i18n's own syntax.
MESSAGE_SYNTAX = re.compile(r"[@{}|%]")


class Field(NamedTuple):
    name: str
    tooltip: str | None  # None where the source composes it


class Schema(NamedTuple):
    display_name: str
    description: str
    inputs: list[Field]
    outputs: list[Field]


def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def node_modules() -> dict[str, str]:
    """Node id -> path of its module, from NODE_CLASS_MAPPINGS and the imports above it."""
    tree = parsed("nodes/__init__.py")
    homes = {
        alias.name: f"nodes/{(statement.module or '').replace('.', '/')}.py"
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    tables = [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Dict)
        and any(isinstance(target, ast.Name) and target.id == "NODE_CLASS_MAPPINGS" for target in statement.targets)
    ]
    return {
        ast.literal_eval(key): homes[value.id]
        for table in tables
        for key, value in zip(table.keys, table.values, strict=True)
        if key and isinstance(value, ast.Name)
    }


def helper_inputs(path: str) -> dict[str, Field]:
    """Function -> the input it makes, from the `common.py` beside a node's module."""
    common = Path(path).with_name("common.py")
    if not (ROOT / common).is_file():
        return {}
    return {
        function.name: field(call)
        for function in parsed(str(common)).body
        if isinstance(function, ast.FunctionDef)
        for call in calls(function, "Input")
    }


def calls(tree: ast.AST, method: str) -> Iterator[ast.Call]:
    """Calls such as io.Image.Input(...)."""
    for item in ast.walk(tree):
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == method:
            yield item


def text_of(value: ast.expr) -> str | None:
    """The value of a plain string."""
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def keyword(call: ast.Call, name: str) -> str | None:
    return next((text_of(item.value) for item in call.keywords if item.arg == name), None)


def field(call: ast.Call) -> Field:
    """An input, whose id comes first, or an output, which is known by its label."""
    name = text_of(call.args[0]) if call.args else keyword(call, "id") or keyword(call, "display_name")
    assert name, f"line {call.lineno}: the id is not a literal string"
    return Field(name, keyword(call, "tooltip"))


def schema_of(node: str, path: str) -> Schema:
    helpers = helper_inputs(path)
    schemas = [call for call in calls(parsed(path), "Schema") if keyword(call, "node_id") == node]
    assert len(schemas) == 1, f"{path} should hold one schema with the literal id {node}"
    lists = {item.arg: item.value for item in schemas[0].keywords if isinstance(item.value, ast.List)}
    inputs = [
        helpers[call.func.id] if isinstance(call.func, ast.Name) else field(call)
        for call in lists["inputs"].elts
        if isinstance(call, ast.Call)
    ]
    outputs = [field(call) for call in lists["outputs"].elts if isinstance(call, ast.Call)]
    display_name, description = (keyword(schemas[0], name) or "" for name in ("display_name", "description"))
    return Schema(display_name, description, inputs, outputs)


NODES = {node: schema_of(node, path) for node, path in node_modules().items()}


def page_of(node: str, language: str) -> Path:
    """Where ComfyUI's front end looks: the locale's page, and without one the page beside the folder."""
    return DOCS / f"{node}.md" if language == "en" else DOCS / node / f"{language}.md"


def locale(language: str, name: str = "nodeDefs") -> dict:
    return json.loads((ROOT / "locales" / language / f"{name}.json").read_text("utf-8"))


def first_cells(page: str) -> str:
    """The first column of all tables."""
    return "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("|"))


def test_the_nodes_are_read():
    assert len(NODES) >= 6
    assert [one.name for one in NODES["LecternSlideWatermark"].inputs] == [
        "images", "text", "position", "size", "margin", "opacity", "rotation", "color", "font",
        "tiled", "spacing", "stagger", "blend", "offset_x", "offset_y", "titles", "sections",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node", NODES)
class TestPage:
    def test_every_input_and_output_is_in_a_table(self, node, language):
        named = re.findall(r"`([^`]+)`", first_cells(page_of(node, language).read_text("utf-8")))
        wanted = [one.name for one in (*NODES[node].inputs, *NODES[node].outputs)]
        assert named == wanted

    def test_a_picture_shows_the_node(self, node, language):
        pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", page_of(node, language).read_text("utf-8"))
        assert pictures
        for description, source in pictures:
            assert description.strip()
            # The front end resolves every page's images against docs/, also those of pages in a folder.
            file = DOCS / source
            assert file.resolve().is_relative_to(DOCS)
            assert file.stat().st_size < LARGEST_IMAGE
            with Image.open(file) as image:
                assert image.format == "JPEG"
                assert 900 <= image.width <= 1200


@pytest.mark.parametrize("language", LANGUAGES)
class TestLocale:
    def test_exactly_our_nodes_are_named(self, language):
        assert set(locale(language)) == set(NODES)

    @pytest.mark.parametrize("node", NODES)
    def test_exactly_the_schemas_fields_are_named(self, node, language):
        entry = locale(language)[node]
        assert list(entry["inputs"]) == [one.name.replace(".", "_") for one in NODES[node].inputs]
        assert list(entry.get("outputs", {})) == [str(index) for index in range(len(NODES[node].outputs))]

    @pytest.mark.parametrize("node", NODES)
    def test_every_field_has_a_label_and_a_tooltip(self, node, language):
        entry = locale(language)[node]
        fields = [*entry["inputs"].values(), *entry.get("outputs", {}).values()]
        assert all(set(one) == {"name", "tooltip"} and all(one.values()) for one in fields)

    @pytest.mark.parametrize("node", NODES)
    def test_what_is_compiled_holds_no_message_syntax(self, node, language):
        entry = locale(language)[node]
        fields = [*entry["inputs"].values(), *entry.get("outputs", {}).values()]
        compiled = [entry["display_name"], entry["description"], *(one["name"] for one in fields)]
        assert [text for text in compiled if MESSAGE_SYNTAX.search(text)] == []

    def test_the_categories_are_named(self, language):
        names = {"Lectern", "Slides", "SD WebUI", "Diffusers", "Prompts"}
        assert set(locale(language, "main")["nodeCategories"]) == names


@pytest.mark.parametrize("node", NODES)
def test_the_english_locale_says_what_the_schema_says(node):
    entry, schema = locale("en")[node], NODES[node]
    assert (entry["display_name"], entry["description"]) == (schema.display_name, schema.description)
    fields = zip(
        (*schema.inputs, *schema.outputs), (*entry["inputs"].values(), *entry.get("outputs", {}).values()), strict=True
    )
    assert [(one.name, said["tooltip"]) for one, said in fields if one.tooltip not in (None, said["tooltip"])] == []


@pytest.mark.parametrize("node", NODES)
def test_chinese_is_translated(node):
    english, chinese = locale("en")[node], locale("zh")[node]
    texts = [chinese["display_name"], chinese["description"]]
    texts += [text for one in chinese["inputs"].values() for text in one.values()]
    assert [text for text in texts if not re.search(r"[\u4e00-\u9fff]", text)] == []
    assert english["display_name"] != chinese["display_name"]


def test_every_template_has_its_thumbnail():
    for workflow in (ROOT / "workflows").glob("*.json"):
        file = workflow.with_suffix(".jpg")
        assert file.stat().st_size < LARGEST_IMAGE
        with Image.open(file) as image:
            assert (image.format, image.size) == ("JPEG", (1024, 576))
