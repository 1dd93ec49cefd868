"""Sampling on a WebUI server: our own cost for a picture, four servers against one, waiting, memory.

Against contract servers in processes of their own. For the cost and the memory they replay answers, so that hardly any
of the time is theirs; each side of a comparison gets the same answer in turn.
"""

import asyncio
import io
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from pathlib import Path

import aiohttp
import numpy as np
import torch
from PIL import Image

from benchmarks._report import Target, conclude, table
from benchmarks._webui import FIELDS, hub, order, server, servers
from tools.cache import CHECKOUT
from tools.server import ComfyServer, direct

ROUNDS = 25
BARE, OURS = "bare: POST, base64, Pillow, float", "Lectern"
PICTURES = 16
POOL_SECONDS = 2.5  # of a server for a picture; drawing it here takes 0.3 s more, and the servers share two cores
WAITING = 12.0  # seconds of a long request that are watched
GRAPH = {
    "1": {"class_type": "LecternWebUIServer", "inputs": {"server": "local", "checkpoint": "server's choice"}},
    "2": {
        "class_type": "LecternWebUISample",
        "inputs": {
            "server": ["1", 0], "prompt": "a lighthouse", "negative_prompt": "", "seed": 1, "steps": 20, "cfg": 7.0,
            "sampler": "server's choice", "scheduler": "server's choice", "width": 1024, "height": 1024,
            "batch_size": 1, "n_iter": 1, "denoise": 0.75,
        },
    },
    "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
}  # fmt: skip


async def bare(session: aiohttp.ClientSession, url: str) -> torch.Tensor:
    """The least that any client must do."""
    body = {"send_images": True, "save_images": False, **FIELDS}
    async with session.post(f"{url}/sdapi/v1/txt2img", json=body) as response:
        content = json.loads(await response.read())
    with Image.open(io.BytesIO(b64decode(content["images"][0]))) as image:
        return torch.from_numpy(np.array(image).astype(np.float32) / 255)[None]


async def costs() -> dict[str, list[float]]:
    """Milliseconds for one picture of 1024x1024."""
    times: dict[str, list[float]] = {BARE: [], OURS: []}
    with server("--replay") as url:
        ours = hub([url])
        async with aiohttp.ClientSession() as session:
            for number in range(ROUNDS + 3):
                begun = time.perf_counter()
                expected = await bare(session, url)
                between = time.perf_counter()
                made = await order(ours, "0")
                ended = time.perf_counter()
                assert (made.images - expected).abs().max() < 1e-6
                if number >= 3:
                    times[BARE].append((between - begun) * 1000)
                    times[OURS].append((ended - between) * 1000)
        await ours.close()
    return times


async def throughput() -> dict[str, list[float]]:
    """Seconds for 16 pictures on one server, and on four."""
    times: dict[str, list[float]] = {"one server": [], "four servers": []}
    with servers(4, "--seconds-per-image", str(POOL_SECONDS)) as urls:
        farm = hub(urls)
        for name in map(str, range(4)):
            await order(farm, name, width=64, height=64)  # lists and kinds are known
        for label, name in {"one server": "0", "four servers": "farm"}.items():
            begun = time.perf_counter()
            await order(farm, name, batch_size=PICTURES)
            times[label].append(time.perf_counter() - begun)
        await farm.close()
    return times


def waiting() -> float:
    """Percent of one core that a real ComfyUI takes while the node waits for a server."""
    with server("--seconds-per-image", str(WAITING + 20)) as url, ComfyServer() as comfy:
        private = comfy.base / "user" / "__lectern"
        private.mkdir(parents=True, exist_ok=True)
        (private / "lectern.toml").write_text(f'[servers.local]\nurl = "{url}"\n')
        asked(f"{comfy.url}/prompt", {"prompt": GRAPH})
        time.sleep(4)  # the request is under way
        begun = cpu_seconds(comfy.pid)
        time.sleep(WAITING)
        used = cpu_seconds(comfy.pid) - begun
        assert json.loads(asked(f"{comfy.url}/queue"))["queue_running"], "the request ended while it was watched"
        asked(f"{comfy.url}/interrupt", {})
    return used / WAITING * 100


def asked(url: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    with direct.open(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
        return answer.read()


def cpu_seconds(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak() -> float:
    with server("--replay") as url:
        command = [sys.executable, "-m", "benchmarks._webui_peak", url]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])["peak"]


def main() -> int:
    cost = asyncio.run(costs())
    table(list(cost.items()), "ms for one picture of 1024x1024", baseline=BARE)
    shared = asyncio.run(throughput())
    table(list(shared.items()), f"s for {PICTURES} pictures of 1024x1024", baseline="one server")
    idle, memory = waiting(), peak()
    print(f"{idle:.2f} % of a core while waiting; {memory:.2f} times the decoded pictures in memory")
    ratio = statistics.median(cost[OURS]) / statistics.median(cost[BARE])
    share = shared["four servers"][0] / shared["one server"][0]
    return conclude(
        [
            Target("own cost for a picture", ratio, 1.15, "x of the bare minimum"),
            Target(f"time of four servers ({1 / share:.2f} times as fast)", share, 1 / 3.6, "x of one server's"),
            Target("CPU while waiting", idle, 2.0, "%"),
            Target("memory for 16 pictures", memory, 2.5, "x their decoded size"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
