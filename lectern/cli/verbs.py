"""The parser: the options that all verbs share, and the server that they name."""

import argparse
import os
from collections.abc import Callable

from .client import Client, read_key

DEFAULT_URL = "http://127.0.0.1:8188"

Handler = Callable[[argparse.Namespace], int]

EPILOG = """\
exit codes: 0 succeeded, 1 refused, failed or canceled, 2 wrong use, 3 no server there.
The key comes from $LECTERN_KEY, another variable (--key-env) or a file (--key-file), never from the command line, which
other people on the machine can read."""


class Verbs:
    """Takes the verbs; each with its handler, which returns the exit code."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser(
            prog="python -m lectern",
            description="Publish workflows as apps and run them, on any ComfyUI with Lectern.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._verbs = self.parser.add_subparsers(metavar="VERB", required=True, dest="verb")
        self._server = argparse.ArgumentParser(add_help=False)
        server(self._server)

    def add(self, name: str, handler: Handler, about: str, online: bool = True) -> argparse.ArgumentParser:
        """`online`: it may ask a server, see `client_of`."""
        parents = [self._server] if online else []
        verb = self._verbs.add_parser(name, help=about, description=about, parents=parents)
        verb.set_defaults(handler=handler)
        return verb

    @staticmethod
    def json(verb: argparse.ArgumentParser) -> None:
        verb.add_argument("--json", action="store_true", help="the server's answer, for programs")


def server(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("server")
    group.add_argument("--url", help=f"of ComfyUI; default: $LECTERN_URL, else {DEFAULT_URL}")
    key = group.add_mutually_exclusive_group()
    key.add_argument("--key-env", metavar="NAME", help="the variable that holds the key; default: LECTERN_KEY")
    key.add_argument("--key-file", metavar="FILE", help="the file whose first line is the key")


def client_of(asked: argparse.Namespace) -> Client:
    """Raises WrongUse."""
    key = read_key(asked.key_env, asked.key_file, os.environ)
    return Client(asked.url or os.environ.get("LECTERN_URL") or DEFAULT_URL, key)
