"""Contract servers as processes of their own, and orders to them, for benchmarks/sdwebui.py."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from lectern.sdwebui.draft import Draft
from lectern.sdwebui.hub import Hub
from lectern.sdwebui.pictures import Bounds
from lectern.sdwebui.progress import Watch
from lectern.sdwebui.sampling import Sampled, sample
from lectern.servers import Server
from lectern.settings import Settings
from tools.cache import CHECKOUT

BOUNDS = Bounds(16384, 2 * 16384 * 16384)
FIELDS: Mapping[str, Any] = {
    "prompt": "a lighthouse at dusk", "negative_prompt": "", "seed": 1, "steps": 20, "cfg_scale": 7.0,
    "width": 1024, "height": 1024, "batch_size": 1, "n_iter": 1,
}  # fmt: skip


@contextmanager
def server(*arguments: str) -> Iterator[str]:
    """The address of a contract server with pictures as large as real ones."""
    command = [sys.executable, "-m", "support.webui", "--grain", "0.1", *arguments]
    path = os.pathsep.join([str(CHECKOUT / "tests"), str(CHECKOUT)])
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@contextmanager
def servers(count: int, *arguments: str) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(server(*arguments)) for _ in range(count)]


def hub(urls: Sequence[str]) -> Hub:
    """Entries `0`, `1`, ... and the pool `farm` of them all."""
    entries = {str(place): Server(url=url) for place, url in enumerate(urls)}
    settings = Settings(servers={**entries, "farm": Server(pool=list(entries))})
    return Hub(lambda: settings)


async def order(of: Hub, name: str, **fields: Any) -> Sampled:
    return await sample(of, name, Draft().with_fields({**FIELDS, **fields}), BOUNDS, Watch())
