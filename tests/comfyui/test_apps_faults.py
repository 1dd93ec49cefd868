"""Whatever goes wrong below an app on a real ComfyUI has its own code, names the node and says one sentence."""

import base64
import io
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from comfyui.test_app_files import film, half_white
from comfyui.test_apps import finished

from lectern.apps.access.gate import create_gate
from lectern.apps.callers import HOUSEHOLD
from lectern.apps.running.dispatcher import Pace
from lectern.apps.service import create_service
from lectern.apps.store.storage import Storage
from lectern.apps.surface.endpoints import mount
from lectern.apps.surface.keys import access_table
from lectern.apps.surface.routes import add_routes, here
from lectern.apps.surface.views import PREFIX
from lectern.settings import Settings
from support.client import Answer, Comfy, node
from support.faulty.graphs import APPS, WORK_PICKS, publish, publish_work, work_graph
from support.faulty.house import FaultyServer
from support.faulty.proxy import Proxy
from support.faulty.sites import Site
from support.serving import ServerThread
from unit.apps.media import picture, sound

LONG = {"seconds": 60.0}
RUNS = "/lectern/v1/runs"


@pytest.fixture(scope="module")
def site() -> Iterator[ServerThread[Site]]:
    files = {"a.png": picture(), "m.png": half_white(8, 6), "s.wav": sound(), "f.mp4": film()}
    with ServerThread(lambda: Site(files)) as thread:
        yield thread


@pytest.fixture(scope="module")
def faulty(site: ServerThread[Site]) -> Iterator[FaultyServer]:
    hosts = f'["{site.server.host}"]'
    with FaultyServer(f'queued = 3\nfetch_hosts = {hosts}\nprivate_hosts = ["127.0.0.1"]') as made:
        publish_work(made.comfy)
        publish_work(made.comfy, "short", max_seconds=1)
        yield made


@pytest.fixture(scope="module")
def comfy(faulty: FaultyServer) -> Comfy:
    return faulty.comfy


def submit(comfy: Comfy, slug: str = "work", given: dict[str, Any] | None = None, **headers: str) -> Answer:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return comfy.post(f"{APPS}/{slug}/runs", {"input": given or {}}, **headers)


def ran(comfy: Comfy, slug: str = "work", given: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """The run once it has ended."""
    answer = submit(comfy, slug, given, Prefer="wait", **headers)
    assert answer.status == 200, answer.body
    return answer.json


def executing(comfy: Comfy, slug: str = "work", **headers: str) -> dict[str, Any]:
    """A run that ComfyUI executes just now, for long."""
    run = submit(comfy, slug, LONG, **headers).json
    until(lambda: (comfy.get(run["urls"]["get"]).json["progress"] or {}).get("current_node") == "Kettle")
    return run


def until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "that did not become true"
        time.sleep(0.02)


def error_of(run: dict[str, Any]) -> tuple[str, str, str | None, str | None]:
    error = run["error"]
    assert error["message"].endswith(".") or error["code"] == "node_execution_error"
    return run["status"], error["code"], error["node_id"], error["title"]


class TestNodes:
    def test_an_exception(self, comfy: Comfy):
        run = ran(comfy, given={"how": "raises"})
        assert error_of(run) == ("failed", "node_execution_error", "2", "Kettle")
        assert "the kettle is empty ☕" in run["error"]["message"] and run["error"]["class_type"] == "FaultWork"

    def test_too_little_memory(self, comfy: Comfy):
        run = ran(comfy, given={"how": "memory"})
        assert error_of(run) == ("failed", "out_of_memory", "2", "Kettle")
        assert ran(comfy)["status"] == "succeeded"

    def test_a_text_that_cannot_be_encoded(self, comfy: Comfy):
        publish(comfy, "told", {"1": node("FaultText", text="grüße 你好")}, [])
        run = ran(comfy, "told")
        assert [item["text"] for item in run["outputs"]] == ["grüße 你好", "half ?"]
        assert [comfy.get(item["url"]).body.decode() for item in run["outputs"]] == ["grüße 你好", "half ?"]

    def test_a_node_that_hears_no_interrupt_ends_its_run_when_it_ends(self, comfy: Comfy):
        run = submit(comfy, given={"seconds": 1.0, "how": "deaf"}).json
        until(lambda: comfy.get("/queue").json["queue_running"])
        assert comfy.post(run["urls"]["cancel"], {}).json["status"] == "canceling"
        assert finished(comfy, run)["status"] == "canceled"


@pytest.fixture(scope="module")
def half(comfy: Comfy) -> str:
    """Of its two outputs ComfyUI refuses one."""
    graph = work_graph() | {
        "5": {
            **node("ImageScale", image=["1", 0], upscale_method="magic", width=8, height=8, crop="disabled"),
            "_meta": {"title": "Lens"},
        },
        "6": node("SaveImage", images=["5", 0], filename_prefix="y"),
    }
    publish(comfy, "half", graph, WORK_PICKS)
    publish(comfy, "good-half", graph, WORK_PICKS, outputs=[{"node_id": "3", "name": "picture"}])
    return "half"


class TestGraphs:
    def test_a_refusal_of_one_output(self, comfy: Comfy, half: str):
        """Core answers 200 with node_errors, and would execute the rest."""
        run = ran(comfy, half)
        assert error_of(run) == ("failed", "invalid_workflow", "5", "Lens")
        assert "upscale_method" in run["error"]["message"]
        until(lambda: not comfy.get("/queue").json["queue_running"])

    def test_which_nobody_promised(self, comfy: Comfy, half: str):
        assert ran(comfy, "good-half")["status"] == "succeeded"

    def test_a_refusal_of_everything(self, comfy: Comfy):
        graph = work_graph(how="sings")
        publish(comfy, "sings", graph, WORK_PICKS[:1])
        run = ran(comfy, "sings")
        assert error_of(run) == ("failed", "invalid_workflow", "2", "Kettle") and "sings" in run["error"]["message"]

    def test_a_model_that_is_not_there(self, comfy: Comfy):
        graph = {
            "1": {**node("CheckpointLoaderSimple", ckpt_name="dreams.safetensors"), "_meta": {"title": "Model"}},
            "2": node("EmptyLatentImage", width=64, height=64, batch_size=1),
            "3": node("VAEDecode", samples=["2", 0], vae=["1", 2]),
            "4": node("SaveImage", images=["3", 0], filename_prefix="x"),
        }
        app = publish(comfy, "model", graph, [])
        (missing,) = app["missing"]
        assert (missing["kind"], missing["name"], missing["title"]) == ("model", "dreams.safetensors", "Model")
        answer = submit(comfy, "model")
        error = answer.json["error"]
        assert (answer.status, error["code"]) == (422, "missing_model") and "dreams.safetensors" in error["message"]


class TestPeopleAtTheEditor:
    def test_interrupt(self, comfy: Comfy):
        run = executing(comfy)
        comfy.post("/interrupt", {})
        ended = finished(comfy, run)
        assert (ended["status"], ended["error"]["code"]) == ("canceled", "canceled")
        assert "interrupted" in ended["error"]["message"]

    @pytest.fixture
    def behind(self, comfy: Comfy) -> Iterator[dict[str, Any]]:
        """A run that waits in ComfyUI's own queue, behind somebody's prompt."""
        prompt = comfy.post("/prompt", {"prompt": work_graph(seconds=60.0, seed=time.time_ns() % 10**9)}).json
        until(lambda: comfy.get("/queue").json["queue_running"])
        run = submit(comfy).json
        until(lambda: comfy.get("/queue").json["queue_pending"])
        until(lambda: "other job" in (comfy.get(run["urls"]["get"]).json["progress"] or {}).get("message", ""))
        yield run
        comfy.post(f"/api/jobs/{prompt['prompt_id']}/cancel", {})

    def test_removal_from_the_queue(self, comfy: Comfy, behind: dict[str, Any]):
        (item,) = comfy.get("/queue").json["queue_pending"]
        comfy.post("/queue", {"delete": [item[1]]})
        ended = finished(comfy, behind)
        assert (ended["status"], ended["error"]["code"]) == ("canceled", "canceled")
        assert "queue" in ended["error"]["message"]

    def test_the_queue_is_cleared(self, comfy: Comfy, behind: dict[str, Any]):
        comfy.post("/queue", {"clear": True})
        assert finished(comfy, behind)["status"] == "canceled"

    def test_cancel_while_it_waits_there_leaves_the_other_prompt_alone(self, comfy: Comfy, behind: dict[str, Any]):
        comfy.post(behind["urls"]["cancel"], {})
        ended = finished(comfy, behind)
        assert (ended["status"], ended["error"]) == ("canceled", None)
        assert comfy.get("/queue").json["queue_running"] and not comfy.get("/queue").json["queue_pending"]

    def test_their_time_is_not_the_apps(self, comfy: Comfy):
        """An app that may execute for one second waits for longer behind somebody's prompt."""
        comfy.post("/prompt", {"prompt": work_graph(seconds=1.6, seed=time.time_ns() % 10**9)})
        until(lambda: comfy.get("/queue").json["queue_running"])
        assert ran(comfy, "short")["status"] == "succeeded"


class TestTime:
    def test_an_execution_that_takes_too_long(self, comfy: Comfy):
        run = ran(comfy, "short", LONG)
        assert (run["status"], run["error"]["code"]) == ("canceled", "deadline_exceeded")
        assert "1 seconds" in run["error"]["message"]
        until(lambda: not comfy.get("/queue").json["queue_running"])

    def test_cancel_after_while_it_executes(self, comfy: Comfy):
        run = ran(comfy, given=LONG, Cancel_After="1s")
        assert (run["status"], run["error"]["code"]) == ("canceled", "deadline_exceeded")

    def test_cancel_after_while_it_waits(self, comfy: Comfy):
        first = executing(comfy)
        run = ran(comfy, Cancel_After="1s")
        assert (run["status"], run["error"]["code"], run["started_at"]) == ("canceled", "deadline_exceeded", None)
        comfy.post(first["urls"]["cancel"], {})
        finished(comfy, first)

    def test_a_full_queue(self, comfy: Comfy):
        first = executing(comfy)
        waiting = [submit(comfy) for _ in range(3)]
        assert [answer.status for answer in waiting] == [201, 201, 201]
        assert [answer.json["queue_position"] for answer in waiting] == [1, 2, 3]
        full = submit(comfy)
        assert (full.status, full.json["error"]["code"]) == (429, "queue_full") and int(full.headers["Retry-After"]) > 0
        assert comfy.get("/lectern/ready").status == 503
        comfy.post(first["urls"]["cancel"], {})
        assert {finished(comfy, answer.json)["status"] for answer in waiting} == {"succeeded"}
        assert comfy.get("/lectern/ready").status == 200


@pytest.fixture(scope="module")
def app(comfy: Comfy) -> dict[str, Any]:
    graph = {
        "1": node("LoadImage", image="example.png"),
        "2": node("SaveImage", images=["1", 0], filename_prefix="p"),
        "3": node("LoadImageMask", image="example.png", channel="red"),
        "4": node("MaskToImage", mask=["3", 0]),
        "5": node("SaveImage", images=["4", 0], filename_prefix="m"),
        "6": node("LoadAudio", audio="example.wav"),
        "7": node("SaveAudio", audio=["6", 0], filename_prefix="s"),
        "8": node("LoadVideo", file="example.mp4"),
        "9": node("SaveVideo", video=["8", 0], filename_prefix="f", format="auto", codec="auto"),
    }
    picks = [
        {"node_id": "1", "widget": "image", "name": "picture"},
        {"node_id": "3", "widget": "image", "name": "mask"},
        {"node_id": "6", "widget": "audio", "name": "sound"},
        {"node_id": "8", "widget": "file", "name": "film"},
    ]
    outputs = [{"node_id": n, "name": name} for n, name in (("2", "p"), ("5", "m"), ("7", "s"), ("9", "f"))]
    return publish(comfy, "files", graph, picks, outputs=outputs)


class TestFiles:
    """Images, masks, sounds and films by all four ways."""

    NAMES = {"picture": "a.png", "mask": "m.png", "sound": "s.wav", "film": "f.mp4"}

    @pytest.fixture
    def given(self, comfy: Comfy, site: ServerThread[Site], request: pytest.FixtureRequest) -> Any:
        files = {name: site.server.files[file] for name, file in self.NAMES.items()}
        if request.param == "data URL":
            kinds = {"picture": "image/png", "mask": "image/png", "sound": "audio/wav", "film": "video/mp4"}
            return {n: f"data:{kinds[n]};base64,{base64.b64encode(c).decode()}" for n, c in files.items()}
        if request.param == "uploaded before":
            return {n: self.uploaded(comfy, content) for n, content in files.items()}
        if request.param == "URL":
            return {n: f"{site.server.url}/{file}" for n, file in self.NAMES.items()}
        return files

    def uploaded(self, comfy: Comfy, content: bytes) -> str:
        answer = comfy.request("POST", "/lectern/v1/files", content, {"Content-Type": "application/octet-stream"})
        assert answer.status in (200, 201), answer.body
        return answer.json["url"]

    @pytest.mark.parametrize("given", ["data URL", "uploaded before", "URL", "form"], indirect=True)
    def test_each_way(self, comfy: Comfy, app: dict[str, Any], given: dict[str, Any]):
        medias = {name: item["x-media"] for name, item in app["inputs"]["properties"].items()}
        assert medias == {"picture": "image", "mask": "mask", "sound": "audio", "film": "video"}
        if isinstance(given["film"], bytes):
            answer = comfy.request("POST", f"{APPS}/files/runs", *form(given, {"Prefer": "wait"}))
        else:
            answer = submit(comfy, "files", given, Prefer="wait")
        assert answer.status == 200 and answer.json["status"] == "succeeded", answer.body
        kinds = {name: items[0]["content_type"].split("/")[0] for name, items in answer.json["output"].items()}
        assert kinds == {"p": "image", "m": "image", "s": "audio", "f": "video"}

    def test_the_wrong_kind_and_a_lost_one(self, comfy: Comfy, app: dict[str, Any]):
        sounding = f"data:audio/wav;base64,{base64.b64encode(sound()).decode()}"
        wrong = {"picture": sounding, "mask": "/lectern/v1/files/" + "0" * 32, "film": "http://10.0.0.1/x"}
        answer = submit(comfy, "files", wrong)
        assert answer.status == 422
        assert {problem["input"] for problem in answer.json["error"]["details"]} >= {"picture"}


def form(files: dict[str, bytes], headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of multipart/form-data."""
    line = uuid.uuid4().hex
    body = io.BytesIO()
    for name, content in files.items():
        head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"; filename="ü {name}.bin"\r\n\r\n'
        body.write(head.encode() + content + b"\r\n")
    body.write(f"--{line}--\r\n".encode())
    return body.getvalue(), {**headers, "Content-Type": f"multipart/form-data; boundary={line}"}


async def test_a_broken_line_to_comfyui_costs_a_run_nothing(comfy: Comfy, tmp_path: Path):
    """Lectern beside ComfyUI, a proxy between the two whose WebSocket, and then every line, is cut."""
    proxy = Proxy(int(comfy.url.rpartition(":")[2]))
    address = await proxy.start()
    service = create_service(
        workflows=tmp_path,
        private=tmp_path / "private",
        base_url=lambda: address,
        tls=lambda: None,
        settings=Settings,
        pace=Pace(poll=0.3),
    )
    routes = web.RouteTableDef()
    add_routes(routes, service)
    app = web.Application()
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        body = {"prompt": work_graph(seconds=1.0), "inputs": WORK_PICKS}
        published = await client.put(f"{APPS}/work", json=body)
        assert published.status == 201, await published.text()
        for websockets_only in (True, False):
            seed = {"seed": time.time_ns() % 10**9}
            run = await (await client.post(f"{APPS}/work/runs", json={"input": seed})).json()
            while (await (await client.get(run["urls"]["get"])).json())["status"] == "queued":
                pass
            assert proxy.websockets == 1
            assert proxy.cut(websockets_only) > 0
            ended = (await service.runs.wait(run["id"], 20, HOUSEHOLD)).view
            assert ended["status"] == "succeeded" and len(ended["outputs"]) == 1
            stored = await service._storage.call(lambda store, run_id=run["id"]: store.runs.get(run_id))
            assert stored.attempt == 1
    await service.close()
    await proxy.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as made:
        publish_work(made.comfy)
        publish_work(made.comfy, "frail", retry=False)
        publish_work(made.comfy, "open", public=True)
        publish(made.comfy, "gone", {"1": node("FaultGone", text="here")}, [])
        yield made


class TestRestart:
    """A server of its own: nodes disappear, and access changes."""

    def test_a_restart_while_it_executes_and_a_node_that_is_gone_after_it(self, server: FaultyServer):
        comfy = server.comfy
        first = executing(comfy, "frail")
        second = submit(comfy, "work", {"seconds": 0.1}).json
        third = submit(comfy, "gone").json
        (server.nodes / "gone").touch()
        server.server.kill()
        server.server.start()
        lost, kept, broken = (finished(comfy, run) for run in (first, second, third))
        assert (lost["status"], lost["error"]["code"]) == ("failed", "lost_on_restart")
        assert kept["status"] == "succeeded"
        assert (broken["status"], broken["error"]["code"], broken["error"]["node_id"]) == (
            "failed",
            "missing_model",
            "1",
        )
        assert "FaultGone" in broken["error"]["message"]
        answer = submit(comfy, "gone")
        assert (answer.status, answer.json["error"]["code"]) == (422, "missing_model")
        assert "FaultGone" in answer.json["error"]["message"]
        assert [item["name"] for item in comfy.get(f"{APPS}/gone").json["missing"]] == ["FaultGone"]

    def test_with_keys_nothing_about_apps_is_readable_without_one(self, server: FaultyServer, tmp_path: Path):
        comfy = server.comfy
        closed = ran(comfy, "work")
        opened = ran(comfy, "open")
        key = comfy.post("/lectern/v1/keys", {"name": "test", "scopes": ["admin"]}).json["key"]
        server.configure('access = "keys"')
        until(lambda: comfy.get(f"{APPS}/work").status == 401)
        ids = {"slug": "work", "id": closed["id"], "k": "0", "n": "1"}
        walked = 0
        for method, path in every_address(tmp_path):
            address = path.format(**ids)
            for prefix in ("", "/api"):
                answer = comfy.request(method, prefix + address, {} if method in ("POST", "PUT", "PATCH") else None)
                walked += 1
                if path.endswith(("/health", "/ready", "/session")):
                    assert answer.status < 500 and b"work" not in answer.body, (method, path)
                elif path.endswith("/apps") and method == "GET":
                    assert [app["slug"] for app in answer.json["apps"]] == ["open"]
                elif path == "/lectern/v1/openapi.json":
                    assert b"/apps/work" not in answer.body
                elif path.startswith("/lectern/v1/files"):
                    assert answer.status in (200, 201, 404)  # the public app may take files; nobody else's are seen
                else:
                    assert answer.status == 401, (method, path, answer.status, answer.body[:200])
                    assert method == "HEAD" or answer.json["error"]["code"] == "unauthorized"
        assert walked > 50
        models = comfy.get("/lectern/openai/v1/models")
        assert [model["id"] for model in models.json["data"]] == ["open"]
        for path in ("sdapi/v1/sd-models", "sdapi/v1/options", "openai/v1/models/work"):
            assert comfy.get(f"/lectern/{path}").status == 401, path
        for slug in ("open", "none"):
            expected = 200 if slug == "open" else 401
            assert comfy.get(f"{APPS}/{slug}").status == expected
        assert comfy.get(opened["urls"]["get"]).status == 200
        assert ran(comfy, "open")["status"] == "succeeded"
        assert comfy.request("GET", RUNS, None, {"Authorization": f"Bearer {key}"}).json["runs"]


def every_address(folder: Path) -> list[tuple[str, str]]:
    """(method, path) of all that is mounted for apps, keys and sessions."""
    storage = Storage(folder)
    service = create_service(
        workflows=folder,
        private=folder,
        base_url=lambda: "",
        tls=lambda: None,
        settings=Settings,
        storage=storage,
    )
    routes = web.RouteTableDef()
    add_routes(routes, service)
    gate = create_gate(folder, storage, Settings, here)
    mount(routes, PREFIX, access_table(gate), gate)
    found = [(route.method, route.path) for route in routes if isinstance(route, web.RouteDef)]
    faces = ("/lectern/openai/", "/lectern/sdapi/", "/lectern/internal/")  # they answer in words of their own
    return [(method, path) for method, path in found if method != "*" and not path.startswith(faces)]
