"""The command line; ends with SIGTERM or Ctrl+C."""

import argparse
import asyncio
import signal
from pathlib import Path

from .executions import ExecutionLog
from .server import ContractComfy


async def serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    log = None if options.log is None else ExecutionLog(options.log)
    comfy = await ContractComfy(options.run_ms / 1000, log, frozenset(options.lacking)).start(options.port)
    await ended.wait()
    await comfy.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m support.contract_comfy", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--run-ms", type=float, default=200, help="that every prompt takes")
    parser.add_argument("--log", type=Path, help="gets a line for every prompt that was executed")
    parser.add_argument("--lacking", action="append", default=[], metavar="CLASS", help="a node class that it has not")
    asyncio.run(serve(parser.parse_args()))
