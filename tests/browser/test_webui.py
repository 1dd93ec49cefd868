"""SD WebUI nodes in the editor: lists that fill, values that stay, notes, Run and Cancel."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from support.editor import BOTH_RENDERERS, Editor
from support.webui import ContractServer, ContractThread
from tools.server import ComfyServer, free_port

SEEDS = itertools.count(1)  # ComfyUI answers a graph that it has had before from memory
CHOICE = "server's choice"


class Servers(NamedTuple):
    forge: ContractThread
    sdcpp: ContractThread
    off: int  # port on which nothing listens yet


def names(webui: ContractThread, which: str) -> list[str]:
    key = {"schedulers": "label", "sd-models": "title"}.get(which, "name")
    return [one[key] for one in webui.server.lists[which]]


@pytest.fixture
def servers(server: ComfyServer) -> Iterator[Servers]:
    """Named in the lectern.toml of the session's ComfyUI, which reads it again when it changed."""
    file = server.base / "user" / "__lectern" / "lectern.toml"
    with ContractThread("forge") as forge, ContractThread("sdcpp") as sdcpp:
        found = Servers(forge, sdcpp, free_port())
        urls = {"forge": forge.url, "sdcpp": sdcpp.url, "off": f"http://127.0.0.1:{found.off}"}
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"[servers.{name}]\nurl = '{url}'\n" for name, url in urls.items()), "utf-8")
        try:
            yield found
        finally:
            file.unlink()


@pytest.fixture
def editor(servers: Servers, page: Page) -> Iterator["WebUIEditor"]:
    """The page, opened after the servers were named."""
    editor = WebUIEditor(page)
    yield editor
    editor.use_nodes_2(False)


class WebUIEditor(Editor):
    def server_and_sample(self, server: str = "forge", **values: Any) -> None:
        self.add("server", "LecternWebUIServer", server=server)
        small = {"width": 64, "height": 64, "steps": 2, "seed": next(SEEDS)}
        self.add("sample", "LecternWebUISample", **small | values)
        self.link("server", "sample", "server")

    def save_and_run(self) -> None:
        self.add("save", "LecternSaveSlides")
        self.link("sample", "save", "images")
        self.page.get_by_test_id("queue-button").click()


@BOTH_RENDERERS
def test_lists_fill_from_the_chosen_server(editor: WebUIEditor, servers: Servers, complaints: list[str], nodes_2: bool):
    editor.use_nodes_2(nodes_2)
    editor.server_and_sample()
    samplers = names(servers.forge, "samplers")
    editor.expect_choices("sample", "sampler", [CHOICE, *samplers])
    editor.expect_choices("sample", "scheduler", [CHOICE, *names(servers.forge, "schedulers")])
    editor.choose("server", "server", "sdcpp")
    editor.expect_choices("sample", "sampler", [CHOICE, *names(servers.sdcpp, "samplers")])
    assert editor.value("sample", "sampler") == editor.value("server", "checkpoint") == CHOICE
    editor.choose("server", "server", "forge")
    editor.expect_choices("sample", "sampler", [CHOICE, *samplers])
    assert servers.forge.server.routes().count("schedulers") <= 2  # told its kind, and listed: one request of ours
    assert complaints == []


def test_in_nodes_2_the_menu_itself_has_the_servers_samplers(editor: WebUIEditor, servers: Servers):
    """Also where it was opened before: Nodes 2.0 draws from a copy of a widget's options."""
    editor.use_nodes_2(True)
    editor.server_and_sample()
    menu = editor.page.get_by_role("combobox", name="sampler", exact=True)
    for name, webui in (("forge", servers.forge), ("sdcpp", servers.sdcpp)):
        editor.choose("server", "server", name)
        samplers = names(webui, "samplers")
        kept = [editor.value("sample", "sampler")] if name == "sdcpp" else []
        editor.expect_choices("sample", "sampler", [CHOICE, *samplers, *kept])
        editor.show_all()
        menu.click()
        editor.page.get_by_role("option", name=samplers[0], exact=True).click()
        assert editor.value("sample", "sampler") == samplers[0]
        expect(menu).not_to_have_attribute("aria-invalid", "true")


def test_option_nodes_find_the_server_of_what_they_are_for(editor: WebUIEditor, servers: Servers):
    editor.server_and_sample("sdcpp")
    for name, kind in (("first", "Hires"), ("fields", "Fields"), ("last", "Refiner")):
        editor.add(name, f"LecternWebUI{kind}")
    editor.add("reroute", "Reroute")
    editor.link("first", "fields", "options")
    editor.link("fields", "reroute", "options")
    editor.link("reroute", "last", "options")
    editor.link("last", "sample", "options")
    editor.expect_choices("first", "sampler", [CHOICE, *names(servers.sdcpp, "samplers")])
    editor.expect_choices("last", "checkpoint", [CHOICE, *names(servers.sdcpp, "sd-models")])


def test_what_comes_first_comes_once(editor: WebUIEditor, servers: Servers):
    """Our "none" and the server's "None" are the same choice."""
    editor.server_and_sample()
    editor.add("control", "LecternWebUIControlNet")
    editor.link("control", "sample", "options")
    modules, models = (servers.forge.server.lists[which] for which in ("module_list", "model_list"))
    assert "None" in modules and "None" in models
    editor.expect_choices("control", "module", ["none", *(one for one in modules if one != "None")])
    editor.expect_choices("control", "model", ["none", *(one for one in models if one != "None")])


def test_a_node_that_is_not_linked_takes_the_first_server(editor: WebUIEditor, servers: Servers):
    editor.add("alone", "LecternWebUIHires")
    editor.expect_choices("alone", "sampler", [CHOICE])
    editor.add("server", "LecternWebUIServer", server="sdcpp")
    editor.expect_choices("alone", "sampler", [CHOICE, *names(servers.sdcpp, "samplers")])


def test_subgraphs_are_no_border(editor: WebUIEditor, servers: Servers):
    """The server outside, its nodes inside, and one of their lists shown outside."""
    editor.server_and_sample("forge")
    editor.add("hires", "LecternWebUIHires")
    editor.link("hires", "sample", "options")
    editor.page.evaluate(
        """() => {
            const { sample, hires } = window.named;
            const { node, subgraph } = window.app.graph.convertToSubgraph(new Set([sample, hires]));
            window.named = { ...window.named, box: node };
            for (const one of subgraph.nodes) window.named[one.type === sample.type ? "sample" : "hires"] = one;
            const inner = window.named.sample.inputs.find(input => input.widget?.name === "sampler");
            subgraph.addInput("sampler", "COMBO").connect(inner, window.named.sample);
        }"""
    )
    editor.choose("server", "server", "sdcpp")
    samplers = [CHOICE, *names(servers.sdcpp, "samplers")]
    for node in ("sample", "hires", "box"):
        editor.expect_choices(node, "sampler", samplers)


@BOTH_RENDERERS
def test_a_value_that_the_server_lacks_is_kept(
    editor: WebUIEditor, servers: Servers, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.server_and_sample(sampler="My own sampler", scheduler="gone.safetensors")
    before, prompt = editor.saved(), editor.prompt()
    editor.load(before, server=1, sample=2)
    editor.expect_choices("sample", "sampler", [CHOICE, *names(servers.forge, "samplers"), "My own sampler"])
    assert editor.prompt() == prompt
    assert [node["widgets_values"] for node in editor.saved()["nodes"]] == [
        node["widgets_values"] for node in before["nodes"]
    ]
    assert prompt["2"]["inputs"]["sampler"] == editor.value("sample", "sampler") == "My own sampler"
    expect(editor.page.get_by_text("Missing Models", exact=False)).to_have_count(0)  # it is no file of ComfyUI's
    assert complaints == []


@pytest.mark.fresh
@BOTH_RENDERERS
def test_a_server_that_is_off_is_noted_and_nothing_is_lost(
    editor: WebUIEditor, servers: Servers, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    editor.server_and_sample("off", sampler="Euler a")
    editor.expect_note("server", f"Server off (http://127.0.0.1:{servers.off}) cannot be reached")
    editor.expect_choices("sample", "sampler", [CHOICE, "Euler a"])
    with_note = editor.saved()
    with ContractThread("forge", port=servers.off) as woken:
        editor.refresh_until("window.named.sample.widgets.find(w => w.name === 'sampler').options.values.length > 2")
        editor.expect_choices("sample", "sampler", [CHOICE, *names(woken, "samplers")])
        editor.expect_no_note("server")
        assert editor.saved()["nodes"] == with_note["nodes"]  # neither the note nor its height is saved
    assert editor.value("sample", "sampler") == "Euler a"
    assert complaints == []


def test_the_name_of_no_server_is_noted(editor: WebUIEditor, servers: Servers, complaints: list[str]):
    """A workflow from somebody else's machine."""
    editor.server_and_sample("forge")
    workflow = editor.saved()
    next(node for node in workflow["nodes"] if node["id"] == 1)["widgets_values"][0] = "studio"
    editor.load(workflow, server=1, sample=2)
    editor.expect_note("server", "has no server 'studio'")
    assert editor.value("server", "server") == "studio"
    assert complaints == []


def test_refreshing_asks_the_server_again(editor: WebUIEditor, servers: Servers):
    editor.server_and_sample()
    samplers = names(servers.forge, "samplers")
    editor.expect_choices("sample", "sampler", [CHOICE, *samplers])
    server: ContractServer = servers.forge.server
    server.lists["samplers"].append(server.lists["samplers"][0] | {"name": "Brand new", "aliases": []})
    editor.refresh_until(
        "window.named.sample.widgets.find(w => w.name === 'sampler').options.values.includes('Brand new')"
    )
    editor.expect_choices("sample", "sampler", [CHOICE, *samplers, "Brand new"])


@BOTH_RENDERERS
def test_what_the_server_did_silently_is_noted_on_the_node(
    editor: WebUIEditor, servers: Servers, complaints: list[str], nodes_2: bool
):
    editor.use_nodes_2(nodes_2)
    sampler = names(servers.forge, "samplers")[1]
    editor.server_and_sample(sampler=sampler, prompt="a lighthouse <lora:nowhere:1>")
    editor.save_and_run()
    editor.expect_note("sample", "has no LoRA 'nowhere'")
    assert servers.forge.server.bodies("txt2img")[0]["sampler_name"] == sampler
    exported = editor.prompt()["2"]["inputs"]
    assert not [name for name in exported if name.startswith("lectern_")]
    editor.choose("sample", "prompt", "a lighthouse")
    editor.page.get_by_test_id("queue-button").click()
    editor.expect_no_note("sample")
    assert complaints == []


def test_cancel_stops_the_server(editor: WebUIEditor, servers: Servers):
    servers.forge.server.hold()
    editor.server_and_sample(steps=20)
    editor.save_and_run()
    servers.forge.until(lambda one: one.active, 60)
    editor.command("Comfy.Interrupt")
    servers.forge.until(lambda one: one.interrupts and not one.active)
    assert servers.forge.server.finished[0].interrupted
