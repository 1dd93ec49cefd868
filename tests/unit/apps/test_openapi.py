"""The OpenAPI document: valid, and with each app's own inputs."""

import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from lectern.apps.callers import GUEST, Caller, Scope
from lectern.apps.contract import derive_contract
from lectern.apps.errors import Unauthorized
from lectern.apps.openapi.document import openapi_document
from lectern.apps.picks import OutputPick, Pick, Picked
from lectern.apps.publishing.appmode import read_picks
from unit.apps.samples import GRAPH, OBJECT_INFO, workflow

BASE = "http://127.0.0.1:8188"
TINY = derive_contract(read_picks(workflow(), GRAPH), GRAPH, OBJECT_INFO)
LOAD = {"Load": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}}}
PHOTO = derive_contract(
    Picked((Pick("1", "image", "photo"),), (OutputPick("1"),)),
    {"1": {"class_type": "Load", "inputs": {"image": "a.png"}}},
    LOAD,
)
VIEWS = [
    {"slug": "tiny", "title": "Tiny", "description": "Draws.", "options": {"public": False, "max_n": 4}},
    {"slug": "photo-app", "title": "Photo", "description": "", "options": {"public": True, "max_n": 1}},
]
APPS = list(zip(VIEWS, [TINY, PHOTO], strict=True))
RUN_TINY = "/lectern/v1/apps/tiny/runs"


def document(access="keys", **options):
    return openapi_document(APPS, BASE, access, **options)


def request(path, kind="application/json", made=None):
    return (made or document())["paths"][path]["post"]["requestBody"]["content"][kind]["schema"]


@pytest.mark.parametrize("access", ["keys", "loopback", "open"])
@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("apps", [APPS, APPS[:1], []])
def test_it_is_valid(apps, access, everything):
    made = openapi_document(apps, BASE, access, everything=everything)
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []
    assert json.loads(json.dumps(made)) == made


def test_every_operation_has_a_name_of_its_own():
    names = [one["operationId"] for item in document()["paths"].values() for one in item.values()]
    assert len(names) == len(set(names))
    assert {"run_tiny", "run_photo_app", "publishApp", "runEvents"} <= set(names)


def test_every_reference_leads_somewhere():
    made = document()
    wanted = {part.split('"')[0] for part in json.dumps(made).split("#/components/")[1:]}
    assert wanted == {f"{kind}/{name}" for kind in ("schemas", "responses") for name in made["components"][kind]}


def test_an_app_has_its_own_inputs():
    schema = request(RUN_TINY)
    assert list(schema["properties"]["input"]["properties"]) == ["text", "strength", "seed", "width"]
    assert schema["required"] == ["input"]
    assert schema["properties"]["n"]["maximum"] == 4
    assert schema["additionalProperties"] is False
    assert "required" not in request("/lectern/v1/apps/photo-app/runs")


@pytest.mark.parametrize(("path", "named"), [(RUN_TINY, True), ("/lectern/v1/apps/photo-app/runs", False)])
def test_the_example_is_a_request_that_fits_and_names_no_webhook(path, named):
    body = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert list(body["example"]) == ["input"]
    assert bool(body["example"]["input"]) is named  # the photo's own file is there
    assert list(Draft202012Validator(body["schema"]).iter_errors(body["example"])) == []


def test_a_form_takes_files_as_parts():
    form = request("/lectern/v1/apps/photo-app/runs", "multipart/form-data", document(max_mb=9))
    photo = form["properties"]["photo"]
    assert (photo["contentMediaType"], photo["x-max-mb"]) == ("application/octet-stream", 9)
    assert "default" not in photo
    assert set(form["properties"]) == {"photo", "_version", "_seed", "_n", "_priority", "_metadata", "_webhook"}
    assert request(RUN_TINY, "multipart/form-data")["required"] == ["width"]


@pytest.mark.parametrize(
    ("access", "everywhere", "public"),
    [("keys", [{"key": []}, {"basic": []}, {"session": []}], True), ("loopback", [{}], True), ("open", [{}], True)],
)
def test_who_may(access, everywhere, public):
    made = document(access)
    assert made["security"] == everywhere
    assert "security" not in made["paths"][RUN_TINY]["post"]
    assert ({} in made["paths"]["/lectern/v1/apps/photo-app/runs"]["post"]["security"]) is public
    assert made["paths"]["/lectern/health"]["get"]["security"] == [{}]


def test_one_apps_document_is_about_using_it():
    made = openapi_document(APPS[:1], BASE, "open", everything=False)
    assert made["info"]["title"] == "Tiny"
    assert {"/lectern/v1/apps/tiny", RUN_TINY, "/lectern/v1/runs/{id}", "/lectern/v1/files"} <= made["paths"].keys()
    assert not [path for path in made["paths"] if "keys" in path or "{slug}" in path]
    assert [tag["name"] for tag in made["tags"]] == ["Apps", "Runs", "Files"]


def test_what_can_go_wrong_is_said():
    for path, item in document()["paths"].items():
        for method, one in item.items():
            assert {"401", "403", "429"} <= one["responses"].keys(), (method, path)
    run = document()["paths"][RUN_TINY]["post"]["responses"]
    assert run.keys() >= {"200", "201", "202", "400", "404", "409", "413", "415", "422", "503"}
    assert set(document()["paths"]["/lectern/ready"]["get"]["responses"]["503"]["content"]) == {"application/json"}


async def test_the_surface_answers_what_the_document_says(world):
    schemas = {"components": document()["components"]}

    async def fits(name, response):
        content = await response.json()
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", **schemas}).validate(content)
        return content

    await fits("AppList", await world.get("/apps"))
    await fits("App", await world.get("/apps/tiny"))
    await fits("VersionList", await world.get("/apps/tiny/versions"))
    await fits("AppExport", await world.get("/apps/tiny/export"))
    await fits("Error", await world.get("/apps/none"))
    run = await fits("Run", await world.post("/apps/tiny/runs", json={"input": {"width": 64}}))
    await world.ended(run["id"])
    ended = await fits("Run", await world.get(f"/runs/{run['id']}"))
    assert ended["outputs"]
    await fits("RunList", await world.get("/runs"))
    proposal = await world.post("/propose", json={"workflow": workflow(), "prompt": GRAPH})
    assert (await fits("Proposal", proposal))["source"] == "app_mode"
    published = await world.client.put("/lectern/v1/apps/mine", json={"workflow": workflow(), "prompt": GRAPH})
    assert published.status == 201, await published.text()
    await fits("App", published)


async def test_a_key_for_some_apps_reads_what_names_no_app_and_a_guest_does_not(world):
    limited = Caller(owner="k", scopes=frozenset({Scope.RUN}), apps=frozenset({"other"}))
    await world.service.library.check_guest(limited)
    with pytest.raises(Unauthorized):
        await world.service.library.check_guest(GUEST)
