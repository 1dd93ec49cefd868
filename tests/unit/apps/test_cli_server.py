"""The command line against the whole surface, with a fake ComfyUI behind it; and against servers that are not ours."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lectern.apps.callers import Scope
from lectern.cli import following
from lectern.cli.client import Client
from lectern.cli.main import main
from unit.apps import fake_comfy, samples
from unit.apps.media import picture


class Line:
    """A shell whose LECTERN_URL is the server."""

    def __init__(self, url, capsys):
        self.url = url.rstrip("/")
        self.capsys = capsys

    async def __call__(self, *words, code=0):
        """(standard output, standard error)"""
        ended = await asyncio.to_thread(main, [*words])
        said = self.capsys.readouterr()
        assert ended == code, said
        return said.out, said.err

    async def json(self, *words, code=0):
        return json.loads((await self(*words, "--json", code=code))[0])


@pytest.fixture
def at(monkeypatch, capsys):
    def make(url):
        monkeypatch.setenv("LECTERN_URL", str(url))
        return Line(str(url), capsys)

    monkeypatch.delenv("LECTERN_KEY", raising=False)
    return make


@pytest.fixture
def line(world, at):
    return at(world.client.make_url(""))


@pytest.fixture
def workflow(tmp_path):
    """A workflow in API format, and in the editor's."""
    (tmp_path / "api.json").write_text(json.dumps(samples.GRAPH))
    (tmp_path / "mine.app.json").write_text(json.dumps(samples.workflow(slug="mine", title="Mine")))
    return tmp_path


class TestPublish:
    async def test_a_graph_with_picks_picture_and_options(self, line, workflow):
        picks = {
            "inputs": [{"node_id": "1", "widget": "width", "name": "wide"}],
            "outputs": [{"node_id": "3", "name": "result"}],
        }
        (workflow / "picks.json").write_text(json.dumps(picks))
        (workflow / "p.png").write_bytes(picture())
        out, err = await line(
            "publish", str(workflow / "api.json"), "--slug", "wide", "--title", "Wide", "--description", "As said.",
            "--picks", str(workflow / "picks.json"), "--picture", str(workflow / "p.png"), "--public",
            "--options", '{"max_n": 2}',
        )  # fmt: skip
        assert out == f"{line.url}/lectern/a/wide\n"
        assert "Published Wide, version 1." in err and "inputs: wide; outputs: result" in err
        app = await line.json("show", "wide")
        assert (app["description"], app["options"]["public"], app["options"]["max_n"]) == ("As said.", True, 2)
        assert app["picture"]

    async def test_a_saved_workflow_with_its_graph_beside_it_and_its_own_name(self, line, workflow):
        await line("publish", str(workflow / "mine.app.json"), "--api", str(workflow / "api.json"))
        app = await line.json("show", "mine")
        assert (app["title"], app["source"], list(app["inputs"]["properties"])) == (
            "Mine",
            "app_mode",
            ["text", "strength", "seed", "width"],
        )

    async def test_the_servers_own_sentence_is_passed_on(self, line, workflow):
        (workflow / "picks.json").write_text('[{"node_id": "1"}]')
        _, err = await line("publish", str(workflow / "api.json"), "--picks", str(workflow / "picks.json"), code=1)
        assert err.startswith("lectern: ") and "widget" in err
        _, err = await line("publish", str(workflow / "api.json"), "--slug", "mine", "--if-version", "3", code=1)
        assert "Version 0 is the active one, not 3" in err

    async def test_versions(self, line, workflow):
        for _ in range(2):
            await line("publish", str(workflow / "api.json"), "--slug", "mine")
        out, _ = await line("versions", "mine")
        assert [row.split()[0] for row in out.splitlines()] == ["2", "1"] and out.splitlines()[0].endswith("active")
        await line("activate", "mine", "1")
        assert (await line.json("show", "mine"))["version"] == 1
        await line("delete", "mine")
        _, err = await line("show", "mine", code=1)
        assert "There is no app with this name" in err

    async def test_export_and_import(self, line, workflow, monkeypatch):
        monkeypatch.chdir(workflow)
        await line("publish", "mine.app.json", "--api", "api.json")
        out, _ = await line("export", "mine")
        assert out == "mine.lectern.json\n"
        await line("import", "mine.lectern.json", "--slug", "copy")
        first, second = [json.loads((await line("export", slug, "-o", "-"))[0]) for slug in ("mine", "copy")]
        assert {**first, "slug": "copy"} == second
        _, err = await line("import", "api.json", code=2)
        assert "not an exported app" in err


async def test_a_search_that_finds_nothing(line):
    assert await line("apps", "--search", "nothing") == (
        "",
        "There is no app that can be used without a key and that has these words.\n",
    )


class TestRun:
    async def test_values_get_the_types_of_the_inputs(self, line):
        run = await line.json("run", "tiny", "-i", "width=64", "-i", "strength=0.25", "-i", "seed=random")
        assert (run["status"], run["input"]["width"], run["input"]["strength"]) == ("succeeded", 64, 0.25)
        assert isinstance(run["input"]["seed"], int)

    async def test_outputs_are_saved_and_named(self, line, world, tmp_path):
        out, err = await line("run", "tiny", "-i", "width=64", "--out", str(tmp_path / "out"))
        (file,) = (tmp_path / "out").iterdir()
        assert out == f"{file}\n" and file.read_bytes() in world.comfy.files.values()
        assert "succeeded" in err

    async def test_without_a_folder_their_addresses_are_told(self, line):
        out, _ = await line("run", "tiny", "-i", "width=64")
        assert out.startswith(f"{line.url}/lectern/v1/runs/") and out.endswith("/outputs/0\n")

    async def test_inputs_from_a_file_with_seed_takes_metadata_and_a_deadline(self, line, tmp_path):
        (tmp_path / "in.json").write_text('{"width": 32, "strength": 0.1}')
        run = await line.json(
            "run", "tiny", "--input", str(tmp_path / "in.json"), "-i", "width=64", "--seed", "5", "--n", "2",
            "--metadata", "job=7", "--cancel-after", "10m", "--version", "1",
        )  # fmt: skip
        assert (run["input"]["width"], run["input"]["seed"], run["n"], run["metadata"]) == (64, 5, 2, {"job": "7"})

    async def test_every_mistake_is_told(self, line):
        _, err = await line("run", "tiny", "-i", "width=wide", "-i", "color=red", code=1)
        assert "width" in err and "color" in err

    async def test_a_run_that_fails_ends_with_1_and_names_the_node(self, line, world):
        world.comfy.script = fake_comfy.fail
        _, err = await line("run", "tiny", "-i", "width=64", code=1)
        assert 'failed in "Grain" (node 2)' in err and "no grain" in err

    async def test_without_waiting_then_list_and_cancel(self, line, world):
        world.comfy.script = fake_comfy.hold
        run_id = (await line("run", "tiny", "-i", "width=64", "--no-wait"))[0].strip()
        assert run_id in (await line("runs", "--status", "queued,running", "--app", "tiny"))[0]
        assert (await line("cancel", run_id))[0].strip() in ("canceling", "canceled")
        assert (await world.ended(run_id))["status"] == "canceled"
        assert (await line("runs", "--status", "queued"))[1] == "There is no such run.\n"

    async def test_a_stream_that_breaks_is_taken_up_again(self, world, at):
        """A proxy that ends every event stream at once."""
        breaks = 0
        broken = asyncio.Event()

        async def pass_on(request):
            nonlocal breaks
            if request.path.endswith("/events") and breaks < 2:
                breaks += 1
                if breaks == 2:
                    broken.set()
                return web.Response(content_type="text/event-stream", body=b": no\n\n")
            async with world.client.session.request(
                request.method, world.client.make_url(request.path_qs), data=await request.read(),
                headers={"Content-Type": request.headers.get("Content-Type", "")},
            ) as answer:  # fmt: skip
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        async with TestServer(app) as proxy:
            client = Client(str(proxy.make_url("")))
            started, let = asyncio.Event(), asyncio.Event()
            former = world.comfy.script

            async def slow(comfy, prompt_id):
                started.set()
                await let.wait()
                await former(comfy, prompt_id)

            world.comfy.script = slow
            run = await asyncio.to_thread(client.json, "POST", "/lectern/v1/apps/tiny/runs", {"input": {"width": 64}})
            followed = asyncio.create_task(asyncio.to_thread(following.follow, client, run, 0.01))
            await started.wait()
            await broken.wait()
            let.set()
            assert (await followed)["status"] == "succeeded"


class TestKeys:
    async def test_made_listed_and_revoked_over_http(self, house, at, monkeypatch):
        line = at(house.client.make_url(""))
        _, err = await line("keys", "list", code=1)
        assert "LECTERN_KEY" in err
        monkeypatch.setenv("LECTERN_KEY", (await house.key(Scope.ADMIN)).text)
        made, _ = await line("keys", "create", "ci", "--scope", "publish", "--app", "tiny", "--rate", "60")
        assert made.startswith("lct_")
        listed = {key["name"]: key for key in await line.json("keys", "list")}
        assert (listed["ci"]["scopes"], listed["ci"]["apps"], listed["ci"]["rate_per_minute"]) == (
            ["publish"],
            ["tiny"],
            60,
        )
        await line("keys", "revoke", listed["ci"]["id"])
        assert "revoked" in (await line("keys", "list"))[0]
        monkeypatch.setenv("LECTERN_KEY", made.strip())
        _, err = await line("keys", "list", code=1)
        assert "revoked" in err

    async def test_offline_where_nobody_has_an_admin_key(self, at, tmp_path):
        line = at("http://127.0.0.1:9")
        folder = tmp_path / "__lectern"
        made, _ = await line("keys", "create", "rescue", "--scope", "admin", "--offline", str(folder))
        assert made.startswith("lct_")
        (key,) = await line.json("keys", "list", "--offline", str(folder))
        await line("keys", "revoke", key["id"], "--offline", str(folder))
        assert "revoked" in (await line("keys", "list", "--offline", str(folder)))[0]
        _, err = await line("keys", "revoke", "nope", "--offline", str(folder), code=1)
        assert "There is no key nope" in err
        _, err = await line("keys", "create", "x", "--app", "A B", "--offline", str(folder), code=1)
        assert "slugs" in err

    async def test_offline_in_the_folder_of_a_gateway_and_in_its_database(self, at, tmp_path, monkeypatch):
        line = at("http://127.0.0.1:9")
        (tmp_path / "lectern.toml").write_text('[fleet]\nstore_env = "OUR_STORE"\n')
        assert (await line("keys", "create", "first", "--offline", str(tmp_path)))[0].startswith("lct_")
        monkeypatch.setenv("OUR_STORE", "mysql://x")
        _, err = await line("keys", "create", "second", "--offline", str(tmp_path), code=1)
        assert "must be written as postgresql://" in err

    async def test_the_webhook_secret(self, at, tmp_path):
        line = at("http://127.0.0.1:9")
        folder = tmp_path / "__lectern"
        folder.mkdir()
        first, _ = await line("webhook-secret", "--offline", str(folder))
        assert first.startswith("whsec_") and (await line("webhook-secret", "--offline", str(folder)))[0] == first
        (folder / "lectern.toml").write_text("[apps]\nqueue = 1\n")
        _, err = await line("webhook-secret", "--offline", str(folder), code=1)
        assert "apps.queue is not a setting" in err


class TestOtherServers:
    @pytest.fixture
    async def other(self):
        """Answers everything with what a test says."""
        seen = []

        async def answer(request):
            seen.append(request)
            return server.answer()

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        server = TestServer(app)
        server.seen = seen  # type: ignore[attr-defined]
        async with server:
            yield server

    @pytest.mark.parametrize(
        ("status", "body", "told"),
        [
            (404, "Not Found", "answers 404, but not as Lectern does"),
            (200, "<html>", "answers 200, but not as Lectern does"),
            (502, "Bad Gateway", "answers 502"),
            (503, '{"error": {"code": "not_ready", "message": "ComfyUI starts.", "details": null}}', "ComfyUI starts."),
        ],
    )
    async def test_what_is_no_lectern_ends_with_3(self, other, at, status, body, told):
        other.answer = lambda: web.Response(status=status, text=body)
        _, err = await at(other.make_url(""))("apps", code=3)
        assert told in err

    async def test_a_redirect_is_not_followed_so_that_the_key_stays(self, other, at, monkeypatch):
        monkeypatch.setenv("LECTERN_KEY", "lct_mine")
        other.answer = lambda: web.Response(status=308, headers={"Location": "https://elsewhere.example/x"})
        _, err = await at(other.make_url(""))("apps", code=3)
        assert "redirects to https://elsewhere.example/x" in err
        assert [request.headers["Authorization"] for request in other.seen] == ["Bearer lct_mine"]

    async def test_an_address_that_leads_to_another_server_is_not_asked(self, other, at):
        other.answer = lambda: web.json_response({"id": "x", "status": "queued", "urls": {"events": "//elsewhere/x"}})
        line = at(other.make_url(""))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(following, "PATIENCE_SECONDS", -1)
            _, err = await line("run", "tiny", code=3)
        assert "names another server" in err
