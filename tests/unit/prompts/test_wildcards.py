"""`__name__` in a prompt becomes a line of a file."""

import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts import wildcards
from lectern.prompts.errors import TextsError
from lectern.prompts.wildcards import filled, stamp, used


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "wildcards"
    write(place, "color", "red\ngreen\nblue\n")
    write(place, "clothes/hats", "\ufeff# all of them\n\n  bowler  \r\n#top hat\n")
    write(place, "both", "a __color__ __clothes/hats__\n")
    write(place, "动物/狐 狸-1", "红狐\n")
    return place


def write(folder, name, text):
    file = folder / f"{name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


class TestFilling:
    @pytest.mark.parametrize(
        ("text", "made"),
        [
            ("no wildcard", "no wildcard"),
            ("a __clothes/hats__!", "a bowler!"),
            ("__clothes/hats____clothes/hats__", "bowlerbowler"),
            ("__动物/狐 狸-1__", "红狐"),
            ("<lora:__clothes/hats__:1>", "<lora:bowler:1>"),
            ("____ and __ and _x_ and __ x __ and __../color__", "____ and __ and _x_ and __ x __ and __../color__"),
            ("__no end, __clothes/hats__ __", "__no end, bowler __"),
            ("__no end __clothes/hats__", "__no end bowler"),
            ("__*/hats__", "bowler"),
            ("__c*/h*__ __**/hats__ __动物*/*__", "bowler bowler 红狐"),
            ("module.__init__ a__b__c <lora:my __x__ y:1>", "module.__init__ a__b__c <lora:my __x__ y:1>"),
        ],
    )
    def test_filled(self, folder, text, made):
        assert filled(text, [folder], 7) == made

    def test_a_line_may_hold_wildcards(self, folder):
        assert filled("__both__", [folder], 7) in {f"a {color} bowler" for color in ("red", "green", "blue")}

    def test_the_same_seed_gives_the_same_everywhere(self, folder):
        text = "__color__ __color__ __color__ __color__ __col*__ __both__"
        assert filled(text, [folder], 7) == "green blue red red green a green bowler"
        assert filled(text, [folder], 2**64 - 1) == "green red green blue blue a green bowler"

    def test_each_is_drawn_on_its_own_and_all_lines_come(self, folder):
        assert set(filled("__color__ " * 50, [folder], 1).split()) == {"red", "green", "blue"}
        alone = [filled("__color__", [folder], seed) for seed in range(30)]
        beside = [filled("__clothes/hats__ __color__", [folder], seed).split()[1] for seed in range(30)]
        assert alone == beside and len(set(alone)) == 3

    def test_a_star_draws_from_all_files_whose_names_fit(self, folder):
        write(folder, "color2", "pink\n")
        drawn = {filled("__color*__", [folder], seed) for seed in range(60)}
        assert drawn == {"red", "green", "blue", "pink"}

    def test_the_first_folder_that_has_it_counts(self, folder, tmp_path):
        write(tmp_path / "mine", "color", "black\n")
        folders = [tmp_path / "absent", tmp_path / "mine", folder]
        assert filled("__color__ __clothes/hats__ __colo*__", folders, 7) == "black bowler black"

    def test_accents_however_the_file_system_writes_them(self, folder):
        write(folder, unicodedata.normalize("NFD", "café"), "noir\n")
        assert filled("__café__ __caf*__", [folder], 7) == "noir noir"
        assert filled(unicodedata.normalize("NFD", "__café__"), [folder], 7) == "noir"

    def test_a_changed_file_counts_at_once(self, folder):
        write(folder, "one", "a\n")
        assert filled("__one__", [folder], 7) == "a"
        write(folder, "one", "bb\n")
        assert filled("__one__", [folder], 7) == "bb"

    def test_a_text_without_wildcards_looks_at_no_folder(self):
        assert filled("a fox", None, 7) == "a fox" and used("a fox", None) == ""  # pyright: ignore[reportArgumentType]

    def test_a_plain_name_walks_through_no_folder(self, folder, monkeypatch):
        monkeypatch.setattr(wildcards, "_walk", None)
        assert filled("__clothes/hats__", [folder], 7) == "bowler"


class TestRefused:
    def test_an_unknown_name_is_answered_with_near_ones(self, folder):
        with pytest.raises(TextsError, match=r"no wildcard __colour__; there is __color__\. .*colour\.txt") as raised:
            filled("a secret __colour__", [folder], 7)
        assert str(folder) in str(raised.value) and "secret" not in str(raised.value)

    def test_or_with_some_when_none_is_near(self, folder):
        with pytest.raises(TextsError, match="there is __both__, __clothes/hats__, __color__"):
            filled("__zzz__", [folder], 7)

    def test_it_stays_where_there_are_no_wildcards_at_all(self, tmp_path):
        assert filled("def __init__(self)", [tmp_path / "none", tmp_path], 7) == "def __init__(self)"

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({"a": "__a__"}, "__a__ leads back to itself"),
            ({"a": "x __b__", "b": "__c__", "c": "__a__ y"}, "reached by __a__, __b__, __c__"),
            ({f"a{n}" if n else "a": f"__a{n + 1}__" for n in range(30)}, "more than 20 deep"),
            ({"a": "# nothing\n\n"}, "has no lines"),
            ({"a": "x" * 60_000 + "__b__", "b": "y" * 60_000}, "longer than 100000"),
            ({f"a{n}" if n else "a": f"__a{n + 1}__ " * 9 for n in range(15)} | {"a15": "x"}, "More than 5000"),
            ({"a": "x\0"}, "a.txt, line 1, holds a zero byte"),
        ],
    )
    def test_what_cannot_be_filled(self, tmp_path, files, said):
        for name, text in files.items():
            write(tmp_path, name, text)
        with pytest.raises(TextsError, match=said) as raised:
            filled("__a__", [tmp_path], 7)
        assert len(str(raised.value)) < 600

    def test_too_long_too_large_too_many_stars(self, folder):
        with pytest.raises(TextsError, match="longer than 100000"):
            filled("__color__" + "x" * 100_000, [folder], 7)
        with pytest.raises(TextsError, match="more than 4 stars"):
            filled("__c*o*l*o*r*__", [folder], 7)
        for number in range(1001):
            write(folder, f"many/{number}", "x")
        with pytest.raises(TextsError, match=r"More than 1000 files fit the wildcard __many/\*__"):
            filled("__many/*__", [folder], 7)
        write(folder, "big", "x\n" * 4 * 2**20 + "x")
        with pytest.raises(TextsError, match=r"big\.txt is larger than 8 MB"):
            filled("__big__", [folder], 7)

    def test_a_stamp_of_all_changes_with_any_of_many(self, folder):
        for number in range(1001):
            write(folder, f"many/{number}", "x")
        before = stamp([folder])
        assert stamp([folder]) == before
        write(folder, "many/500", "other")
        assert stamp([folder]) != before

    def test_nothing_outside_the_folder_is_read(self, folder, tmp_path):
        outside = write(tmp_path / "outside", "key", "secret\n")
        (folder / "link.txt").symlink_to(outside)
        (folder / "far").symlink_to(outside.parent, target_is_directory=True)
        (folder / "near.txt").symlink_to(folder / "clothes" / "hats.txt")
        assert filled("__near__", [folder], 7) == "bowler"
        for name in ("link", "far/key", "lin*", "far/*"):
            with pytest.raises(TextsError, match="no wildcard") as raised:
                filled(f"__{name}__", [folder], 7)
            assert "secret" not in str(raised.value)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_a_pipe_is_not_waited_for(self, folder):
        os.mkfifo(folder / "pipe.txt")
        with pytest.raises(TextsError, match="no wildcard"):
            filled("__pipe__", [folder], 7)

    @settings(deadline=None)
    @given(
        st.lists(st.sampled_from(["__", "_", "color", "*", "/", "clothes/hats", " ", "<", ">", "both", "."])).map(
            "".join
        )
    )
    def test_any_text_is_filled_or_an_error(self, tmp_path_factory, text):
        place = tmp_path_factory.getbasetemp() / "any"
        write(place, "color", "red\n")
        write(place, "clothes/hats", "bowler\n")
        try:
            assert filled(f"{text}\n__color__", [place], 7).endswith("\nred")
            used(text, [place])
        except TextsError as error:
            assert str(error).endswith(".")


class TestUsed:
    @pytest.mark.parametrize(
        ("text", "changed", "told"),
        [
            ("__color__", "color", True),
            ("__color__", "clothes/hats", False),
            ("__both__", "clothes/hats", True),
            ("__clothes/*__", "clothes/caps", True),
            ("__new__", "new", True),
            ("__new__", "color", False),
            ("fox", "color", False),
        ],
    )
    def test_it_changes_with_the_files_that_may_be_used(self, folder, text, changed, told):
        before = used(text, [folder])
        assert used(text, [folder]) == before
        write(folder, changed, "something else altogether\n")
        assert (used(text, [folder]) != before) is told

    def test_a_first_wildcard_makes_unknown_names_errors(self, tmp_path):
        before = used("__init__", [tmp_path])
        write(tmp_path, "color", "red\n")
        assert used("__init__", [tmp_path]) != before

    def test_cycles_and_damaged_files_do_not_stop_it(self, tmp_path):
        write(tmp_path, "a", "__b__")
        write(tmp_path, "b", "__a__ __c__")
        (tmp_path / "c.txt").write_bytes(b"\xff")
        assert used("__a*b*c*d*e*__", [tmp_path])
        assert all(f"{name}.txt" in used("__a__", [tmp_path]) for name in "abc")
