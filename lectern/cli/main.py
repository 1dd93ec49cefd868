"""From the command line's words to an exit code."""

import os
import sys
from collections.abc import Sequence

from . import apps, gateway, keys, publishing, running, worker
from .console import note
from .errors import INTERRUPTED, SUCCEEDED, CommandError
from .verbs import Verbs


def main(words: Sequence[str]) -> int:
    """Errors are one sentence beside the results; argparse itself ends wrong use with code 2."""
    verbs = Verbs()
    for family in (publishing, apps, running, keys, gateway, worker):
        family.add_to(verbs)
    asked = verbs.parser.parse_args(words)
    try:
        return asked.handler(asked)
    except CommandError as error:
        note(f"lectern: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the results has enough of them
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCEEDED
