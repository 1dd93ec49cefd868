"""A real nats-server with JetStream, on a port and a folder of its own."""

import asyncio
import atexit
import subprocess
from pathlib import Path

from tools.server import free_port

PROGRAM = "/usr/sbin/nats-server"
STARTED_SECONDS = 10.0


class NatsServer:
    """Keeps its port and its disk from one start to the next."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        """`options`: further ones of nats-server, such as `--user` and `--pass`."""
        self.port = port or free_port()
        self.store = folder / "store"
        self._log = folder / "nats.log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> "NatsServer":
        self.launch()
        async with asyncio.timeout(STARTED_SECONDS):
            while not await self._answers():  # noqa: ASYNC110 - nobody says when it does
                await asyncio.sleep(0.01)
        return self

    def launch(self) -> None:
        """Without waiting until it answers."""
        assert self._process is None, "it runs already"
        self.store.mkdir(parents=True, exist_ok=True)
        words = [PROGRAM, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.store), *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        atexit.register(self._process.kill)  # also after a test that failed before it stopped it

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._ended()

    async def kill(self) -> None:
        """As a crash."""
        if self._process is not None:
            self._process.kill()
            await self._ended()

    async def restart(self, kill: bool = False) -> None:
        await (self.kill() if kill else self.stop())
        await self.start()

    async def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(process.wait, 10)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"INFO")
        finally:
            writer.close()
