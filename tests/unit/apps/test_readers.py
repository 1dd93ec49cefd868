"""What ComfyUI says, read: refusals, history, outputs, progress, the queue. And graphs, filled."""

import pytest

from lectern.apps.comfy import Place, find_place
from lectern.apps.graph import fill_graph, last_segment
from lectern.apps.running.outputs import collect_outputs, content_type
from lectern.apps.running.progress import Track, advance
from lectern.apps.running.verdict import invalid_workflow, read_history, refusal
from lectern.apps.runs import RunStatus
from unit.apps.samples import GRAPH, graph

NODE_ERRORS = {
    "2": {
        "errors": [
            {
                "type": "value_not_in_list",
                "message": "Value not in list",
                "details": "mode: 'x' not in ['soft']",
                "extra_info": {"input_name": "mode"},
            },
            {
                "type": "required_input_missing",
                "message": "Required input is missing",
                "details": "a",
                "extra_info": {},
            },
        ],
        "dependent_outputs": ["3"],
        "class_type": "Noise",
    }
}


def test_a_refused_workflow_names_node_and_input():
    error = invalid_workflow({"error": {"message": "Prompt outputs failed"}, "node_errors": NODE_ERRORS}, GRAPH)
    assert error.code == "invalid_workflow"
    assert (error.node_id, error.class_type) == ("2", "Noise")
    expected = """Node "Grain", input "mode": Value not in list (mode: 'x' not in ['soft']). (1 more in the workflow)"""
    assert error.message == expected


@pytest.mark.parametrize(
    ("answer", "message", "node_id"),
    [
        (
            {"error": {"message": "Node 'A' not found.", "extra_info": {"node_id": "1"}}, "node_errors": {}},
            "Node 'A' not found.",
            "1",
        ),
        ({"error": "plain"}, "plain", None),
        ({}, "ComfyUI refused the workflow without saying why", None),
    ],
)
def test_a_refusal_without_node_errors(answer, message, node_id):
    error = invalid_workflow(answer, GRAPH)
    assert (error.message, error.node_id) == (message, node_id)


def test_partial_rejection_counts_only_when_a_wanted_output_is_lost():
    answer = {"prompt_id": "x", "node_errors": NODE_ERRORS}
    assert refusal(answer, GRAPH, {"9"}) is None
    assert refusal({"prompt_id": "x", "node_errors": {}}, GRAPH, {"3"}) is None
    verdict = refusal(answer, GRAPH, {"3"})
    assert verdict is not None
    assert verdict.status is RunStatus.FAILED


def entry(status_str, *messages):
    return {"outputs": {}, "status": {"status_str": status_str, "messages": [list(m) for m in messages]}}


START = ("execution_start", {"timestamp": 1000})
CACHED = ("execution_cached", {"nodes": ["1"], "timestamp": 1001})
ERROR = {"node_id": "2", "node_type": "Noise", "exception_type": "ValueError", "exception_message": "bad\n"}


@pytest.mark.parametrize(
    ("history", "status", "code"),
    [
        (entry("success", START, CACHED, ("execution_success", {"timestamp": 1500})), "succeeded", None),
        (entry("error", START, ("execution_error", {**ERROR, "timestamp": 1500})), "failed", "node_execution_error"),
        (entry("success", START, ("execution_error", {**ERROR, "timestamp": 1500})), "failed", "node_execution_error"),
        (
            entry("error", START, ("execution_error", {**ERROR, "exception_type": "torch.OutOfMemoryError"})),
            "failed",
            "out_of_memory",
        ),
        (entry("error", START, ("execution_interrupted", {"timestamp": 1500})), "canceled", "canceled"),
        (entry("error", START), "failed", "node_execution_error"),
    ],
)
def test_history_decides(history, status, code):
    verdict = read_history(history, GRAPH)
    assert verdict.status == status
    assert (verdict.error.code if verdict.error else None) == code


def test_history_gives_time_and_cache():
    verdict = read_history(entry("success", START, CACHED, ("execution_success", {"timestamp": 1500})), GRAPH)
    assert (verdict.execution_ms, verdict.cached_nodes) == (500, 1)


def test_an_exception_names_its_node_and_is_cut():
    error = read_history(entry("error", ("execution_error", {**ERROR, "exception_message": "x" * 9000})), GRAPH).error
    assert error is not None
    assert error.message.startswith('Node "Grain" failed: xxx')
    assert len(error.message) == 500


@pytest.mark.parametrize(
    "history", [{}, {"status": None}, {"status": {"messages": None}}, {"status": {"messages": [1]}}]
)
def test_odd_history_is_read(history):
    assert read_history(history, GRAPH).status is RunStatus.SUCCEEDED


def test_outputs_of_any_key_in_the_order_of_the_contract():
    history = {
        "outputs": {
            "9": {
                "text": ["hello", 5],
                "lectern_files": [{"filename": "deck.PPTX", "subfolder": "a", "type": "output"}],
            },
            "3": {"images": [{"filename": "a.png", "subfolder": "", "type": "temp"}], "animated": [False], "odd": 7},
            "4": {"images": [{"filename": "not-wanted.png"}]},
            "9.0.1": {"gifs": [{"filename": "x.mp4", "type": "output", "format": "video/h264"}, {"filename": ""}]},
            "5": "odd",
            "x": {"images": [{"filename": "in.png", "type": "input"}]},
        },
        "meta": {"9.0.1": {"display_node": "9"}, "x": {"display_node": "3"}, "4": None},
    }
    items = collect_outputs(history, {"3": "picture", "9": "deck"})
    assert [(i.output, i.name, i.content_type, i.folder, i.subfolder, i.text) for i in items] == [
        ("picture", "a.png", "image/png", "temp", "", None),
        ("deck", "deck_1.txt", "text/plain; charset=utf-8", "output", "", "hello"),
        (
            "deck",
            "deck.PPTX",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "output",
            "a",
            None,
        ),
        ("deck", "x.mp4", "video/mp4", "output", "", None),
    ]


def test_thumbnails_for_the_editor_are_no_outputs():
    """Save Deck shows small copies of its slides; the deck alone is what the app gave."""
    shown = {
        "files": [{"filename": "deck.pptx", "subfolder": "", "type": "output"}],
        "thumbnails": [{"filename": "small.jpg", "subfolder": "lectern", "type": "temp"}],
    }
    assert [item.name for item in collect_outputs({"outputs": {"3": shown}}, {"3": "deck"})] == ["deck.pptx"]


@pytest.mark.parametrize(
    "history", [{}, {"outputs": None}, {"outputs": {"3": None}}, {"outputs": {"3": {"images": [None]}}}]
)
def test_odd_outputs_are_no_outputs(history):
    assert collect_outputs(history, {"3": "picture"}) == []


def test_unknown_file_types_are_bytes():
    assert content_type("a.xyzzy") == content_type("noext") == "application/octet-stream"


def test_progress_counts_nodes_and_steps_and_never_goes_back():
    track = Track(GRAPH)
    assert track.view().message == "Waiting for ComfyUI"
    track = advance(track, "waiting", {"ahead": 2})
    assert track.view().message == "Waiting for ComfyUI, 2 other jobs first"
    track = advance(track, "execution_cached", {"nodes": ["1", "unknown"]})
    track = advance(track, "executing", {"node": "2"})
    assert track.view()[:5] == (0.3333, 1, 3, "Grain", None)
    running = {"2": {"state": "running", "value": 5, "max": 10}, "1": {"state": "finished"}}
    track = advance(track, "progress_state", {"nodes": running})
    assert track.view() == (0.5, 1, 3, "Grain", 5, 10, "Grain: step 5 of 10")
    track = advance(track, "progress_state", {"nodes": {"2": {"state": "running", "value": 1, "max": 10}}})
    assert track.view().value == 0.5
    track = advance(track, "progress_state", {"nodes": {k: {"state": "finished"} for k in "123"}})
    assert track.view().value == 1


@pytest.mark.parametrize("data", [{}, {"nodes": 5}, {"nodes": {"2": None}}, {"nodes": {"2": {"state": "running"}}}])
def test_odd_progress_is_ignored(data):
    for event in ("progress_state", "execution_cached", "executing", "unknown"):
        assert advance(Track(GRAPH), event, data).view().value == 0


def test_place_in_the_queue():
    queue = {"queue_running": [[5, "r", {}]], "queue_pending": [[7, "a", {}], [9, "c", {}], [8, "b", {}]]}
    assert find_place(queue, "r") == Place(True, 0)
    assert find_place(queue, "b") == Place(False, 2)
    assert find_place(queue, "x") is None
    assert find_place({}, "x") is None


@pytest.mark.parametrize(
    ("prefix", "segment"),
    [
        ("ComfyUI", "ComfyUI"),
        ("a/b/c", "c"),
        ("a\\b", "b"),
        ("..", "output"),
        ("a/..", "output"),
        ("a/", "output"),
        ("C:evil", "C_evil"),
        ("x" * 500, "x" * 100),
    ],
)
def test_prefix_keeps_its_last_segment(prefix, segment):
    assert last_segment(prefix) == segment


def test_filling_a_graph_leaves_the_original_alone():
    before = graph()
    filled = fill_graph(before, {"seed": ("2", "noise_seed")}, {"seed": 5}, "lectern/tiny/id")
    assert before == GRAPH
    assert filled["2"]["inputs"]["noise_seed"] == 5
    assert filled["3"]["inputs"]["filename_prefix"] == "lectern/tiny/id/deck"
    linked = graph()
    linked["3"]["inputs"]["filename_prefix"] = ["2", 0]
    assert fill_graph(linked, {}, {}, "x")["3"]["inputs"]["filename_prefix"] == ["2", 0]
