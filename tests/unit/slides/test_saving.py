"""Names and files on disk."""

import io
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lectern.errors import SaveError, TextError
from lectern.images import to_pillow
from lectern.infotext import read_parameters
from lectern.parallel import cores, in_order
from lectern.slides.encoders import Encoder, Encoding
from lectern.slides.names import check_template, different, file_stems, safe
from lectern.slides.saving import save_pictures, write_new

PNG = Encoder(Encoding("PNG"))


def frames(count):
    return list(torch.rand((count, 9, 16, 3), generator=torch.Generator().manual_seed(0)))


def stems(template, *titles, counter=7):
    return file_stems(template, "deck", counter, "2026-11-20", titles)


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{prefix}_{counter}_", ["deck_00007_", "deck_00008_"]),
        ("{n} {title}", ["01 One", "02 Two"]),
        ("{date} {n} of {total}", ["2026-11-20 01 of 2", "2026-11-20 02 of 2"]),
        ("same", ["same", "same (2)"]),
    ],
)
def test_templates(template, names):
    assert stems(template, "One", "Two") == names


def test_numbers_are_as_wide_as_the_last():
    assert stems("{n}", *[""] * 120)[0] == "001"


def test_comfyuis_batch_number_is_filled_in():
    assert file_stems("{prefix}", "p%batch_num%", 1, "", ["", ""]) == ["p0", "p1"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ('a/b\\c:d*e?f"g<h>i|j', "a-b-c-d-e-f-g-h-i-j"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1", "_com1"),
        ("Console", "Console"),
        ("...hidden. . ", "hidden"),
        ("two\nlines\ttab", "two lines tab"),
        ("nul\0byte\x1b[31m", "nulbyte[31m"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("half \ud800 letter", "half letter"),
        ("e\u0301", "\u00e9"),
        ("日本語のタイトル", "日本語のタイトル"),
        ("می‌خواهم", "می‌خواهم"),
        ("", "untitled"),
        ("///", "---"),
        (" . ", "untitled"),
    ],
)
def test_titles_become_safe_names(title, name):
    assert stems("{title}", title) == [name]


@given(st.text(max_size=400))
def test_every_title_gives_one_plain_name_that_fits(title):
    (name,) = stems("{title}", title)
    assert name and len(f"{name} (99999).avif".encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|\0\n') and name == name.strip(" .") and name not in {".", ".."}


def test_a_long_name_is_cut_between_characters():
    assert safe("語" * 100) == "語" * 60


@given(st.lists(st.sampled_from(["a", "A", "a (2)", "b", "A (2)"]), max_size=12))
def test_names_differ_also_where_case_does_not_count(names):
    result = [name.casefold() for name in different(names)]
    assert len(result) == len(names) == len(set(result))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{page}", "{page}, which does not exist. Use {prefix} {counter} {n} {total} {date} {title}"),
        ("sub/{n}", "'/', which names cannot. Put folders in filename_prefix"),
        ("  ", "The file name is empty"),
    ],
)
def test_a_wrong_template_says_what_to_do(template, said):
    with pytest.raises(TextError) as raised:
        check_template(template)
    assert said in str(raised.value)


def test_files_are_whole_in_order_and_alone(tmp_path):
    pictures = frames(9)
    names = save_pictures(tmp_path, pictures, [f"s{index}" for index in range(9)], PNG)
    assert names == [f"s{index}.png" for index in range(9)]
    assert sorted(names) == sorted(file.name for file in tmp_path.iterdir())
    for name, frame in zip(names, pictures, strict=True):
        assert Image.open(tmp_path / name).tobytes() == to_pillow(frame).tobytes()


def test_each_picture_gets_its_own_infotext(tmp_path):
    wanted = ["one", "", "three"]
    names = save_pictures(tmp_path, frames(3), ["a", "b", "c"], PNG, infotexts=wanted)
    assert [read_parameters((tmp_path / name).read_bytes()).infotext or "" for name in names] == wanted


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    first, second = (save_pictures(tmp_path, frames(1), ["a"], PNG) for _ in range(2))
    assert (first, second) == (["a (2).png"], ["a (3).png"])
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_nothing_is_overwritten_where_files_cannot_be_linked(tmp_path, monkeypatch):
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    assert [write_new(tmp_path, "a", ".png", data) for data in (b"1", b"2")] == ["a.png", "a (2).png"]
    assert sorted(file.read_bytes() for file in tmp_path.iterdir()) == [b"1", b"2"]


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match=r"could not be written to .* Make that folder writable"):
        save_pictures(tmp_path / "file", frames(1), ["a"], PNG)


class Cancelled(BaseException):
    pass


def test_cancel_leaves_the_whole_files_only(tmp_path):
    done = []

    def step() -> None:
        done.append(1)
        if len(done) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        save_pictures(tmp_path, frames(8), [f"s{index}" for index in range(8)], PNG, step)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["s0.png", "s1.png", "s2.png"]
    assert all(Image.open(io.BytesIO(file.read_bytes())).size == (16, 9) for file in files)


def test_cancel_does_not_wait_for_a_slow_picture():
    """The work never ends by itself; only the look at Cancel gets out of the wait."""
    release, looks = threading.Event(), []

    def check() -> None:
        looks.append(1)
        if len(looks) == 3:
            raise Cancelled

    try:
        with pytest.raises(Cancelled), in_order(lambda _: release.wait(), range(50), check) as results:
            next(results)
    finally:
        release.set()


def test_few_results_are_in_memory_at_once():
    alive, most = 0, 0
    lock = threading.Lock()

    def work(number: int) -> int:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return number

    with in_order(work, range(100)) as results:
        for wanted, number in enumerate(results):
            assert number == wanted
            with lock:
                alive -= 1
    assert 1 <= most <= cores() + 1


def test_what_the_work_raises_comes_out():
    def work(number: int) -> int:
        if number == 2:
            raise TimeoutError("its own")
        return number

    taken = []
    with pytest.raises(TimeoutError, match="its own"), in_order(work, range(5)) as results:
        taken.extend(results)
    assert taken == [] or taken == [0, 1]
