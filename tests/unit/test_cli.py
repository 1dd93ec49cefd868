"""The command line's pure parts: addresses, keys, events, values, files that a publisher has, names of outputs."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lectern.cli import client, console, documents, downloads, following, values
from lectern.cli.errors import WrongUse
from lectern.cli.main import main

ROOT = Path(__file__).parents[2]
GRAPH = {"1": {"class_type": "EmptyImage", "inputs": {}}}


class TestStart:
    def test_help_needs_the_standard_library_alone(self):
        """-S: without installed packages; -X importtime tells what was read."""
        code = "import sys; sys.path.insert(0, '.'); from lectern.cli.main import main; main(['--help'])"
        command = [sys.executable, "-I", "-S", "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        verbs = "publish import apps show export versions activate delete run runs cancel keys webhook-secret"
        assert all(verb in done.stdout for verb in verbs.split())

    def test_it_runs_as_a_module_from_the_packs_folder(self):
        command = [sys.executable, "-m", "lectern", "run", "--help"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "--no-wait" in done.stdout

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ([], "VERB"),
            (["fly"], "fly"),
            (["run"], "slug"),
            (["activate", "a", "two"], "two"),
            (["apps", "--key-env", "A", "--key-file", "b"], "not allowed"),
            (["keys"], "list|create|revoke"),
            (["keys", "create", "x", "--scope", "root"], "root"),
            (["webhook-secret"], "--offline"),
            (["run", "a", "--priority", "high"], "high"),
            (["keys", "list", "--offline", "a", "--store-env", "B"], "not allowed"),
        ],
    )
    def test_wrong_use_ends_with_2(self, capsys, words, told):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert told in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["run", "a", "-i", "x"], "-i must be name=value"),
            (["run", "a", "-i", "x=1", "-i", "x=2"], "-i gives x twice"),
            (["run", "a", "-i", "x=1", "-f", "x=y"], "x is given by -i and by -f"),
            (["run", "a", "-f", "x=/nowhere/a.png"], "/nowhere/a.png cannot be read"),
            (["run", "a", "--input", "/nowhere/a.json"], "/nowhere/a.json cannot be read"),
            (["run", "a", "--no-wait", "--out", "x"], "--no-wait"),
            (["publish", "/nowhere/a.json"], "/nowhere/a.json cannot be read"),
            (["apps", "--url", "localhost:8188"], "http://127.0.0.1:8188"),
            (["apps", "--key-env", "LECTERN_NO_SUCH"], "LECTERN_NO_SUCH is not set"),
            (["keys", "list", "--offline", "/"], "--offline must name Lectern's folder: __lectern"),
            (["webhook-secret", "--offline", "/nowhere/__lectern"], "__lectern"),
        ],
    )
    def test_what_cannot_be_used_is_told_before_anything_is_asked(self, capsys, words, told):
        assert main(words) == 2
        said = capsys.readouterr()
        assert told in said.err and said.out == ""

    def test_nobody_there_ends_with_3(self, capsys):
        assert main(["apps", "--url", "http://127.0.0.1:9"]) == 3
        assert "http://127.0.0.1:9 cannot be reached: Connection refused" in capsys.readouterr().err


class TestAddress:
    @pytest.mark.parametrize("url", ["http://a:8188", "https://a/comfy", " http://a:8188/ ", "http://[::1]:8188"])
    def test_good_ones(self, url):
        assert client.checked_url(url) == url.strip().rstrip("/")

    @pytest.mark.parametrize(
        "url", ["", "a", "ftp://a", "http://", "http://a:b", "http://a:99999", "http://a?x", "http://a#x", "http://[a"]
    )
    def test_bad_ones(self, url):
        with pytest.raises(WrongUse):
            client.checked_url(url)

    def test_a_password_is_refused_and_not_repeated(self):
        with pytest.raises(WrongUse) as error:
            client.checked_url("http://ann:geheim@host")
        assert "geheim" not in str(error.value)


class TestKey:
    def test_where_it_comes_from(self, tmp_path):
        file = tmp_path / "key"
        file.write_text("lct_file\nsecond line\n")
        environ = {"LECTERN_KEY": "lct_usual", "OTHER": " lct_other\n"}
        assert client.read_key(None, None, {}) == ""
        assert client.read_key(None, None, environ) == "lct_usual"
        assert client.read_key("OTHER", None, environ) == "lct_other"
        assert client.read_key(None, str(file), environ) == "lct_file"

    @pytest.mark.parametrize("key", ["lct a", "lct_\u00e9", "a\r\nX: y"])
    def test_what_no_header_may_hold_is_refused_and_not_repeated(self, key):
        with pytest.raises(WrongUse) as error:
            client.read_key("K", None, {"K": key})
        assert key not in str(error.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(WrongUse, match="cannot be read"):
            client.read_key(None, str(tmp_path / "none"), {})


def test_events_are_read_with_comments_and_lines_between():
    stream = [
        b": still here\n", b"\n",
        b"event: status\n", b'data: {"status": "queued"}\n', b"\n",
        b"id: e-1\r\n", b"event: progress\r\n", b'data: {"value":\r\n', b"data: 0.5}\r\n", b"\r\n",
        b"event: lost\n", b"data: {",
    ]  # fmt: skip
    assert list(client.read_events(iter(stream))) == [
        client.Event("status", "", {"status": "queued"}),
        client.Event("progress", "e-1", {"value": 0.5}),
    ]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "twelve", "twelve"),
        ({"type": "number"}, "-0.5", -0.5),
        ({"type": "number"}, "true", "true"),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "off", False),
        ({"type": "boolean"}, "maybe", "maybe"),
        ({"type": "string"}, "12", "12"),
        ({"type": "string", "x-media": "image"}, "/lectern/v1/files/a", "/lectern/v1/files/a"),
        ({"enum": ["8", "16"]}, "8", "8"),
        ({"enum": [8, 16]}, "8", 8),
        ({"enum": ["a"]}, "b", "b"),
        ({"anyOf": [{"type": "integer"}, {"const": "random"}], "x-seed": True}, "7", 7),
        ({"anyOf": [{"type": "integer"}, {"const": "random"}], "x-seed": True}, "random", "random"),
        ({}, "12", "12"),
    ],
)
def test_values_are_what_the_input_takes(schema, text, value):
    read = values.value_of(text, schema)
    assert (read, type(read)) == (value, type(value))


class TestDocuments:
    @pytest.mark.parametrize(
        ("document", "key"), [({"nodes": []}, "workflow"), (GRAPH, "prompt"), ({"lectern_app": 1, "slug": "a"}, "slug")]
    )
    def test_formats_are_told_apart(self, document, key):
        assert key in documents.publication(document, "x")

    @pytest.mark.parametrize("document", [{}, [], {"prompt": GRAPH}, "x", {"1": {"class_type": 3}}])
    def test_anything_else_is_refused_by_its_name(self, document):
        with pytest.raises(WrongUse, match=r"a\.json is neither"):
            documents.publication(document, "a.json")

    @pytest.mark.parametrize(
        ("body", "file", "slug"),
        [
            ({"slug": "own"}, "x.json", "own"),
            ({"workflow": {"extra": {"lectern": {"app": {"slug": "mine"}}}}}, "x.json", "mine"),
            ({"workflow": {"extra": None}}, "/a/My Deck_2.app.json", "my-deck-2"),
            ({"prompt": {}}, "b.lectern.json", "b"),
            ({"prompt": {}}, "\u4e2d.json", ""),
            ({"prompt": {}}, f"{'a' * 62}--b.json", "a" * 62),
        ],
    )
    def test_a_name_is_found(self, body, file, slug):
        assert documents.slug_of(body, file) == slug

    def test_picks_are_a_list_or_both_parts(self, tmp_path):
        file = tmp_path / "picks.json"
        file.write_text('[{"node_id": "1", "widget": "w"}]')
        assert documents.read_picks(str(file)) == {"inputs": [{"node_id": "1", "widget": "w"}]}
        file.write_text('{"outputs": [{"node_id": "2"}]}')
        assert documents.read_picks(str(file)) == {"outputs": [{"node_id": "2"}]}
        for wrong in ("{}", '{"input": []}', "3"):
            file.write_text(wrong)
            with pytest.raises(WrongUse, match="picks"):
                documents.read_picks(str(file))

    def test_pictures_become_data_urls(self, tmp_path):
        file = tmp_path / "a.JPG"
        file.write_bytes(b"abc")
        assert documents.data_url(str(file)) == "data:image/jpeg;base64,YWJj"

    @pytest.mark.parametrize(
        ("name", "size", "told"), [("a.gif", 1, "PNG, JPEG or WebP"), ("a.png", 600_000, "586 KB")]
    )
    def test_pictures_that_the_server_would_not_take(self, tmp_path, name, size, told):
        (tmp_path / name).write_bytes(bytes(size))
        with pytest.raises(WrongUse, match=told):
            documents.data_url(str(tmp_path / name))

    @pytest.mark.parametrize("text", ["", "[]", "{"])
    def test_options_must_be_an_object(self, text):
        with pytest.raises(WrongUse, match="JSON object"):
            documents.read_options(text)

    def test_a_byte_order_mark_does_no_harm(self, tmp_path):
        (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(GRAPH).encode())
        assert documents.read_object(str(tmp_path / "a.json")) == GRAPH


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["a.png", "A.png", "a.png"], ["a.png", "A (2).png", "a (3).png"]),
        (["../../etc/passwd"], ["_.._etc_passwd"]),
        ([".bashrc", "..", ""], ["bashrc", "output", "output (2)"]),
        (["C:\\x.png"], ["C__x.png"]),
        (["x" * 300 + ".png"], ["x" * 146 + ".png"]),
    ],
)
def test_outputs_get_names_that_stay_in_the_folder(names, files):
    assert downloads.file_names(names) == files


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"value": 0.45, "nodes_done": 3, "nodes_total": 8, "current_node": "KSampler", "step": 4, "steps": 20},
         " 45%  3/8 nodes  KSampler 4/20"),
        ({"value": None, "nodes_total": 0, "message": "loading"}, "  0%  loading"),
        ({"value": 7}, "100%"),
    ],
)  # fmt: skip
def test_progress_in_words(data, words):
    assert following.words_of_progress(data) == words


class TestConsole:
    def test_codes_for_the_terminal_are_taken_out(self, capsys):
        console.tell("a\x1b[2Jb\u202ec\x9bd\te\nf")
        assert capsys.readouterr().out == "a[2Jbcd\te\nf\n"

    def test_a_terminal_with_an_old_code_page(self, monkeypatch):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", stream)
        console.tell("\u4e2d!")
        stream.seek(0)
        assert stream.read() == "?!\n"

    def test_columns(self, capsys):
        console.tell_table([("a", 1, None), ("long", "x\ny", "z")])
        assert capsys.readouterr().out == "a     1\nlong  x y  z\n"

    def test_in_a_pipe_a_line_for_each_change(self, capsys):
        status = console.Status()
        for text, change in (("1%", "a"), ("2%", "a"), ("3%", "b")):
            status.show(text, change)
        status.close()
        assert capsys.readouterr().err == "1%\n3%\n"

    def test_on_a_terminal_one_line_is_redrawn(self, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        status = console.Status()
        status.show("1%", "a")
        status.show("2%", "a")
        status.close()
        assert capsys.readouterr().err == "\r\x1b[K1%\r\x1b[K2%\n"
