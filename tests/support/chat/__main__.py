"""`python -m support.chat --kind ollama --seconds-per-token 0.02` from tests/: prints the URL, serves until killed."""

import argparse
import asyncio
import sys
from contextlib import suppress

from support.chat.server import ChatServer

KINDS = ("openai", "ollama", "lmstudio", "lmstudio-0.3", "llamacpp", "vllm", "transformers", "koboldcpp")


async def serve(options: argparse.Namespace) -> None:
    settings = vars(options)
    words = settings.pop("words")
    if words:
        settings["answer"] = lambda body: " ".join(f"word{number}" for number in range(words))
    async with ChatServer(**settings) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="support.chat")
    parser.add_argument("--kind", choices=KINDS, default="openai")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", nargs="*", default=("tiny",))
    parser.add_argument("--seconds-per-token", type=float, default=0.0)
    parser.add_argument("--seconds-to-first", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=0, help="requests answered at once; further ones are answered 429")
    parser.add_argument("--thoughts", default="", help="what the model thinks before it answers")
    parser.add_argument("--schema", choices=("honoured", "ignored", "broken", "refused", "unnamed"), default="honoured")
    parser.add_argument("--key", default="")
    parser.add_argument("--words", type=int, default=0, help="every answer has so many, whatever is asked")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
