"""`python -m lectern worker`, as operators start and stop it."""

import asyncio
import json
import shutil
import signal
import sys
from pathlib import Path

import aiohttp

from lectern import __version__
from lectern.apps.fleet import topology
from lectern.apps.fleet.messages import Kind
from lectern.apps.runs import RunStatus
from tools.process import child_environment
from tools.server import free_port
from unit.apps.fake_comfy import begin
from unit.fleet.nats import NatsServer
from unit.fleet.worker_fixtures import hasty, worker_nats
from unit.fleet.worker_house import Crew, opened

__all__ = ["hasty", "worker_nats"]

ROOT = Path(__file__).parents[2]


class Program:
    """The worker as a process of its own."""

    def __init__(self, *words, **variables):
        self.port = free_port()
        self._words = ["-m", "lectern", "worker", "--port", str(self.port), *words]
        inherited = {name: value for name, value in child_environment().items() if not name.startswith("LECTERN_")}
        self._environment = {**inherited, "PYTHONPATH": str(ROOT), **variables}

    async def start(self):
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

    async def ended(self):
        """Its exit code, and what it wrote."""
        async with asyncio.timeout(20):
            _, told = await self.process.communicate()
        return self.process.returncode, told.decode()

    async def get(self, path):
        async with aiohttp.ClientSession() as session:
            try:
                async with session.get(f"http://127.0.0.1:{self.port}/{path}") as answer:
                    return answer.status, await answer.text()
            except aiohttp.ClientError:
                return 0, ""

    async def until(self, path, wanted):
        async with asyncio.timeout(20):
            while True:
                answer = await self.get(path)
                if wanted(*answer):
                    return answer
                await asyncio.sleep(0.02)


async def test_sigterm_lets_the_run_end(tmp_path, worker_nats):
    async with opened(worker_nats) as office:
        crew = Crew(tmp_path, worker_nats, office)
        comfy = await crew.comfy()
        comfy.script = begin
        program = await Program(
            "--comfyui", comfy.url(), "--name", "process", "--folder", str(tmp_path), LECTERN_NATS_URL=worker_nats.url
        ).start()
        await program.until("ready", lambda code, _: code == 200)
        assert (await office.advert("process")).version == __version__
        run = await office.submit()
        prompt = await comfy.submitted.get()
        assert "lectern_worker_busy 1.0" in (await program.get("metrics"))[1]
        program.process.send_signal(signal.SIGTERM)
        _, told = await program.until("ready", lambda code, _: code == 503)
        assert json.loads(told)["reasons"] == ["It drains."]
        await comfy.end(prompt)
        code, told = await program.ended()
        assert code == 0 and "Traceback" not in told, told
        assert (await office.ended(run)).result.status is RunStatus.SUCCEEDED
        assert await office.advert("process") is None
        await crew.stop()


async def test_a_second_sigterm_gives_the_run_back(tmp_path, worker_nats):
    async with opened(worker_nats) as office:
        crew = Crew(tmp_path, worker_nats, office)
        comfy = await crew.comfy()
        comfy.script = begin
        program = await Program("--comfyui", comfy.url(), "--nats", worker_nats.url, "--folder", str(tmp_path)).start()
        run = await office.submit()
        await asyncio.wait_for(comfy.submitted.get(), 20)
        program.process.send_signal(signal.SIGTERM)
        await program.until("ready", lambda code, _: code == 503)
        program.process.send_signal(signal.SIGTERM)
        assert (await program.ended())[0] == 0
        assert await office.report(run, Kind.WAITING)
        assert (await office.state(run)).worker == "" and not comfy.running
        await crew.stop()


async def test_wrong_credentials_are_told_once_and_tried_again(tmp_path):
    server = NatsServer(tmp_path, "--user", "lectern", "--pass", "right")
    await server.start()
    variables = {"LECTERN_NATS_URL": server.url, "LECTERN_NATS_USER": "lectern", "LECTERN_NATS_PASSWORD": "hunter2"}
    program = await Program("--comfyui", "http://127.0.0.1:9", "--folder", str(tmp_path), **variables).start()
    _, told = await program.until("ready", lambda code, told: "credentials" in told)
    assert "hunter2" not in told
    await asyncio.sleep(0.6)  # in which it tries again
    program.process.send_signal(signal.SIGTERM)
    code, said = await program.ended()
    assert code == 0 and said.count("credentials") == 1 and "hunter2" not in said
    await server.stop()


async def test_nats_is_killed_while_a_run_executes(tmp_path):
    server = NatsServer(tmp_path)
    await server.start()
    async with opened(server) as office:
        crew = Crew(tmp_path, server, office)
        comfy = await crew.comfy()
        comfy.script = begin
        crew.worker(comfy)
        run = await office.submit()
        prompt = await comfy.submitted.get()
        await office.report(run, Kind.STARTED)
        await server.kill()
        await comfy.end(prompt)
        await server.start()
        ended = await office.ended(run)
        assert (ended.result.status, ended.attempt) == (RunStatus.SUCCEEDED, 1)
        assert await office.outputs.read(ended.result.outputs[0].subfolder)
        await crew.stop()
    await server.stop()


async def test_messages_that_a_killed_nats_lost_count_of_go_away(tmp_path, hasty):
    """nats-server 2.9.10 has messages after a kill that were acknowledged before, and gives them to nobody."""
    server = NatsServer(tmp_path)
    await server.start()
    async with opened(server) as office:
        crew = Crew(tmp_path, server, office)
        comfy = await crew.comfy()
        runs = [await office.submit() for _ in range(5)]
        kept = server.store / "jetstream/$G/streams" / topology.RUNS_STREAM / "msgs"
        shutil.copytree(kept, tmp_path / "before")
        worker = crew.worker(comfy)
        await asyncio.gather(*map(office.ended, runs))
        await worker._reporter.settled(5)
        await server.stop()
        shutil.rmtree(kept)
        shutil.copytree(tmp_path / "before", kept)
        await server.start()
        await office.connected()
        assert (await office.link.js.stream_info(topology.RUNS_STREAM)).state.messages == 5
        async with asyncio.timeout(20):
            while (await office.link.js.stream_info(topology.RUNS_STREAM)).state.messages:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert comfy.submitted.qsize() == 5
        await crew.stop()
    await server.stop()
