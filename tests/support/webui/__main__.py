"""`python -m support.webui --dialect forge --seconds-per-image 1` from tests/: prints the URL, serves until killed."""

import argparse
import asyncio
import sys
from contextlib import suppress

from support.webui.dialects import DIALECTS
from support.webui.server import ContractServer


async def serve(options: argparse.Namespace) -> None:
    settings = vars(options)
    if settings["auth"]:
        settings["auth"] = tuple(settings["auth"].split(":", 1))
    async with ContractServer(**settings) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="support.webui")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="forge")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds-per-image", type=float, default=0.0)
    parser.add_argument("--grain", type=float, default=0.0, help="noise, 0 to 1: files as large as real ones")
    parser.add_argument("--replay", action="store_true", help="the same request gets the same answer at once")
    parser.add_argument("--webui", action="store_true", help="adds the web UI's own task routes")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
