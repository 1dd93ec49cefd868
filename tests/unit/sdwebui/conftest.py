"""Orders against the contract server, as the nodes give them: the whole library, without ComfyUI."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from lectern.sdwebui.draft import Draft
from lectern.sdwebui.hub import Hub
from lectern.sdwebui.pictures import Bounds
from lectern.sdwebui.progress import Watch
from lectern.sdwebui.sampling import Sampled, sample
from lectern.servers import Server
from lectern.settings import Settings
from support.webui import ContractServer

BOUNDS = Bounds(4096, 1 << 26)
SMALL = {
    "prompt": "a lighthouse",
    "negative_prompt": "fog",
    "seed": 7,
    "steps": 4,
    "cfg_scale": 7.0,
    "width": 64,
    "height": 64,
}


class Farm:
    """Contract servers by the names that lectern.toml gives them, and the hub that knows them."""

    def __init__(self) -> None:
        self.servers: dict[str, ContractServer] = {}
        self.entries: dict[str, Server] = {}
        self.hub = Hub(lambda: Settings(servers=self.entries))
        self.watch = Watch()

    async def add(
        self, name: str = "local", dialect: str = "forge", entry: Mapping[str, Any] | None = None, **settings
    ):
        server = ContractServer(dialect, **settings)
        await server.start()
        self.servers[name] = server
        quick = {"connect_seconds": 2, "first_byte_seconds": 10, "total_seconds": 10}
        self.entries[name] = Server(**{"url": server.url, **quick, **(entry or {})})
        return server

    def pool(self, name: str = "farm") -> None:
        self.entries[name] = Server(pool=list(self.servers))

    async def sample(self, server: str = "local", draft: Draft | None = None, **fields: Any) -> Sampled:
        self.watch = Watch()
        draft = (draft or Draft()).with_fields({**SMALL, **fields})
        return await sample(self.hub, server, draft, BOUNDS, self.watch)

    def sent(self, server: str = "local", route: str = "txt2img") -> list[Any]:
        """Bodies of the requests that arrived."""
        return [one.body for one in self.servers[server].requests if one.route == route]

    async def close(self) -> None:
        await self.hub.close()
        for server in self.servers.values():
            assert not server.unknown_keys
            await server.stop()


@pytest.fixture
async def farm():
    farm = Farm()
    yield farm
    await farm.close()


def picture(height: int = 64, width: int = 64, count: int = 1, seed: int = 1) -> torch.Tensor:
    return torch.rand((count, height, width, 3), generator=torch.Generator().manual_seed(seed))
