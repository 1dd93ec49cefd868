"""Downloads from a double of the hub: what arrives, what is asked for, and what goes wrong on the way."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from yarl import URL

from lectern.modelhub import ModelHub
from lectern.pipelines import errors, packages
from lectern.pipelines.hub import downloading
from lectern.pipelines.hub.connection import Connection
from lectern.pipelines.hub.downloading import Downloads
from lectern.pipelines.hub.fetching import Progress
from lectern.pipelines.hub.names import hub_name
from lectern.pipelines.hub.stamps import Stamps
from support.hub import Fault, HubDouble

ID = "owner/name"
UNET = "unet/diffusion_pytorch_model"
WEIGHTS = f"{UNET}.safetensors"
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
}
NEEDED = {
    "model_index.json": json.dumps(INDEX).encode(),
    "unet/config.json": b"{}",
    WEIGHTS: os.urandom(3_000_000),
    "vae/config.json": b'{"a": 1}',
    "vae/diffusion_pytorch_model.safetensors": os.urandom(100_000),
    "tokenizer/vocab.json": b"{}",
    "tokenizer/merges.txt": b"",
}
OTHER = {
    "README.md": b"#", f"{UNET}.bin": b"bin", "unet/code.py": b"1", "v1.ckpt": b"c", f"{UNET}.onnx": b"o",
    "safety_checker/model.safetensors": b"s", f"{UNET}.fp16.safetensors": b"half", "flax/x.msgpack": b"f",
}  # fmt: skip
FILES = NEEDED | OTHER
SHARDED = {name: content for name, content in NEEDED.items() if name != WEIGHTS} | {
    f"{UNET}.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "diffusion_pytorch_model-1.safetensors", "b": "diffusion_pytorch_model-2.safetensors"}}
    ).encode(),
    f"{UNET}-1.safetensors": b"one",
    f"{UNET}-2.safetensors": b"two",
}


class Site(NamedTuple):
    """A machine with a models folder, and how it asks."""

    root: Path
    double: HubDouble
    pauses: list[float]
    settings: dict[str, Any]

    @property
    def hub(self) -> ModelHub:
        return ModelHub(
            **{"downloads": True, "url": self.double.url, "hosts": ["localhost"], "stall_seconds": 5} | self.settings
        )

    async def bring(self, variant: str = "", revision: str = "", progress: Progress | None = None) -> Path:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)

        downloads = Downloads(lambda: self.hub, pause)
        return await downloads.bring(hub_name(ID, revision), variant, [self.root], progress or Progress())

    @property
    def folder(self) -> Path:
        return self.root / ID

    def found(self, folder: Path | None = None) -> dict[str, bytes]:
        """All visible files."""
        folder = folder or self.folder
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }


@pytest.fixture
async def site(tmp_path: Path):
    async with HubDouble({ID: {"main": FILES}}) as double:
        yield Site(tmp_path / "diffusers", double, [], {})


class Reached(Progress):
    """Says when so many bytes have arrived."""

    def __init__(self, wanted: int) -> None:
        self.reached, self._wanted = asyncio.Event(), wanted
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "done" and value >= self._wanted:
            self.reached.set()


def serve(site: Site, files: Mapping[str, bytes], *faults: Fault) -> None:
    site.double.repositories = {ID: {"main": files}}
    site.double.faults = list(faults)


class TestWhatArrives:
    async def test_exactly_what_the_pipeline_needs_under_its_own_names(self, site):
        progress = Progress()
        assert await site.bring(progress=progress) == site.folder
        assert site.found() == NEEDED
        assert progress.fraction == 1.0 and progress.done > 3_000_000

    async def test_shards(self, site):
        serve(site, SHARDED)
        await site.bring()
        assert site.found() == SHARDED

    async def test_a_variant_beside_the_plain_files(self, site):
        await site.bring()
        site.double.requests.clear()
        await site.bring("fp16")
        assert site.found() == NEEDED | {f"{UNET}.fp16.safetensors": b"half"}
        assert [path for path in site.double.paths("store") if "of=" in path] == [site.double.paths("store")[0]]

    async def test_a_list_of_many_pages(self, site):
        site.double.page = 2
        await site.bring()
        assert site.found() == NEEDED
        assert len([path for path in site.double.paths() if "cursor=" in path]) > 5

    async def test_the_index_comes_last(self, site):
        serve(site, FILES, Fault("wrong", "vae/diffusion"))
        with pytest.raises(errors.HubAnswerError):
            await site.bring()
        assert WEIGHTS in site.found() and "model_index.json" not in site.found()

    async def test_a_revision_has_a_folder_of_its_own(self, site):
        other = NEEDED | {"unet/config.json": b'{"other": 1}'}
        site.double.repositories = {ID: {"main": FILES, "refs/pr/1": other}}
        await site.bring()
        folder = await site.bring(revision="refs/pr/1")
        assert site.found() == NEEDED and site.found(folder) == other

    async def test_the_hidden_cache_stays_empty(self, site, monkeypatch, tmp_path):
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        await site.bring()
        assert not (tmp_path / "home").exists()
        assert {path.name for path in site.folder.iterdir() if path.name.startswith(".")} == {".lectern.json"}


class TestAgain:
    async def test_nobody_is_asked(self, site):
        await site.bring()
        await site.double.stop()
        await site.bring()

    async def test_nobody_is_asked_for_a_folder_that_was_put_there(self, site):
        for path, content in NEEDED.items():
            (site.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (site.folder / path).write_bytes(content)
        site.settings["downloads"] = False
        await site.bring("fp16")
        assert site.double.requests == [] and site.found() == NEEDED

    async def test_a_file_that_is_gone_is_fetched_alone(self, site):
        await site.bring()
        (site.folder / WEIGHTS).unlink()
        site.double.requests.clear()
        await site.bring()
        assert site.found() == NEEDED and len(site.double.paths("store")) == 1

    async def test_what_somebody_changed_stays_changed(self, site):
        await site.bring()
        changed = {"unet/config.json": b'{"changed": 1}', "model_index.json": b'{"changed": 2}'}
        for path, content in changed.items():
            (site.folder / path).write_bytes(content)
        (site.folder / WEIGHTS).unlink()
        await site.bring()
        assert site.found() == NEEDED | changed

    async def test_the_commit_stays_although_the_branch_moves(self, site):
        serve(site, FILES, Fault("wrong", WEIGHTS))
        with pytest.raises(errors.HubAnswerError):
            await site.bring()
        site.double.requests.clear()
        await site.bring()
        assert [path for path in site.double.paths("hub") if "/revision/" in path] == []

    async def test_a_download_of_this_process_is_no_change(self, site):
        stamps = Stamps()
        before = stamps.of(site.folder)
        await site.bring()
        stamps.downloaded(site.folder, before)
        assert stamps.of(site.folder) == before
        (site.folder / "unet/config.json").write_text("{ }")
        assert stamps.of(site.folder) != before

    async def test_two_at_once_fetch_once(self, site):
        downloads = Downloads(lambda: site.hub)
        both = [downloads.bring(hub_name(ID), "", [site.root], Progress()) for _ in range(2)]
        assert await asyncio.gather(*both) == [site.folder] * 2
        assert len(site.double.paths("store")) == 2 and site.found() == NEEDED

    async def test_another_process_keeps_this_one_out(self, site):
        from filelock import FileLock

        site.root.mkdir()
        with (
            FileLock(site.root / ".lectern.owner.name.lock"),
            pytest.raises(errors.FolderError, match="Another program is downloading into"),
        ):
            await site.bring()


class TestResuming:
    @pytest.mark.parametrize("kind", ["cut", "hang"])
    async def test_a_broken_connection_goes_on_where_it_ended(self, site, kind):
        serve(site, FILES, Fault(kind, WEIGHTS))
        site.settings["stall_seconds"] = 0.2
        await site.bring()
        assert site.found() == NEEDED and len(site.pauses) == 1
        ranges = [one.headers.get("range", "") for one in site.double.requests if "of=unet" in one.path]
        assert ranges == ["", f"bytes={len(NEEDED[WEIGHTS]) // 2}-"]

    @pytest.mark.parametrize("kind", ["whole", "shifted"])
    async def test_an_answer_that_begins_elsewhere_starts_the_file_anew(self, site, kind):
        serve(site, FILES, Fault("cut", WEIGHTS), Fault(kind, WEIGHTS))
        site.double.faults.insert(1, Fault("none", WEIGHTS, times=0))
        await site.bring()
        assert site.found() == NEEDED

    async def test_cancel_leaves_the_part_and_the_next_run_goes_on_with_it(self, site):
        serve(site, FILES, Fault("hang", WEIGHTS))
        progress = Reached(1_500_000)
        task = asyncio.create_task(site.bring(progress=progress))
        await progress.reached.wait()
        part = site.folder / f"{WEIGHTS}.part"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        arrived = part.stat().st_size
        assert "model_index.json" not in site.found() and arrived == len(NEEDED[WEIGHTS]) // 2
        site.double.requests.clear()
        await site.bring()
        ranges = [
            one.headers["range"] for one in site.double.requests if one.place == "store" and "range" in one.headers
        ]
        assert ranges == [f"bytes={arrived}-"] and site.found() == NEEDED

    @pytest.mark.parametrize("wanted", [1, 4 << 20, 5_000_000])
    async def test_whenever_cancel_comes_the_part_is_a_beginning_of_the_file(self, site, wanted):
        content = os.urandom(10_000_000)
        serve(site, FILES | {WEIGHTS: content}, Fault("hang", WEIGHTS))
        progress = Reached(wanted)
        task = asyncio.create_task(site.bring(progress=progress))
        await progress.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        part = site.folder / f"{WEIGHTS}.part"
        assert content.startswith(part.read_bytes() if part.exists() else b"")

    async def test_a_crash_after_the_last_byte_costs_nothing(self, site):
        """Renamed, but not yet in the record; and a part that is whole."""
        serve(site, FILES, Fault("wrong", "vae/diffusion"))
        with pytest.raises(errors.HubAnswerError):
            await site.bring()
        record = json.loads((site.folder / ".lectern.json").read_text())
        record["files"] = []
        (site.folder / ".lectern.json").write_text(json.dumps(record))
        vae = "vae/diffusion_pytorch_model.safetensors"
        (site.folder / f"{vae}.part").write_bytes(NEEDED[vae])
        site.double.requests.clear()
        await site.bring()
        assert site.double.paths("store") == [] and site.found() == NEEDED

    @pytest.mark.parametrize("left", [b"x" * 1000, b"x" * 4_000_000])
    async def test_a_part_of_other_content_is_started_over(self, site, left):
        serve(site, FILES, Fault("wrong", WEIGHTS))
        with pytest.raises(errors.HubAnswerError):
            await site.bring()
        (site.folder / f"{WEIGHTS}.part").write_bytes(left)
        await site.bring()
        assert site.found() == NEEDED


class TestPatience:
    @pytest.mark.parametrize(
        ("fault", "pauses"),
        [
            (Fault(429, "api/models", "hub", 2, "7"), [7.0, 7.0]),
            (Fault(429, "api/models", "hub", 1, "99999"), [300.0]),
            (Fault(503, "api/models", "hub", 3), [1.0, 2.0, 4.0]),
            (Fault(500, "resolve", "hub", 1), [1.0]),
            (Fault(429, WEIGHTS, "store", 1, "3"), [3.0]),
            (Fault(403, WEIGHTS, "store", 2), [1.0, 2.0]),  # an address that was signed for too short a time
        ],
    )
    async def test_a_busy_hub_is_asked_again_when_it_says_so(self, site, fault, pauses):
        serve(site, FILES, fault)
        await site.bring()
        assert site.pauses == pauses and site.found() == NEEDED

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (Fault(503, "api/models", "hub", 9), "answered HTTP 503, 3 times in a row"),
            (Fault("cut", "vae/diffusion", "store", 9), "3 times in a row"),
        ],
    )
    async def test_it_ends_after_as_many_attempts_as_the_settings_say(self, site, fault, said):
        serve(site, FILES, fault)
        site.settings["attempts"] = 3
        with pytest.raises(errors.HubLostError, match=said):
            await site.bring()
        assert len(site.pauses) == 2

    async def test_nobody_listens(self, site):
        site.settings.update(url=site.double.url, attempts=2)
        await site.double.stop()
        with pytest.raises(errors.HubLostError, match="cannot be reached"):
            await site.bring()


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "cause", "said"),
        [
            ({"downloads": False}, errors.HubClosedError, "Set downloads = true in [hub] of lectern.toml"),
            ({"owners": ["stabilityai"]}, errors.HubClosedError, "the owners stabilityai alone, not of owner"),
            ({"largest_gb": 0.001}, errors.SpaceError, "more than the 0.001 GB that largest_gb in [hub]"),
            ({"hosts": []}, errors.HubAnswerError, "redirects to http://localhost, where nothing may be fetched"),
        ],
    )
    async def test_by_the_settings(self, site, settings, cause, said):
        site.settings.update(settings)
        with pytest.raises(cause) as caught:
            await site.bring()
        assert said in str(caught.value) and "model_index.json" not in site.found()

    @pytest.mark.parametrize("settings", [{"downloads": False}, {"owners": ["stabilityai"]}])
    async def test_nobody_is_asked_for_what_is_not_allowed(self, site, settings):
        site.settings.update(settings)
        with pytest.raises(errors.HubClosedError):
            await site.bring()
        assert site.double.requests == [] and not site.root.exists()

    async def test_owners_are_compared_without_case(self, site):
        site.settings["owners"] = ["Owner"]
        await site.bring()

    @pytest.mark.parametrize(
        ("files", "cause", "said"),
        [
            ({"v1.safetensors": b"x"}, errors.HubMissingError, "has no model_index.json, so it is no diffusers"),
            (
                {path.replace("model.safetensors", "model.bin"): content for path, content in NEEDED.items()},
                errors.FolderError,
                "the weights of unet only as diffusion_pytorch_model.bin; only safetensors files are loaded",
            ),
            (
                NEEDED | {"model_index.json": json.dumps(INDEX | {"unet": ["own", "Own"]}).encode()},
                errors.FolderError,
                "its component unet is of 'own'",
            ),
            (NEEDED | {"model_index.json": b" " * (1 << 21)}, errors.HubAnswerError, "more than 1048576 bytes"),
            (NEEDED | {"model_index.json": b"{"}, errors.FolderError, "model_index.json cannot be read"),
        ],
    )  # fmt: skip
    async def test_a_repository_that_cannot_be_loaded_leaves_nothing_behind(self, site, files, cause, said):
        serve(site, files)
        with pytest.raises(cause) as caught:
            await site.bring()
        assert said in str(caught.value) and "\n" not in str(caught.value)
        assert not site.folder.exists() and site.double.paths("store") == []

    @pytest.mark.parametrize(
        ("gated", "token", "cause", "said"),
        [
            (True, "", errors.HubAccessError, "is given to those who accepted its licence. Do that at http"),
            (False, "", errors.HubAccessError, "wants a valid access token for owner/name"),
            (True, "wrong", errors.HubAccessError, "accepted its licence"),
        ],
    )
    async def test_without_access(self, site, monkeypatch, gated, token, cause, said):
        site.double.token, site.double.gated = "right", gated
        if token:
            monkeypatch.setenv("OWN_TOKEN", token)
            site.settings["token_env"] = "OWN_TOKEN"
        with pytest.raises(cause, match=said) as caught:
            await site.bring()
        assert "wrong" not in str(caught.value)

    @pytest.mark.parametrize(
        ("repositories", "revision", "said"),
        [
            ({}, "", "has no owner/name, or does not show it to you"),
            ({ID: {"main": FILES}}, "v9", "owner/name has no revision 'v9'"),
        ],
    )
    async def test_what_is_not_there(self, site, repositories, revision, said):
        site.double.repositories = repositories
        with pytest.raises(errors.HubMissingError, match=said):
            await site.bring(revision=revision)

    @pytest.mark.parametrize("path", ["../../evil.json", "/etc/evil", "unet\\..\\evil", "unet/../../evil"])
    async def test_a_path_that_leads_out(self, site, path):
        site.double.extra = [{"type": "file", "path": path, "size": 1, "oid": "0" * 40}]
        with pytest.raises(errors.HubAnswerError, match="it names the file"):
            await site.bring()
        assert not site.folder.exists()

    async def test_a_link_that_leads_out(self, site, tmp_path):
        serve(site, FILES, Fault("wrong", WEIGHTS))
        with pytest.raises(errors.HubAnswerError):
            await site.bring()
        (tmp_path / "outside").mkdir()
        shutil.rmtree(site.folder / "vae", ignore_errors=True)
        (site.folder / "vae").symlink_to(tmp_path / "outside", target_is_directory=True)
        with pytest.raises(errors.FolderError, match="leads out of"):
            await site.bring()
        assert list((tmp_path / "outside").iterdir()) == []

    async def test_too_many_files(self, site):
        site.double.extra = [{"type": "file", "path": f"x{n}", "size": 1, "oid": "0" * 40} for n in range(10_001)]
        with pytest.raises(errors.HubAnswerError, match="more than 10000 files"):
            await site.bring()

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (Fault("wrong", WEIGHTS), "arrived with other content than the hub's list says, and was deleted"),
            (Fault("longer", WEIGHTS), "is longer than the hub's list says"),
            (Fault("squeezed", WEIGHTS), "sent a compressed file"),
            (Fault("wrong", "model_index.json", "hub"), "model_index.json arrived with other content"),
            (
                Fault("to", "resolve", "hub", 1, "http://192.168.1.1/x"),
                "redirects to http://192.168.1.1, where nothing",
            ),
            (Fault("to", "resolve", "hub", 1, "file:///etc/passwd"), "redirects to"),
            (Fault("to", "resolve", "hub", 1, "http://[bad"), "redirects to what is no address"),
            (Fault("to", "", "hub", 99, "/again"), "redirects without an end"),
        ],
    )
    async def test_what_a_hub_may_not_send(self, site, fault, said):
        serve(site, FILES, fault)
        with pytest.raises(errors.HubAnswerError) as caught:
            await site.bring()
        assert said in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["http://hub.example/x", "http://cdn.hf.co/x", "https://evil.example/x", "ftp://hub.example"]
    )
    async def test_a_hub_behind_https_cannot_lead_out_of_it(self, url):
        async with Connection(ModelHub(url="https://hub.example"), hub_name(ID)) as connection:
            with pytest.raises(errors.HubAnswerError, match="where nothing may be fetched from"):
                async with connection.get(URL(url)):
                    pass

    async def test_a_missing_package_is_named(self, site, monkeypatch):
        monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "diffusers" else object())
        with pytest.raises(errors.PackageError, match="need the Python package diffusers"):
            await site.bring()
        assert site.double.requests == []

    async def test_a_folder_of_somebody_else_is_left_alone(self, site):
        (site.folder / "unet").mkdir(parents=True)
        with pytest.raises(errors.FolderError, match="holds files that Lectern did not download"):
            await site.bring()

    async def test_a_full_disk_is_known_before(self, site, monkeypatch):
        usage = shutil.disk_usage(site.root.parent)
        monkeypatch.setattr(downloading.shutil, "disk_usage", lambda folder: usage._replace(free=1_000_000))
        with pytest.raises(errors.SpaceError, match=r"needs 0\.0 GB more on the disk of .*, of which 0\.0 GB are free"):
            await site.bring()
        assert site.double.paths("store") == []

    async def test_a_disk_that_fills_up_on_the_way(self, site, monkeypatch):
        def full(part, piece):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("lectern.pipelines.hub.parts.Part.write", full)
        with pytest.raises(errors.SpaceError, match=r"is full\. Make room; what has arrived is kept"):
            await site.bring()

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', '{"id": "a/b", "revision": "main", "commit": "c"}'])
    async def test_a_record_that_is_damaged(self, site, text):
        await site.bring()
        (site.folder / ".lectern.json").write_text(text)
        with pytest.raises(errors.FolderError, match=r"cannot be read|was downloaded as"):
            await site.bring()


class TestTheToken:
    async def test_goes_to_the_hub_and_to_nobody_else(self, site, monkeypatch):
        monkeypatch.setenv("OWN_TOKEN", "hf_secret")
        site.settings["token_env"] = "OWN_TOKEN"
        site.double.token = "hf_secret"
        await site.bring()
        sent = {(one.place, one.headers.get("authorization", "")) for one in site.double.requests}
        assert sent == {("hub", "Bearer hf_secret"), ("store", "")}
        assert "hf_secret" not in (site.folder / ".lectern.json").read_text()

    async def test_of_a_machines_own_hub_login_is_never_sent(self, site, monkeypatch):
        monkeypatch.setenv("HF_TOKEN", "hf_other")
        await site.bring()
        assert not [one for one in site.double.requests if "authorization" in one.headers]
