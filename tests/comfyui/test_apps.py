"""The app endpoint of a real ComfyUI, called as an integrator would."""

import io
import time

import pptx
import pytest
from PIL import Image

from support.client import PATIENCE, Comfy, workflow
from tools.server import ComfyServer

APP = "/lectern/v1/apps/deck-from-titles"
TITLES = "First\nSecond"
DONE = {"succeeded", "failed", "canceled"}


def finished(comfy: Comfy, run: dict) -> dict:
    deadline = time.monotonic() + PATIENCE
    while run["status"] not in DONE and time.monotonic() < deadline:
        time.sleep(0.1)
        run = comfy.get(run["urls"]["get"]).json
    return run


def test_the_app_describes_itself(comfy: Comfy):
    listed = [one["slug"] for one in comfy.get("/lectern/v1/apps").json["apps"]]
    app = comfy.get(APP).json
    assert listed == ["deck-from-titles", "topic-to-illustrated-deck"] and app["slug"] == listed[0]
    properties = app["inputs"]["properties"]
    assert list(properties) == ["titles", "palette", "watermark", "seed"]
    assert app["inputs"]["required"] == ["titles"]
    assert properties["palette"]["default"] == "aurora" and "custom" in properties["palette"]["enum"]
    assert app["outputs"].keys() == {"pictures", "deck"} and app["stale"] == []


@pytest.fixture(scope="module")
def run(comfy: Comfy):
    given = {"titles": TITLES, "palette": "ocean", "watermark": "ACME", "seed": 3}
    answer = comfy.post(f"{APP}/runs", {"input": given}, Prefer="wait")
    assert answer.status == 200, answer.body
    assert answer.json["input"] == given
    return answer.json


def test_one_call_makes_pictures_and_a_deck(comfy: Comfy, run):
    assert run["status"] == "succeeded" and run["error"] is None
    assert [picture["content_type"] for picture in run["output"]["pictures"]] == ["image/png"] * 2
    (deck,) = run["output"]["deck"]
    assert deck["content_type"].endswith("presentationml.presentation")
    answer = comfy.get(deck["url"])
    assert len(answer.body) == deck["size_bytes"] and "attachment" in answer.headers["Content-Disposition"]
    slides = pptx.Presentation(io.BytesIO(answer.body)).slides
    assert [slide.shapes.title.text_frame.text for slide in slides] == ["First", "Second"]


def test_it_is_the_same_deck_as_the_graph_makes(comfy: Comfy, run):
    graph = workflow("deck_from_titles")
    graph["1"]["inputs"]["value"] = TITLES
    graph["2"]["inputs"] |= {"palette": "ocean", "seed": 3}
    graph["5"]["inputs"]["text"] = "ACME"
    by_graph = comfy.file(comfy.outputs(graph)["8"]["files"][0])
    by_app = comfy.get(run["output"]["deck"][0]["url"]).body

    def pictures(deck: bytes) -> list[bytes]:
        slides = pptx.Presentation(io.BytesIO(deck)).slides
        blobs = [shape.image.blob for slide in slides for shape in slide.shapes if hasattr(shape, "image")]
        return [Image.open(io.BytesIO(blob)).tobytes() for blob in blobs]

    assert pictures(by_app) == pictures(by_graph)


def test_without_waiting_the_run_is_accepted_and_progresses(comfy: Comfy):
    answer = comfy.post(f"{APP}/runs", {"input": {"titles": "A\nB\nC\nD", "seed": "random"}})
    assert answer.status == 201 and answer.headers["Location"] == answer.json["urls"]["get"]
    run = finished(comfy, answer.json)
    assert run["status"] == "succeeded" and len(run["output"]["pictures"]) == 4
    assert isinstance(run["input"]["seed"], int)
    assert run["id"] in [one["id"] for one in comfy.get("/lectern/v1/runs?app=deck-from-titles").json["runs"]]


def test_every_wrong_input_is_listed_at_once(comfy: Comfy):
    wrong = {"palette": "pink", "seed": -1, "watermark": 5, "colour": "red"}
    answer = comfy.post(f"{APP}/runs", {"input": wrong})
    assert answer.status == 422 and answer.json["error"]["code"] == "invalid_input"
    messages = {item["input"]: item["message"] for item in answer.json["error"]["details"]}
    assert messages.keys() == {"titles", "palette", "seed", "watermark", "colour"}
    assert "ocean" in messages["palette"] and "pink" in messages["palette"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/lectern/v1/apps/nope", 404, "app_not_found"),
        ("/lectern/v1/runs/nope", 404, "run_not_found"),
        ("/lectern/v1/runs/00000000-0000-4000-8000-000000000000", 404, "run_not_found"),
        ("/lectern/v1/apps/..%2f..%2fetc", 404, "app_not_found"),
    ],
)
def test_what_does_not_exist_is_404_in_our_envelope(comfy: Comfy, path, status, code):
    answer = comfy.get(path)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"input": {}, "webhook": "http://x"}', "application/json", 422),
        (b"titles=x", "application/x-www-form-urlencoded", 415),
        (b'{"input": {"titles": "' + b"x" * 2_000_000 + b'"}}', "application/json", 413),
    ],
)
def test_hostile_bodies(comfy: Comfy, body, kind, status):
    answer = comfy.request("POST", f"{APP}/runs", body, {"Content-Type": kind})
    assert answer.status == status and answer.json["error"]["message"]


def test_a_node_that_fails_is_named_with_its_sentence(comfy: Comfy):
    answer = comfy.post(f"{APP}/runs", {"input": {"titles": "Cuneiform \U00012345"}}, Prefer="wait")
    error = answer.json["error"]
    assert answer.json["status"] == "failed" and error["code"] == "node_execution_error"
    assert error["node_id"] == "4" and error["class_type"] == "LecternSlideTitle" and "U+12345" in error["message"]


def test_a_running_app_can_be_cancelled(comfy: Comfy):
    many = "\n".join(f"Slide {number}" for number in range(80))
    run = comfy.post(f"{APP}/runs", {"input": {"titles": many}}).json
    while run["status"] == "queued":
        run = comfy.get(run["urls"]["get"]).json
    cancelled = comfy.post(run["urls"]["cancel"], {})
    assert cancelled.status == 200
    assert finished(comfy, cancelled.json)["status"] == "canceled"
    assert comfy.get("/queue").json["queue_running"] == []


def test_what_was_accepted_survives_a_crash():
    """kill -9 while one run executes and another waits: both finish after the restart, finished ones stay."""
    with ComfyServer() as server:
        comfy = Comfy(server.url)
        kept = comfy.post(f"{APP}/runs", {"input": {"titles": "Kept"}}, Prefer="wait").json
        many = "\n".join(f"Slide {number}" for number in range(24))
        running, waiting = (
            comfy.post(f"{APP}/runs", {"input": {"titles": titles}}).json for titles in (many, "Waiting")
        )
        while comfy.get(running["urls"]["get"]).json["status"] == "queued":
            time.sleep(0.02)
        server.kill()
        server.start()
        assert finished(comfy, running)["status"] == "succeeded"
        assert len(finished(comfy, running)["output"]["pictures"]) == 24
        assert finished(comfy, waiting)["status"] == "succeeded"
        assert comfy.get(kept["output"]["deck"][0]["url"]).status == 200
        assert len(comfy.get("/lectern/v1/runs").json["runs"]) == 3


class TestPlannedDeck:
    """The app that plans: a topic in, an outline and a deck out; the outline, corrected, in again."""

    PLANNED = "/lectern/v1/apps/topic-to-illustrated-deck"

    def made(self, comfy: Comfy, **given: object) -> dict:
        answer = comfy.post(f"{self.PLANNED}/runs", {"input": given}, Prefer="wait")
        assert answer.status == 200 and answer.json["status"] == "succeeded", answer.body
        return answer.json["output"]

    def titles(self, comfy: Comfy, output: dict) -> list[str]:
        slides = pptx.Presentation(io.BytesIO(comfy.get(output["deck"][0]["url"]).body)).slides
        return [slide.shapes.title.text_frame.text for slide in slides]

    def test_a_topic_in_a_deck_out_and_a_correction_in_again(self, comfy: Comfy):
        assert comfy.get(self.PLANNED).json["stale"] == []
        first = self.made(comfy, topic="Garden birds", slides=3, seed=2)
        outline = comfy.get(first["outline"][0]["url"]).body.decode()
        titles = self.titles(comfy, first)
        assert titles[0] == "Garden birds" and len(titles) == len(first["pictures"]) == 3
        corrected = outline.replace(f"# {titles[2]}", "# Corrected by hand")
        again = self.made(comfy, topic="Garden birds", slides=3, seed=2, outline=corrected)
        assert self.titles(comfy, again) == [*titles[:2], "Corrected by hand"]

    def test_too_many_slides_are_refused_before_anything_runs(self, comfy: Comfy):
        answer = comfy.post(f"{self.PLANNED}/runs", {"input": {"topic": "Tea", "slides": 61}})
        assert answer.status == 422 and "slides" in answer.json["error"]["message"]
