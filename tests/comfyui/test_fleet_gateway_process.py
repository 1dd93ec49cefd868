"""`python -m lectern gateway`, as operators start and stop it."""

import asyncio
import json
import signal
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest

from tools.process import child_environment
from tools.server import free_port
from unit.apps.fake_comfy import FakeComfy, hold
from unit.fleet.gateway_house import Town, until
from unit.fleet.nats import NatsServer

ROOT = Path(__file__).parents[2]


class Program:
    """The gateway as a process of its own."""

    def __init__(self, folder: Path, *words: str, **variables: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._words = ["-m", "lectern", "gateway", "--port", str(self.port), "--folder", str(folder), *words]
        inherited = {name: value for name, value in child_environment().items() if not name.startswith("LECTERN_")}
        self._environment = {**inherited, "PYTHONPATH": str(ROOT), **variables}

    async def start(self) -> "Program":
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._words,
            cwd=ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def ended(self) -> tuple[int | None, str]:
        """Its exit code, and what it wrote."""
        async with asyncio.timeout(20):
            _, told = await self.process.communicate()
        return self.process.returncode, told.decode()

    async def answers(self) -> None:
        """Returns once it listens."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            while b"Lectern answers" not in (line := await self.process.stderr.readline()):
                assert line, "it ended"


async def test_it_serves_pages_and_stops_when_it_is_told_to(tmp_path):
    comfy = FakeComfy()
    comfy.script = hold
    await comfy.start()
    program = await Program(tmp_path, "--comfyui", comfy.url()).start()
    await program.answers()
    async with aiohttp.ClientSession(program.address) as session:
        for path in ("/lectern/", "/lectern/docs", "/lectern/health", "/lectern/v1/apps", "/"):
            assert (await session.get(path)).status == 200, path
        assert (await session.get("/prompt")).status == 404  # nothing of ComfyUI is reached through it
        fleet = await (await session.get("/lectern/v1/fleet")).json()
        assert fleet["engine"] == "embedded"
    program.process.send_signal(signal.SIGTERM)
    assert (await program.ended())[0] == 0
    await comfy.stop()


async def test_whoever_waits_is_answered_when_it_stops(tmp_path):
    nats = await NatsServer(tmp_path).start()
    town = Town(tmp_path, nats)
    comfy = await town.worker()
    comfy.script = hold
    folder = tmp_path / "gateway"
    program = await Program(folder, "--nats", nats.url).start()
    await program.answers()
    async with aiohttp.ClientSession(program.address) as session:

        async def ready() -> bool:
            return (await session.get("/lectern/ready")).status == 200

        await until(ready)
        graph = (town.folder / "workflows" / "api" / "tiny.json").read_text()
        saved = (town.folder / "workflows" / "tiny.json").read_text()
        body = {"workflow": json.loads(saved), "prompt": json.loads(graph)}
        assert (await session.put("/lectern/v1/apps/tiny", json=body)).status == 201
        wait = {"Prefer": "wait=30"}
        waiting = asyncio.create_task(
            session.post("/lectern/v1/apps/tiny/runs", json={"input": {"width": 64}}, headers=wait)
        )
        await comfy.submitted.get()
        program.process.send_signal(signal.SIGTERM)
        answer = await waiting
        assert answer.status == 202
    code, told = await program.ended()
    assert code == 0, told
    await town.stop()
    await nats.stop()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "Name what executes the runs"),
        (["--comfyui", "ftp://x"], 2, "--comfyui must be an address"),
        (["--nats", "nats://u:secret@h"], 2, "keep user and password out of it"),
        (["--comfyui", "http://127.0.0.1:1", "--port", "70000"], 2, "--port must be"),
    ],
)
async def test_wrong_use_is_one_sentence(tmp_path, words, code, told):
    ended, text = await (await Program(tmp_path, *words).start()).ended()
    assert ended == code and told in text and "Traceback" not in text and "secret" not in text


async def test_a_store_from_the_future_is_not_opened(tmp_path):
    with sqlite3.connect(tmp_path / "lectern.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    code, text = await (await Program(tmp_path, "--comfyui", "http://127.0.0.1:1").start()).ended()
    assert code == 1 and "newer Lectern" in text and "Traceback" not in text


async def test_a_port_that_is_taken_is_told(tmp_path):
    first = await Program(tmp_path / "a", "--comfyui", "http://127.0.0.1:1").start()
    await first.answers()
    second = Program(tmp_path / "b", "--comfyui", "http://127.0.0.1:1", "--port", str(first.port))
    code, text = await (await second.start()).ended()
    assert code == 1 and f"The port {first.port} of 127.0.0.1 cannot be used" in text
    first.process.send_signal(signal.SIGTERM)
    await first.ended()


async def test_it_needs_neither_torch_nor_comfyui():
    """Whoever installs a gateway alone has neither."""
    modules = "lectern.gateway, lectern.apps.fleet.service, lectern.apps.store.stores, lectern.apps.openapi.document"
    program = f"import sys, {modules}; print(sorted({{'torch', 'comfy', 'transformers'}} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, env=child_environment(), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert told.strip() == b"[]"
