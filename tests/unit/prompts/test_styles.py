"""Styles of AUTOMATIC1111's styles.csv."""

import csv
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts.errors import TextsError
from lectern.prompts.styles import MOST_ROWS, Style, applied, read_styles, stamp

HEADER = "name,prompt,negative_prompt\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "styles.csv"


def styles(file, content):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_styles([file]).values())


class TestReading:
    @pytest.mark.parametrize(
        ("content", "found"),
        [
            ("", []),
            ("\n\n", []),
            (HEADER, []),
            (HEADER + "Ink,ink drawing,photo\n", [Style("Ink", "ink drawing", "photo")]),
            ("\ufeff" + HEADER + "Ink,ink,\n", [Style("Ink", "ink", "")]),
            (HEADER + '"Ink, wet","a\nb, ""c""", d\n', [Style("Ink, wet", 'a\nb, "c"', "d")]),
            (HEADER.replace("\n", "\r\n") + "Ink,ink,photo\r\n", [Style("Ink", "ink", "photo")]),
            ("name,text\nInk,ink\n", [Style("Ink", "ink", "")]),
            ("negative_prompt,Name , prompt\nphoto,Ink,ink\n", [Style("Ink", "ink", "photo")]),
            (HEADER + "---- Art ----,,\nInk,ink,\n#No,no,\n,nameless,\n", [Style("Ink", "ink", "")]),
            (HEADER + "Clean,,blurry\n", [Style("Clean", "", "blurry")]),
            (HEADER + "Ink\nPen,pen\nOil,oil,photo,more\n", [Style("Pen", "pen", ""), Style("Oil", "oil", "photo")]),
            (HEADER + "水墨,水墨画,照片\n", [Style("水墨", "水墨画", "照片")]),
        ],
    )
    def test_rows(self, file, content, found):
        assert styles(file, content) == found

    def test_the_later_file_counts_and_missing_ones_do_not_matter(self, tmp_path):
        first, second = tmp_path / "a.csv", tmp_path / "b.csv"
        first.write_text(HEADER + "Ink,one,\nPen,one,\n")
        second.write_text(HEADER + "Ink,two,\n")
        found = read_styles([first, tmp_path / "none.csv", second])
        assert {name: style.prompt for name, style in found.items()} == {"Ink": "two", "Pen": "one"}

    def test_it_is_read_again_only_when_it_changed(self, file, monkeypatch):
        reads = []
        monkeypatch.setattr("lectern.prompts.styles.read_utf8", lambda path: reads.append(path) or file.read_text())
        styles(file, HEADER + "Ink,one,\n")
        read_styles([file])
        assert len(reads) == 1
        before = stamp([file])
        assert styles(file, HEADER + "Ink,three,\n")[0].prompt == "three" and len(reads) == 2
        assert stamp([file]) != before == before

    def test_the_stamp_tells_of_files_that_come_and_go(self, file):
        gone = stamp([file])
        file.write_text(HEADER)
        there = stamp([file])
        os.utime(file, ns=(1, 1))
        assert len({gone, there, stamp([file])}) == 3 and stamp([file]) == stamp([file])


class TestHostile:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (HEADER.encode() + b"Ink,\xff\xfe,\n", "line 2, is not UTF-8"),
            ("name\n".encode("utf-16"), "line 1, is not UTF-8"),
            (HEADER + "Ink,in\0k,\n", "line 2, holds a zero byte"),
            ("Ink,secret,\n", "line 1, does not name the columns"),
            (HEADER + "Ink,x,\n" * (MOST_ROWS + 1), f"line {MOST_ROWS + 2}: there are more than {MOST_ROWS} rows"),
            (HEADER + "Ink," + "secret" * 30_000 + ",\n", "line 2, is not correct CSV"),
            (HEADER + "x" * 8 * 2**20, "larger than 8 MB"),
        ],
    )
    def test_is_an_error_that_names_file_and_line(self, file, content, said):
        limit = csv.field_size_limit()
        with pytest.raises(TextsError, match=said) as raised:
            styles(file, content)
        assert str(file) in str(raised.value) and "secret" not in str(raised.value) and len(str(raised.value)) < 400
        assert csv.field_size_limit() == limit

    def test_a_folder_is_no_file(self, file):
        file.mkdir()
        with pytest.raises(TextsError, match="is no file"):
            read_styles([file])

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_a_pipe_is_not_waited_for(self, file):
        os.mkfifo(file)
        with pytest.raises(TextsError, match="is no file"):
            read_styles([file])

    @settings(deadline=None)
    @given(
        st.binary(max_size=200) | st.text(alphabet='",\n\r#a ', max_size=200).map(lambda text: (HEADER + text).encode())
    )
    def test_any_bytes_are_styles_or_an_error(self, tmp_path_factory, content):
        file = tmp_path_factory.mktemp("any") / "styles.csv"
        try:
            assert all(style.name for style in styles(file, content))
        except TextsError as error:
            assert str(file) in str(error)


@pytest.mark.parametrize(
    ("style", "prompt", "negative", "made"),
    [
        (Style("s", "ink", "photo"), "fox", "hat", ("fox, ink", "hat, photo")),
        (Style("s", "ink of {prompt}, wet", ""), "fox", "hat", ("ink of fox, wet", "hat")),
        (Style("s", "{prompt}, {prompt}", "no {prompt}"), "fox", "", ("fox, fox", "no ")),
        (Style("s", " ink ", ""), " fox ", "", ("fox, ink", "")),
        (Style("s", "ink", "photo"), "", "", ("ink", "photo")),
        (Style("s", "ink of {prompt}", ""), "{prompt} fox", "", ("ink of {prompt} fox", "")),
    ],
)
def test_applied_as_a1111_does(style, prompt, negative, made):
    assert applied(style, prompt, negative) == made
