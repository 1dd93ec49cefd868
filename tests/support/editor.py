"""The editor in the browser, as tests drive it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

RUN_TIMEOUT = 90_000  # milliseconds for a whole workflow
BOTH_RENDERERS = pytest.mark.parametrize("nodes_2", [False, True], ids=["classic", "nodes 2.0"])


def open_editor(page: Page, url: str) -> None:
    """The editor, ready, with an empty graph."""
    page.goto(url)
    page.wait_for_function("() => window.app?.extensionManager && window.app.graph")
    page.locator(".p-blockui-mask").wait_for(state="hidden")
    page.evaluate("() => window.app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
    page.wait_for_function("() => window.app.graph.nodes.length === 0")


class Editor:
    """Nodes by the names that a test gives them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate("() => { window.named = {}; }")

    def use_nodes_2(self, on: bool) -> None:
        self.page.evaluate("on => window.app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on)", on)

    def add(self, name: str, kind: str, **values: Any) -> None:
        self.page.evaluate(
            """([name, kind, values, count]) => {
                const node = window.named[name] = window.LiteGraph.createNode(kind);
                node.pos = [60 + 420 * count, 120];
                window.app.graph.add(node);
                for (const [key, value] of Object.entries(values)) node.widgets.find(w => w.name === key).value = value;
            }""",
            [name, kind, values, self.page.evaluate("() => window.app.graph.nodes.length")],
        )

    def link(self, source: str, target: str, name: str) -> None:
        self.page.evaluate(
            """([from, to, name]) => {
                const [source, target] = [window.named[from], window.named[to]];
                const [output, input] = [source.findOutputSlot(name), target.findInputSlot(name)];
                source.connect(Math.max(0, output), target, Math.max(0, input)); // a reroute's have no name
            }""",
            [source, target, name],
        )

    def choose(self, node: str, widget: str, value: str | int) -> None:
        """As a click in the widget's menu does."""
        self.page.evaluate(
            """([name, key, value]) => {
                const widget = window.named[name].widgets.find(w => w.name === key);
                widget.value = value;
                widget.callback?.(value, window.app.canvas, window.named[name]);
            }""",
            [node, widget, value],
        )

    def value(self, node: str, widget: str) -> Any:
        return self.page.evaluate(f"() => window.named[{node!r}].widgets.find(w => w.name === {widget!r}).value")

    def expect_choices(self, node: str, widget: str, choices: list[str]) -> None:
        self.page.wait_for_function(
            """([name, key, choices]) => {
                const widget = window.named[name].widgets.find(w => w.name === key);
                return JSON.stringify(widget.options.values) === JSON.stringify(choices);
            }""",
            arg=[node, widget, choices],
        )

    def expect_note(self, node: str, said: str) -> None:
        """Shown on the node: the text area's value has the words."""
        self.page.wait_for_function(
            "([name, said]) => window.named[name].widgets.find(w => w.name === 'lectern_notes')"
            "?.element.value.includes(said)",
            arg=[node, said],
            timeout=RUN_TIMEOUT,
        )
        self.show_all()
        area = self.page.get_by_role("textbox", name="Notes")
        expect(area).to_be_visible()
        expect(area).not_to_be_editable()

    def expect_no_note(self, node: str) -> None:
        self.page.wait_for_function(
            "name => !window.named[name].widgets.some(w => w.name === 'lectern_notes')", arg=node, timeout=RUN_TIMEOUT
        )
        expect(self.page.get_by_role("textbox", name="Notes")).to_have_count(0)

    def show_all(self) -> None:
        """Also lets Nodes 2.0 measure its nodes, which happens between two frames."""
        self.page.evaluate("() => window.app.canvas.deselectAll()")
        self._fit()

    def show(self, node: str) -> None:
        """One node, so large that its text areas can be used."""
        self.page.evaluate(
            "name => { const { canvas } = window.app; canvas.deselectAll(); canvas.selectNode(window.named[name]) }",
            node,
        )
        self._fit()

    def _fit(self) -> None:
        """What is selected, or everything; until the view stands still."""
        self.command("Comfy.Canvas.FitView")
        self.page.evaluate(
            """() => new Promise(done => {
                let last = "", still = 0;
                const look = () => {
                    const now = [window.app.canvas.ds.scale, ...window.app.canvas.ds.offset].join();
                    still = now === last ? still + 1 : 0;
                    last = now;
                    if (still > 2) done(); else requestAnimationFrame(look);
                };
                look();
            })"""
        )

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.app.extensionManager.command.execute(name)", name)

    def refresh_until(self, condition: str) -> None:
        """R again and again: for some seconds Lectern gives the same answer, lest a server be hammered."""
        press = "window.pressed ??= window.app.refreshComboInNodes().finally(() => { delete window.pressed });"
        self.page.wait_for_function(f"() => {{ {press} return {condition}; }}", polling=500)

    def saved(self) -> dict[str, Any]:
        return self.page.evaluate("() => JSON.parse(JSON.stringify(window.app.graph.serialize()))")

    def prompt(self) -> dict[str, Any]:
        return self.page.evaluate("async () => (await window.app.graphToPrompt()).output")

    def load(self, workflow: dict[str, Any], **ids: int) -> None:
        """Opens a workflow; names its nodes by their ids."""
        self.page.evaluate(
            """async ([workflow, ids]) => {
                await window.app.loadGraphData(workflow);
                for (const [name, id] of Object.entries(ids)) window.named[name] = window.app.graph.getNodeById(id);
            }""",
            [workflow, ids],
        )
