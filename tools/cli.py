"""The verbs behind the make targets, and the one place where an expected failure ends."""

import sys
from collections.abc import Callable, Sequence

from tools import check, demo, environment, serve, testing
from tools.cache import cache_folder
from tools.console import ToolError, report, say

HELP = """\
make demo    the whole thing once: set-up, ComfyUI, the bundled app, a finished deck in demo/
make test    everything: set-up, checks, then all tests        (make test ARGS="-k deck")
make unit    the tests that need no ComfyUI                    (make unit ARGS="-x")
make check   ruff, pyright and the import rules
make bench   one benchmark                                     (make bench NAME=slides)
make serve   ComfyUI with this checkout of Lectern, left running; again to load changed code
make stop    stop it
make setup   only find or get ComfyUI and build the virtual environment

Settings (environment variables): COMFYUI_PATH, a ComfyUI of yours to use; LECTERN_CACHE, where downloads and the
virtual environment lie (now {cache}); LECTERN_TORCH, the torch to install (now {torch})."""


def setup(_: Sequence[str]) -> int:
    """Get ComfyUI and build the virtual environment, or find both ready."""
    ready = environment.prepare()
    say(f"Ready: ComfyUI {ready.comfyui.version} in {ready.comfyui.path}\n       Python in {ready.python}")
    return 0


def show_help(_: Sequence[str]) -> int:
    """Say what there is."""
    say(HELP.format(cache=cache_folder(), torch=environment.torch_spec()))
    return 0


VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "help": show_help,
    "setup": setup,
    "demo": demo.demo,
    "test": testing.test,
    "unit": testing.unit,
    "check": check.check,
    "bench": testing.bench,
    "serve": serve.serve,
    "stop": serve.stop,
}


def run(arguments: Sequence[str]) -> int:
    """Run one verb; returns the exit code."""
    verb = arguments[0] if arguments else "help"
    try:
        if verb not in VERBS:
            raise ToolError(f"There is no {verb!r}: choose one of {', '.join(VERBS)}.")
        return VERBS[verb](arguments[1:])
    except ToolError as error:
        report(error)
        return 1
    except OSError as error:
        report(ToolError(f"The machine refused something the tools need ({error}): put that right and run this again."))
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
