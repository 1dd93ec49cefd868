"""A workflow becomes an app, and an app another version, over HTTP."""

import base64
import copy
import io
import json

import pytest
from PIL import Image

from unit.apps import samples

V1 = "/lectern/v1"


def picture() -> str:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(target, "PNG")
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"


def body(**more):
    return {"workflow": samples.workflow(), "prompt": samples.GRAPH, **more}


async def put(world, slug="mine", **more):
    answer = await world.client.put(f"{V1}/apps/{slug}", json=body(**more), headers=more.pop("headers", {}))
    return answer.status, await answer.json()


async def error(answer):
    content = (await answer.json())["error"]
    assert content["message"]
    return answer.status, content["code"]


class TestPublish:
    async def test_app_modes_picks_are_taken_as_they_are(self, world):
        status, app = await put(world, title="My app")
        assert (status, app["slug"], app["title"], app["version"], app["source"]) == (
            201,
            "mine",
            "My app",
            1,
            "app_mode",
        )
        assert list(app["inputs"]["properties"]) == ["text", "strength", "seed", "width"]
        assert [one["slug"] for one in (await (await world.get("/apps")).json())["apps"]] == ["mine", "tiny"]
        answer = await world.post("/apps/mine/runs", json={"input": {"width": 64}}, headers={"Prefer": "wait=5"})
        run = await answer.json()
        assert (run["app"], run["version"], run["status"]) == ("mine", 1, "succeeded")

    async def test_picks_of_the_request_win(self, world):
        picks = [
            {
                "node_id": "1",
                "widget": "height",
                "name": "tall",
                "label": "How tall",
                "maximum": 256,
                "description": "px",
            },
            {"node_id": "2", "widget": "mode", "choices": ["soft", "hard"]},
        ]
        _, app = await put(world, inputs=picks, outputs=[{"node_id": "3", "name": "result"}])
        assert app["source"] == "picks" and list(app["outputs"]) == ["result"]
        tall = app["inputs"]["properties"]["tall"]
        assert (tall["title"], tall["maximum"], tall["description"], tall["default"]) == ("How tall", 256, "px", 64)
        assert app["inputs"]["properties"]["mode"]["enum"] == ["soft", "hard"]

    async def test_without_any_picks_the_likely_ones(self, world):
        answer = await world.client.put(f"{V1}/apps/mine", json={"prompt": samples.GRAPH})
        app = await answer.json()
        assert (answer.status, app["source"]) == (201, "proposed")
        assert app["inputs"]["properties"] and list(app["outputs"])

    async def test_a_stale_pick_is_listed_and_the_rest_publishes(self, world):
        _, app = await put(world, inputs=[{"node_id": "99", "widget": "x"}, {"node_id": "1", "widget": "width"}])
        assert list(app["inputs"]["properties"]) == ["width"]
        assert [stale["id"].split(":")[0] for stale in app["stale"]] == ["99"]

    async def test_nothing_is_published_when_no_pick_exists(self, world):
        status, refused = await put(world, inputs=[{"node_id": "99", "widget": "x"}])
        assert (status, refused["error"]["code"]) == (422, "stale_input")
        assert refused["error"]["details"][0]["id"].startswith("99")
        assert await error(await world.get("/apps/mine")) == (404, "app_not_found")

    async def test_a_workflow_without_results_is_refused(self, world):
        graph = {"1": samples.GRAPH["1"]}
        answer = await world.client.put(f"{V1}/apps/mine", json={"prompt": graph})
        assert await error(answer) == (422, "invalid_input")

    async def test_its_picture(self, world):
        _, app = await put(world, picture=picture())
        shown = await world.client.get(app["picture"])
        assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")
        assert Image.open(io.BytesIO(await shown.read())).size == (8, 8)
        again = await world.client.get(app["picture"], headers={"If-None-Match": shown.headers["ETag"]})
        assert again.status == 304
        assert await error(await world.get("/apps/tiny/picture")) == (404, "output_unavailable")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"picture": "data:image/svg+xml;base64,PHN2Zz4="},
            {"picture": "data:image/png;base64,AAAA"},
            {"picture": 5},
            {"title": 5},
            {"title": "x" * 201},
            {"description": []},
            {"inputs": {}},
            {"inputs": [{"node_id": "1"}]},
            {"inputs": [{"node_id": "1", "widget": "width", "colour": "red"}]},
            {"outputs": [5]},
            {"options": {"public": "yes"}},
            {"options": {"max_n": 65}},
            {"options": {"whatever": 1}},
            {"options": 5},
            {"workflow": 5},
            {"workflow": samples.GRAPH},
            {"prompt": {"nodes": []}},
            {"colour": "red"},
        ],
    )
    async def test_wrong_bodies_change_nothing(self, world, wrong):
        status, refused = await put(world, **wrong)
        assert (status, refused["error"]["code"]) == (422, "invalid_input") and refused["error"]["details"]
        assert await error(await world.get("/apps/mine")) == (404, "app_not_found")

    @pytest.mark.parametrize("slug", ["UPPER", "-x", "a" * 64, "a.b", "a%20b"])
    async def test_wrong_names(self, world, slug):
        answer = await world.client.put(f"{V1}/apps/{slug}", json=body())
        assert await error(answer) == (400, "bad_request")

    async def test_too_large(self, world):
        answer = await world.client.put(f"{V1}/apps/x", data=io.BytesIO(b"x" * 17_000_000), headers=JSON)
        assert await error(answer) == (413, "body_too_large")


JSON = {"Content-Type": "application/json"}


class TestVersions:
    async def test_old_versions_keep_working_when_named(self, world):
        await put(world, inputs=[{"node_id": "1", "widget": "width", "name": "old"}])
        _, app = await put(world, inputs=[{"node_id": "1", "widget": "height", "name": "new"}])
        assert (app["version"], app["versions"]) == (2, [1, 2])
        old = await (await world.get("/apps/mine?version=1")).json()
        assert (old["version"], list(old["inputs"]["properties"])) == (1, ["old"])
        for version, name in ((1, "old"), (2, "new"), (None, "new")):
            asked = {"input": {name: 32}} | ({"version": version} if version else {})
            answer = await world.post("/apps/mine/runs", json=asked, headers={"Prefer": "wait=5"})
            run = await answer.json()
            assert (answer.status, run["version"]) == (200, version or 2)
        assert await error(await world.get("/apps/mine?version=3")) == (404, "version_not_found")

    async def test_they_are_listed_and_activated(self, world):
        await put(world)
        await put(world)
        listed = (await (await world.get("/apps/mine/versions")).json())["versions"]
        assert [(line["version"], line["active"], line["inputs"]) for line in listed] == [(2, True, 4), (1, False, 4)]
        answer = await world.post("/apps/mine/versions/1/activate")
        assert (answer.status, (await answer.json())["version"]) == (200, 1)
        assert (await (await world.get("/apps/mine")).json())["version"] == 1
        assert (await put(world))[1]["version"] == 3
        assert await error(await world.post("/apps/mine/versions/9/activate")) == (404, "version_not_found")

    async def test_a_publisher_may_say_what_it_builds_on(self, world):
        url = f"{V1}/apps/mine"
        assert (await world.client.put(url, json=body(), headers={"If-Match": "0"})).status == 201
        assert (await world.client.put(url, json=body(), headers={"If-Match": '"1"'})).status == 201
        conflict = await world.client.put(url, json=body(), headers={"If-Match": "1"})
        assert await error(conflict) == (409, "version_conflict")

    async def test_they_outlive_the_process(self, world):
        await put(world, title="Kept", options={"max_n": 2})
        await world.restart()
        app = await (await world.get("/apps/mine")).json()
        assert (app["title"], app["options"]["max_n"], app["version"]) == ("Kept", 2, 1)

    async def test_one_over_an_app_that_comes_with_the_pack(self, world):
        _, app = await put(world, "tiny", title="Mine now")
        assert (app["version"], app["versions"], app["title"]) == (2, [1, 2], "Mine now")
        assert (await (await world.get("/apps/tiny?version=1")).json())["source"] == "bundled"
        assert (await world.client.delete(f"{V1}/apps/tiny")).status == 204
        assert (await (await world.get("/apps/tiny")).json())["title"] == "Tiny"
        assert (await put(world, "tiny"))[1]["version"] == 3  # numbers are never given again


class TestChanges:
    async def test_title_description_and_options_make_no_version(self, world):
        await put(world)
        change = {"title": "Other", "description": "What it does", "options": {"public": True}}
        app = await (await world.client.patch(f"{V1}/apps/mine", json=change)).json()
        assert (app["version"], app["title"], app["description"]) == (1, "Other", "What it does")
        assert app["options"]["public"] is True and app["options"]["retry"] is True
        assert (await put(world))[1]["options"]["public"] is True

    async def test_runs_have_the_apps_priority_unless_they_have_their_own(self, world):
        await put(world, options={"priority": "batch", "exclusive": True})
        answer = await world.post("/apps/mine/runs", json={"input": {"width": 64}}, headers={"Prefer": "wait=5"})
        run = await answer.json()
        assert (run["priority"], run["worker"], run["status"]) == ("batch", None, "succeeded")
        answer = await world.post("/apps/mine/runs", json={"input": {"width": 64}, "priority": "interactive"})
        assert (await answer.json())["priority"] == "interactive"
        stored = await world.service._storage.call(lambda store: store.runs.get(run["id"]))
        assert stored.terms.alone is True

    @pytest.mark.parametrize(
        "wrong", [{"options": {"priority": "high"}}, {"title": ""}, {"title": 5}, {"options": {"x": 1}}, {"slug": "x"}]
    )
    async def test_wrong_changes(self, world, wrong):
        await put(world)
        assert await error(await world.client.patch(f"{V1}/apps/mine", json=wrong)) == (422, "invalid_input")

    async def test_what_comes_with_the_pack_stays(self, world):
        assert await error(await world.client.delete(f"{V1}/apps/tiny")) == (409, "bundled_app")
        assert await error(await world.client.patch(f"{V1}/apps/tiny", json={"title": "x"})) == (409, "bundled_app")
        assert await error(await world.client.delete(f"{V1}/apps/nope")) == (404, "app_not_found")

    async def test_runs_stay_when_their_app_goes(self, world):
        await put(world)
        answer = await world.post("/apps/mine/runs", json={"input": {"width": 64}}, headers={"Prefer": "wait=5"})
        run = await answer.json()
        assert (await world.client.delete(f"{V1}/apps/mine")).status == 204
        assert await error(await world.get("/apps/mine")) == (404, "app_not_found")
        assert (await world.run(run["id"]))["outputs"] == run["outputs"]
        assert (await world.client.get(run["outputs"][0]["url"])).status == 200


class TestExport:
    async def test_an_export_can_be_published_as_it_is(self, world):
        options = {"max_n": 3}
        _, app = await put(world, title="Mine", description="D", options=options, picture=picture())
        exported = await world.get("/apps/mine/export")
        assert exported.headers["Content-Disposition"] == 'attachment; filename="mine.lectern.json"'
        document = await exported.json()
        answer = await world.client.put(f"{V1}/apps/copy", json=document)
        copied = await answer.json()
        assert answer.status == 201
        same = ("title", "description", "inputs", "outputs", "options", "stale")
        assert {key: copied[key] for key in same} == {key: app[key] for key in same}
        assert (await world.client.get(copied["picture"])).status == 200


class TestSearch:
    @pytest.mark.parametrize(("words", "found"), [("", 2), ("tiny", 2), ("MINE red", 1), ("nothing", 0)])
    async def test_all_words_count(self, world, words, found):
        await put(world, description="Paints in red")
        assert len((await (await world.client.get(f"{V1}/apps", params={"q": words})).json())["apps"]) == found


class TestProposals:
    async def test_what_app_mode_picked_is_ticked(self, world):
        answer = await world.post("/propose", json=body())
        proposal = await answer.json()
        assert (answer.status, proposal["source"]) == (200, "app_mode")
        assert [one["name"] for one in proposal["inputs"] if one["picked"]] == ["text", "strength", "seed", "width"]
        assert (proposal["slug"], proposal["title"]) == ("tiny", "Tiny")

    async def test_a_proposal_can_be_sent_back_as_it_is(self, world):
        workflow = copy.deepcopy(samples.workflow())
        workflow["extra"].pop("linearData")
        proposal = await (await world.post("/propose", json={"workflow": workflow, "prompt": samples.GRAPH})).json()
        assert proposal["source"] == "proposed"
        inputs = [one for one in proposal["inputs"] if one["picked"]]
        status, app = await put(world, workflow=workflow, inputs=inputs, outputs=proposal["outputs"])
        assert status == 201 and len(app["inputs"]["properties"]) == len(inputs)

    @pytest.mark.parametrize("wrong", [{}, {"workflow": []}, {"prompt": 5}, {"workflow": None}])
    async def test_wrong_workflows(self, world, wrong):
        assert await error(await world.post("/propose", json=wrong)) == (422, "invalid_input")


class TestSavedWorkflows:
    async def test_those_with_picks_are_offered_until_they_are_published(self, world, comfy):
        comfy.saved = {
            "decks/My deck.app.json": json.dumps(samples.workflow()).encode(),
            "plain.json": b'{"nodes": []}',
            "broken.json": b"{",
        }
        (offer,) = (await (await world.get("/workflows")).json())["workflows"]
        assert (offer["file"], offer["app_mode"], offer["published"]) == ("decks/My deck.app.json", True, "tiny")
        workflow = samples.workflow()
        del workflow["extra"]["lectern"]
        workflow["id"] = "another"
        comfy.saved = {"decks/My deck.app.json": json.dumps(workflow).encode()}
        comfy.modified += 1
        (offer,) = (await (await world.get("/workflows")).json())["workflows"]
        assert (offer["title"], offer["published"]) == ("My deck", None)

    async def test_one_in_api_format_is_published_by_its_path(self, world, comfy):
        comfy.saved = {"graph.json": json.dumps(samples.GRAPH).encode()}
        answer = await world.client.put(f"{V1}/apps/mine", json={"from": "graph.json"})
        assert answer.status == 201 and (await answer.json())["title"] == "Graph"

    @pytest.mark.parametrize("path", ["nope.json", "../x.json", "/etc/passwd", "a\\b", "", 5])
    async def test_wrong_paths(self, world, path):
        answer = await world.client.put(f"{V1}/apps/mine", json={"from": path})
        assert answer.status in (400, 422)
