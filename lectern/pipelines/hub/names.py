"""What a workflow may ask a hub for, and which folder that is."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..errors import HubNameError

MAIN = "main"

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"  # as the hub checks owners and names
_ID = re.compile(rf"{_PART}/{_PART}")
_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/+-]{0,126}[A-Za-z0-9_+-])?")  # branch, tag, commit, refs/pr/1


class HubName(NamedTuple):
    owner: str
    name: str
    revision: str = MAIN  # branch, tag or commit

    @property
    def id(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def folder(self) -> str:
        """Below models/diffusers. Revisions other than main lie beside it, each in a folder of its own."""
        if self.revision == MAIN:
            return self.id
        return f"{self.id}@{quote(self.revision, safe='+')}"

    def __str__(self) -> str:
        return self.id if self.revision == MAIN else f"{self.id} at {self.revision}"


def hub_name(hub_id: str, revision: str = "") -> HubName:
    """Raises HubNameError."""
    hub_id, revision = hub_id.strip(), revision.strip() or MAIN
    if not _ID.fullmatch(hub_id) or ".." in hub_id or "--" in hub_id or hub_id.endswith(".git"):
        raise HubNameError(
            f"hub_id {hub_id[:100]!r} is no name of a pipeline on the hub. Write it as owner/name, such as"
            " stabilityai/stable-diffusion-xl-base-1.0, without an address before it."
        )
    if not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision:
        raise HubNameError(
            f"revision {revision[:100]!r} is no branch, tag or commit. Correct it, or leave it empty for main."
        )
    owner, name = hub_id.split("/")
    return HubName(owner, name, revision)


def place(name: HubName, roots: list[Path]) -> Path:
    """Where it lies, or would: the first root that has its folder, else the first one."""
    folders = [root / name.folder for root in roots]
    return next((one for one in folders if one.is_dir()), folders[0])
