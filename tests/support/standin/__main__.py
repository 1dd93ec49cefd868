"""`python -m support.standin [port]`: the pages to look at, without ComfyUI."""

import asyncio
import sys

from .server import StandIn


async def main() -> None:
    stand_in = StandIn()
    stand_in._port = int(sys.argv[1]) if len(sys.argv) > 1 else 8201
    stand_in.pace = 0.2
    await stand_in.start()
    await asyncio.Event().wait()


asyncio.run(main())
