"""`python3 -m tools <verb>`: what every make target calls."""

import sys


def main() -> int:
    """Refuse an old Python before any module is loaded whose syntax it could not read."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this line exists for the Pythons that the project does not support
        sys.stderr.write(
            "Lectern's tools need Python 3.11 or newer, this is "
            f"{sys.version.split()[0]}: run e.g. `make PYTHON=python3.12 demo`.\n"
        )
        return 1
    from tools.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
