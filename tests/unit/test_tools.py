"""The pure parts of tools/: where things lie, when an environment is rebuilt, what is shown, whose process it is."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools import (
    cache,
    check,
    comfyui,
    console,
    demo,
    process,
    progress,
    repair,
    requirements,
    serve,
    server,
    templates,
)


def fake_comfyui(folder: Path, version: str = "0.30.0") -> Path:
    folder.mkdir(parents=True)
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text(f'__version__ = "{version}"\n')
    (folder / "requirements.txt").write_text("torch\n")
    return folder


class TestCacheFolder:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({}, "/home/ann/.cache/lectern"),
            ({"XDG_CACHE_HOME": "/x"}, "/x/lectern"),
            ({"XDG_CACHE_HOME": "/x", "LECTERN_CACHE": "/own"}, "/own"),
            ({"LECTERN_CACHE": "", "XDG_CACHE_HOME": ""}, "/home/ann/.cache/lectern"),
        ],
    )
    def test_the_most_specific_setting_wins(self, environ, expected):
        assert cache.cache_folder(environ, Path("/home/ann")) == Path(expected)

    def test_it_is_never_inside_the_checkout(self):
        with pytest.raises(console.ToolError, match="set LECTERN_CACHE"):
            cache.cache_folder({"LECTERN_CACHE": str(cache.CHECKOUT / "cache")})

    def test_a_folder_that_cannot_be_made_is_one_sentence(self, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setenv("LECTERN_CACHE", str(tmp_path / "file"))
        with pytest.raises(console.ToolError, match="cannot be written"):
            cache.cache_path("logs", "setup.log")

    def test_two_checkouts_of_one_name_have_two_keys(self):
        assert cache.checkout_key(Path("/a/lectern")) != cache.checkout_key(Path("/b/lectern"))

    def test_a_held_lock_makes_a_second_process_wait(self, tmp_path, monkeypatch):
        monkeypatch.setenv("LECTERN_CACHE", str(tmp_path))
        code = "from tools.cache import lock\nwith lock('x'): print('in')"
        with cache.lock("x"):
            other = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=cache.CHECKOUT
            )
            assert other.stdout is not None
            assert "waiting" in other.stdout.readline()
            assert other.poll() is None
        assert other.communicate(timeout=30)[0].strip() == "in"


class TestFindComfyUI:
    def test_the_setting_comes_before_the_usual_place(self, tmp_path):
        own, usual = fake_comfyui(tmp_path / "own"), fake_comfyui(tmp_path / "comfy" / "ComfyUI")
        assert comfyui.installed_path({"COMFYUI_PATH": str(own)}, tmp_path) == own
        assert comfyui.installed_path({}, tmp_path) == usual

    def test_neither_leads_to_the_distribution(self, tmp_path, monkeypatch):
        got = fake_comfyui(tmp_path / "cache", "0.31.2")
        monkeypatch.setattr(comfyui, "downloaded_path", lambda: got)
        assert comfyui.find_comfyui({}, tmp_path) == comfyui.ComfyUI(got, "0.31.2", "torch\n")

    def test_a_setting_that_names_no_comfyui_is_an_error(self, tmp_path):
        fake_comfyui(tmp_path / "comfy" / "ComfyUI")
        with pytest.raises(console.ToolError, match="COMFYUI_PATH"):
            comfyui.installed_path({"COMFYUI_PATH": str(tmp_path)}, tmp_path)

    def test_only_the_vendored_tree_is_unpacked(self, tmp_path):
        archive = self.archive(tmp_path, ["d/vendor/ComfyUI/main.py", "d/vendor/ComfyUI/app/a.py", "d/setup.py"])
        comfyui.unpack(archive, "d/vendor/ComfyUI/", tmp_path / "out")
        assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["a.py", "app", "main.py"]

    def test_an_archive_that_leads_out_of_its_folder_is_refused(self, tmp_path):
        archive = self.archive(tmp_path, ["d/vendor/ComfyUI/../../../evil.py"])
        with pytest.raises(tarfile.OutsideDestinationError):
            comfyui.unpack(archive, "d/vendor/ComfyUI/", tmp_path / "out")

    @staticmethod
    def archive(folder: Path, names: list[str]) -> Path:
        with tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
            for name in names:
                tar.addfile(tarfile.TarInfo(name), io.BytesIO())
        return folder / "a.tar.gz"


class TestKeys:
    WANTED = ("torch==2.13.0", "0.30.0", "torch\nnumpy>=1.25\n")

    @pytest.mark.parametrize(
        "changed",
        [
            ("torch==2.9.1", "0.30.0", "torch\nnumpy>=1.25\n"),
            ("torch==2.13.0", "0.31.0", "torch\nnumpy>=1.25\n"),
            ("torch==2.13.0", "0.30.0", "torch\nnumpy>=2\n"),
        ],
    )
    def test_another_torch_or_comfyui_is_another_environment(self, changed):
        assert requirements.environment_key(*changed) != requirements.environment_key(*self.WANTED)

    def test_comments_and_empty_lines_change_nothing(self):
        text = "# essentials\n\ntorch\nnumpy>=1.25  # arrays\n"
        assert requirements.environment_key(*self.WANTED[:2], text) == requirements.environment_key(*self.WANTED)
        assert requirements.extras_key("a\n", "b") == requirements.extras_key("a # why\n", "\nb\n")

    def test_a_change_of_either_requirements_file_changes_only_the_extras(self):
        keys = {
            requirements.extras_key("a", "b"),
            requirements.extras_key("a>=2", "b"),
            requirements.extras_key("a", ""),
        }
        assert len(keys) == 3


class TestRequirements:
    def test_the_template_package_is_set_aside(self):
        text = "torch\ncomfyui_workflow_templates==0.11.27\ncomfyui-embedded-docs==0.5.9\n"
        assert requirements.split_templates(text) == (
            ["torch", "comfyui-embedded-docs==0.5.9"],
            "comfyui_workflow_templates==0.11.27",
        )
        assert requirements.split_templates("torch") == (["torch"], None)

    def test_of_its_companions_only_the_small_ones_are_wanted(self):
        requires = [
            "comfyui-workflow-templates-core==0.3.292",
            "comfyui-workflow-templates-json==0.1.27",
            "comfyui-workflow-templates-media-api==0.3.84",
            "comfyui-workflow-templates-media-assets-01==0.1.17",
            'comfyui-workflow-templates-json==0.1.27; extra == "json"',
        ]
        assert requirements.small_template_packages(requires) == requires[:2]

    def test_missing_thumbnails_get_a_stand_in_and_real_ones_stay(self, tmp_path):
        assets = [{"filename": "a.json"}, {"filename": "a-1.webp"}, {"filename": "b.mp3", "bundle": "media-assets-01"}]
        core = tmp_path / "comfyui_workflow_templates_core"
        core.mkdir()
        (core / "manifest.json").write_text(json.dumps({"templates": [{"bundle": "media-api", "assets": assets}]}))
        real = tmp_path / "comfyui_workflow_templates_media_api" / "templates" / "a-1.webp"
        assert repair.fill_template_media(tmp_path) == 2
        assert real.read_bytes() == repair.PIXEL
        real.write_bytes(b"real")
        assert repair.fill_template_media(tmp_path) == 0
        assert real.read_bytes() == b"real"

    def test_the_stand_in_is_a_picture(self):
        from PIL import Image

        assert Image.open(io.BytesIO(repair.PIXEL)).size == (1, 1)

    def test_torchvision_is_repaired_once(self, tmp_path):
        module = tmp_path / "torchvision" / "extension.py"
        module.parent.mkdir()
        module.write_text("import torch\n")
        repair.define_torchvision_schemas(tmp_path)
        once = module.read_text()
        repair.define_torchvision_schemas(tmp_path)
        assert module.read_text() == once
        assert once.count(repair.MARK) == 1


class TestProgress:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [(0.0, "[----------]"), (0.05, "[----------]"), (0.5, "[#####-----]"), (0.999, "[#########-]")],
    )
    def test_the_bar_is_full_only_at_the_end(self, value, expected):
        assert progress.bar(value, 10) == expected
        assert progress.bar(1.0, 10) == "[##########]"

    def test_a_run_without_progress_is_at_its_start(self):
        assert progress.read_progress({"status": "queued", "progress": None}).value == 0.0

    def test_a_value_out_of_range_is_kept_within_the_bar(self):
        assert progress.read_progress({"status": "running", "progress": {"value": 1.7}}).value == 1.0

    def test_without_a_terminal_there_is_one_line_for_each_node(self):
        out = io.StringIO()
        view = progress.ProgressView(out)
        for value, node in [(0.1, "Background"), (0.2, "Background"), (0.5, "Title"), (0.6, "Title")]:
            view.show(progress.Progress("running", value, node, f"{node} at {value}", 0, 3))
        view.close()
        assert out.getvalue().splitlines() == [
            "   10%  0/3 nodes  Background at 0.1",
            "   50%  0/3 nodes  Title at 0.5",
        ]

    def test_on_a_terminal_one_line_is_drawn_over(self):
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        out = Terminal()
        view = progress.ProgressView(out)
        view.show(progress.Progress("running", 0.5, "Title", None, 1, 2))
        view.show(progress.Progress("succeeded", 1.0, None, None, 2, 2))
        view.close()
        assert out.getvalue().count("\n") == 1
        assert f"[{'#' * progress.BAR_WIDTH}] 100%  2/2 nodes  succeeded\n" in out.getvalue()


class TestProcess:
    @pytest.fixture
    def child(self):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        yield child
        child.kill()
        child.wait()

    def test_a_running_process_is_recognised(self, child):
        mark = process.fingerprint(child.pid)
        assert mark is not None
        assert process.is_same_process(child.pid, mark)

    def test_a_process_id_used_again_is_not_taken_for_the_server(self, child):
        mark = process.fingerprint(os.getpid())
        assert mark is not None
        assert not process.stop_process(child.pid, mark)
        assert child.poll() is None

    def test_an_ended_process_is_gone_even_before_it_is_reaped(self, child):
        mark = process.fingerprint(child.pid)
        assert mark is not None
        assert process.stop_process(child.pid, mark)
        assert process.fingerprint(child.pid) is None
        assert child.wait() != 0

    def test_one_that_ignores_the_request_is_killed(self):
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            assert process.stop_process(child.pid, process.fingerprint(child.pid) or "", grace=0.2)
            assert child.wait() == -9

    def test_a_name_with_brackets_and_blanks_is_read_right(self, tmp_path):
        (tmp_path / "7").mkdir()
        fields = " ".join(["S", *map(str, range(4, 40))])
        (tmp_path / "7" / "stat").write_text(f"7 (a) b (c) {fields}\n")
        (tmp_path / "sys/kernel/random").mkdir(parents=True)
        (tmp_path / "sys/kernel/random/boot_id").write_text("boot\n")
        assert process.proc_fingerprint(7, tmp_path) == "boot 22"

    def test_children_write_their_byte_code_to_the_cache(self, monkeypatch):
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        environ = process.child_environment({"A": "b"})
        assert "PYTHONDONTWRITEBYTECODE" not in environ
        assert environ["PYTHONPYCACHEPREFIX"] == str(cache.cache_folder() / "pycache")
        assert environ["A"] == "b"


class TestServer:
    def test_the_pack_is_linked_and_left_out_again(self, tmp_path):
        link = tmp_path / "custom_nodes" / "lectern"
        server.make_base(tmp_path, cache.CHECKOUT)
        assert link.resolve() == cache.CHECKOUT
        server.make_base(tmp_path, None)
        assert not link.exists()

    def test_nothing_is_written_outside_the_base(self, tmp_path):
        command = server.ComfyServer(Path("/c"), base=tmp_path, arguments=["--cache-none"]).command()
        assert command[1] == "/c/main.py"
        assert command[command.index("--base-directory") + 1] == str(tmp_path)
        assert command[command.index("--database-url") + 1] == f"sqlite:///{tmp_path}/user/comfyui.db"
        assert command[-1] == "--cache-none"

    def test_a_server_that_dies_at_its_start_is_reported_with_its_log(self, tmp_path):
        (tmp_path / "main.py").write_text("raise SystemExit('no such device')")
        with pytest.raises(console.ToolError, match="exit code 1") as caught:
            server.ComfyServer(tmp_path, base=tmp_path / "base").start()
        assert caught.value.log is not None
        assert "no such device" in console.tail(caught.value.log)

    def test_a_taken_port_is_said_at_once(self, tmp_path):
        import socket

        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(console.ToolError, match=f"Port {port} is taken"):
                server.ComfyServer(tmp_path, base=tmp_path, port=port).start()

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
    def test_a_broken_record_of_the_served_comfyui_counts_as_none(self, tmp_path, text):
        (tmp_path / "server.json").write_text(text)
        assert serve.read_record(tmp_path / "server.json") is None


class TestCheck:
    def test_pyright_settings_lead_from_the_cache_to_the_checkout(self):
        settings = {"include": ["lectern"], "exclude": ["**/__pycache__"], "typeCheckingMode": "standard"}
        settings["executionEnvironments"] = [{"root": "nodes", "reportX": "none"}]
        moved = check.pyright_project(settings, Path("/work/repo"), Path("/cache/check"), Path("/comfy"))
        assert moved == {
            "include": ["../../work/repo/lectern"],
            "exclude": ["../../work/repo/**/__pycache__"],
            "typeCheckingMode": "standard",
            "executionEnvironments": [{"root": "../../work/repo/nodes", "reportX": "none"}],
            "extraPaths": ["/work/repo", "/comfy"],
        }


class TestDemo:
    def test_results_get_names_that_sort(self):
        png, other = "image/png", "text/csv"
        outputs = [
            demo.Output("u", png, "Lectern_00001_.png"),
            demo.Output("u", png, "Lectern_00002_.png"),
            demo.Output("u", demo.PPTX, "x/Lectern_00001_.pptx"),
            demo.Output("u", "text/plain; charset=utf-8", "outline_1.txt"),
            demo.Output("u", other, "../../notes.csv"),
        ]
        names = ["slide-01.png", "slide-02.png", "deck.pptx", "outline.md", "notes.csv"]
        assert list(demo.local_names(outputs)) == names

    def test_apps_that_lack_something_are_named(self):
        apps = [{"title": "Deck", "missing": []}, {"title": "Film", "missing": [{"name": "wan"}]}]
        assert demo.app_summary(apps).strip() == ("2 apps; these need models or files first, as their pages say: Film")
        assert demo.app_summary(apps[:1] * 2).strip() == "2 apps"

    def test_a_run_without_pictures_is_an_error(self):
        with pytest.raises(console.ToolError, match="no picture"):
            demo.read_outputs({"id": "r", "outputs": []})


class TestTemplates:
    @pytest.mark.parametrize(
        ("stem", "slug", "title", "told"),
        [
            ("deck_from_titles", "deck-from-titles", "Deck from titles", "Turns a list of titles into finished slides"),
            ("sdxl_with_loras", "sdxl-with-loras", "SDXL with LoRAs", "Two LoRAs give one SDXL pipeline a look"),
            ("brand_a_folder", "brand-a-folder", "Brand a folder of pictures", "Choose your pictures in Load Image, "),
        ],
    )
    def test_a_template_explains_itself_by_its_own_words_or_its_note(self, stem, slug, title, told):
        document = templates.document_of(templates.FOLDER / f"{stem}.json")
        assert (document["slug"], document["title"]) == (slug, title)
        assert document["description"].startswith(told) and "*" not in document["description"]
        assert document["picture"].startswith("data:image/jpeg;base64,/9j/") and document["prompt"]

    def test_what_is_published_already_stays(self):
        document = {"title": "A", "prompt": {"1": {}}}
        assert not templates.differs(document, {**document, "options": {"public": True}})
        assert templates.differs(document, {**document, "title": "B"})


def test_an_expected_failure_ends_with_its_sentence(tmp_path, capsys):
    log = tmp_path / "a.log"
    log.write_text("\x1b[32m[INFO]\x1b[0m one\nlast words\n")
    console.report(console.ToolError("Do this.", log))
    assert capsys.readouterr().err.splitlines()[-4:] == ["[INFO] one", "last words", "---", "Do this."]
