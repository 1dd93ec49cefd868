"""Programs and fonts from Debian that the tests drive; nothing else in the tools installs system packages."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.cache import cache_path, lock
from tools.console import ToolError, step

# chromium: the front end; libreoffice-impress and poppler-utils: decks to pictures; nats-server and postgresql: fleets;
# fonts: titles in any script.
PACKAGES = (
    "chromium",
    "libreoffice-impress",
    "poppler-utils",
    "nats-server",
    "postgresql",
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
    "fonts-dejavu-core",
)
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends")


def ensure_packages(packages: Sequence[str] = PACKAGES) -> None:
    """Install what is missing when root; otherwise say which command does it."""
    missing = missing_packages(packages)
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise ToolError(f"The tests need these programs and fonts, install them with your system's tools: {missing}.")
    if os.geteuid() != 0:
        raise ToolError(
            "The tests need some Debian packages; install them with "
            f"`sudo apt-get update && sudo {' '.join(INSTALL)} {' '.join(missing)}`, then run this again."
        )
    with lock("apt"), step(f"installing Debian packages: {' '.join(missing)}"):
        install(missing, cache_path("logs", "apt.log"))


def missing_packages(packages: Iterable[str]) -> list[str]:
    """Those that dpkg does not list as installed; without dpkg, judged by what they put on the machine."""
    if shutil.which("dpkg-query") is None:
        return [name for name in packages if not is_present(name)]
    command = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return [name for name in packages if f"{name} installed" not in listed]


def is_present(package: str) -> bool:
    """Whether the program of a package is on the path, or its font is known to fontconfig."""
    programs = {"chromium": "chromium", "libreoffice-impress": "soffice", "poppler-utils": "pdftoppm"}
    programs |= {"nats-server": "nats-server", "postgresql": "psql"}
    if package in programs:
        return shutil.which(programs[package]) is not None
    fonts = {"fonts-noto-cjk": "Noto Sans CJK", "fonts-noto-color-emoji": "Noto Color Emoji"}
    if shutil.which("fc-list") is None:
        return False
    known = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=False).stdout
    return fonts.get(package, "DejaVu Sans") in known


def install(missing: Sequence[str], log: Path) -> None:
    """apt-get update, then one install; the output goes to the log."""
    log.unlink(missing_ok=True)
    # Waits for another apt-get instead of failing on its lock.
    patience = ["-o", "DPkg::Lock::Timeout=300"]
    for command in (["apt-get", "update"], [*INSTALL, *patience, *missing]):
        with log.open("a", encoding="utf-8") as output:
            environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environ, check=False)
        if done.returncode != 0:
            raise ToolError(f"`{' '.join(command)}` failed: see above, put it right and run this again.", log)
