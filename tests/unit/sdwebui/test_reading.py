"""Reading answers: the fast way gives what plain JSON gives, hostile ones are refused, errors are understood."""

import contextlib
import json
from base64 import b64encode
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lectern.png import png
from lectern.sdwebui.answers import read_reply
from lectern.sdwebui.dialects import recognise
from lectern.sdwebui.errors import AnswerError, RequestError
from lectern.sdwebui.faults import fault, reason
from lectern.sdwebui.lists import SOURCES
from lectern.sdwebui.pictures import Bounds, Gallery, decode
from lectern.sdwebui.progress import Glimpse, Watch, read_global, read_task
from lectern.sdwebui.skeleton import read_long

LONG = "A" * 3000
TEXTS = st.one_of(st.text(), st.sampled_from([LONG, LONG + '"', LONG + "\\", "\\" + LONG, "é" * 3000, '","' + LONG]))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def filled(content, holes):
    if isinstance(content, str):
        return str(holes[content], "utf-8") if content in holes else content
    if isinstance(content, list):
        return [filled(one, holes) for one in content]
    if isinstance(content, dict):
        return {filled(key, holes): filled(value, holes) for key, value in content.items()}
    return content


@given(JSON, st.booleans())
def test_cutting_long_strings_out_loses_nothing(content, ascii):
    assert filled(*read_long(json.dumps(content, ensure_ascii=ascii).encode())) == content


@given(st.binary(max_size=300))
def test_any_bytes_are_json_or_refused(body):
    with contextlib.suppress(ValueError):
        read_long(body)


def reply(pictures: int, info: object, asked: int = 1):
    images = [f"{number}" for number in range(pictures)]
    text = info if isinstance(info, str) else json.dumps(info)
    return read_reply("S", json.dumps({"images": images, "info": text}).encode(), asked)


@pytest.mark.parametrize(
    ("pictures", "info", "asked", "kept", "extras"),
    [
        (1, "", 1, ["0"], []),
        (4, {"all_seeds": [1, 2, 3], "index_of_first_image": 1}, 3, ["1", "2", "3"], ["0"]),  # a grid before
        (3, {"all_seeds": [1, 2], "index_of_first_image": 0}, 2, ["0", "1"], ["2"]),  # a control map after
        (5, {"all_seeds": [1, 2], "index_of_first_image": 2}, 2, ["2", "3"], ["0", "1", "4"]),
        (2, {"all_seeds": [1, 2, 3, 4]}, 4, ["0", "1"], []),  # stopped there
        (2, {"index_of_first_image": 99, "all_seeds": "x"}, 2, ["1"], ["0"]),
        (3, {"index_of_first_image": -5}, 2, ["0", "1"], ["2"]),
        (2, "[1, 2]", 2, ["0", "1"], []),
        (1, "{" * 5000, 1, ["0"], []),
    ],
)
def test_the_generated_pictures_are_told_from_grids_and_maps(pictures, info, asked, kept, extras):
    found = reply(pictures, info, asked)
    assert [bytes(one).decode() for one in found.images] == kept
    assert [bytes(one).decode() for one in found.extras] == extras


def test_a_text_that_is_none_does_not_move_the_others():
    info = {"all_seeds": [1, 2, 3], "infotexts": ["one", None, "three"]}
    assert list(reply(3, info, 3).infotexts) == ["one", "", "three"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"images": null}', b'{"images": [""]}', b'{"images": [1]}', b"<html>", b"[" * 10**5],
)
def test_answers_without_pictures_are_refused(body):
    with pytest.raises(AnswerError):
        read_reply("S", body, 1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"detail":"Init image not found"}', "Init image not found"),
        (b'{"error":"RuntimeError","detail":"","body":"","errors":"boom"}', "boom"),
        (b'{"error":"RuntimeError","detail":"","body":"","message":"bang"}', "bang"),
        (b'{"error":"server_error","message":"type_error.302"}', "type_error.302"),
        (b'{"error":"prompt required"}', "prompt required"),
        (b'"a bare string"', "a bare string"),
        (b'{"detail":[{"loc":["body","steps"],"msg":"not an integer","type":"x"}]}', "steps: not an integer"),
        (b"<html><style>p{}</style><h1>502</h1> Bad  Gateway</html>", "502 Bad Gateway"),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1]", ""),
        (b'{"detail":{"x":1}}', ""),
    ],
)
def test_every_familys_error_is_understood(body, said):
    assert reason(body) == said


@given(st.binary(max_size=2000), st.integers(300, 599))
def test_any_error_answer_is_one_sentence(body, status):
    error = fault(
        "Server x", "/sdapi/v1/txt2img", status, {"Location": "http://h/\n\r", "Retry-After": "9" * 400}, body
    )
    assert str(error).endswith(".") and "\n" not in str(error) and len(str(error)) < 700
    assert isinstance(error, RequestError) == (status == 422)


@pytest.mark.parametrize(
    ("options", "schedulers", "name"),
    [
        ({"forge_preset": "sd", **dict.fromkeys("abcdefghij")}, [], "forge"),
        (dict.fromkeys("abcdefghij"), [{"name": "UniPC", "cls": "x"}], "sdnext"),
        (dict.fromkeys("abcdefghij"), [{"name": "karras", "label": "Karras"}], "a1111"),
        (dict.fromkeys("abcdefghij"), None, "a1111-1.8"),
        ({"samples_format": "png", "sd_model_checkpoint": "x"}, [{"name": "a", "label": "a"}], "sdcpp"),
        ({"samples_format": "png", "sd_model_checkpoint": "x"}, None, "koboldcpp"),
    ],
)
def test_families_are_known_by_what_they_offer(options, schedulers, name):
    assert recognise(options, schedulers).name == name


@given(JSON, st.sampled_from(sorted(SOURCES)))
def test_no_answer_breaks_a_list(content, name):
    for one in SOURCES[name].read(content):
        assert len(getattr(one, "name", None) or one.title) <= 300


@given(JSON)
def test_no_answer_breaks_the_progress(content):
    assert 0 <= read_global(content).fraction <= 1
    task = read_task(content)
    assert task is None or 0 <= task.fraction <= 1


def test_a_loading_models_time_is_left_alone():
    state = {"job_count": 1, "job_timestamp": "2026"}
    assert read_global({"progress": 0.01, "eta_relative": 894.0, "state": state}).fraction == 0.01


def test_the_bar_never_falls():
    watch = Watch()
    watch.expect(4)
    watch.seen("a", 2, Glimpse(0.5))
    watch.seen("b", 2, Glimpse(0.5))
    assert watch.fraction == 0.5
    watch.ended("a", 0)  # it failed and begins anew elsewhere
    assert watch.fraction == 0.5
    watch.seen("a", 2, Glimpse(0.1))
    assert watch.fraction == 0.5
    watch.ended("a", 2)
    watch.ended("b", 2)
    assert watch.fraction == 1


def test_a_gallery_has_the_pictures_in_order_whatever_the_order_they_come_in():
    gallery = Gallery(4, Bounds(64, 1 << 20))
    for place in (3, 0, 2):
        gallery.put(place, np.full((4, 6, 3), place * 60, np.uint8))
    gallery.put(1, np.zeros((5, 6, 3), np.uint8))
    images = gallery.images()
    assert images is not None and [round(float(one.mean()) * 255) for one in images] == [0, 120, 180]
    assert {place: one.shape for place, one in gallery.odd().items()} == {1: (1, 5, 6, 3)}
    with pytest.raises(AnswerError, match="more than one node may hold"):
        Gallery(1000, Bounds(64, 100)).put(0, np.zeros((4, 6, 3), np.uint8))


def test_decoding_is_exact():
    frame = torch.rand((9, 7, 4), generator=torch.Generator().manual_seed(0))
    decoded = decode("S", b64encode(png(frame, texts={"parameters": "é"})), Bounds(16, 1000))
    assert np.array_equal(decoded.pixels, (frame * 255).round().to(torch.uint8).numpy())
    with pytest.raises(AnswerError, match="9x20 pixels"):
        decode("S", b64encode(png(torch.zeros(20, 9, 3))), Bounds(16, 1000))


def test_pictures_of_another_size_are_bounded_too():
    gallery = Gallery(4, Bounds(100, 1000))
    gallery.put(0, np.zeros((8, 8, 3), np.uint8))
    gallery.put(1, np.zeros((30, 30, 3), np.uint8))
    with pytest.raises(AnswerError, match="more than one node may hold"):
        gallery.put(2, np.zeros((30, 30, 3), np.uint8))


@pytest.mark.parametrize("kind", ["EPS", "TIFF", "ICO"])
def test_a_preview_is_only_read_where_it_is_what_servers_send(kind):
    """For EPS Pillow would start Ghostscript, on whatever the server wrote."""
    data = BytesIO()
    Image.new("RGB", (16, 16)).save(data, kind)
    watch = Watch()
    watch.seen("a", 1, Glimpse(0.5, b64encode(data.getvalue()).decode()))
    assert watch.picture() is None
