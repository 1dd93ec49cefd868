"""What the nodes of every family share."""

from collections.abc import Sequence
from functools import cache

from ..lectern import host
from ..lectern.settings import Settings, SettingsFile


@cache
def _settings_file() -> SettingsFile:
    return SettingsFile(host.private_directory())


def settings() -> Settings:
    """Read anew only when `lectern.toml` has changed. Raises SettingsError."""
    return _settings_file().read()


def notes(sentences: Sequence[str]) -> dict[str, list[str]]:
    """For the node's face in the editor, and in /history; also when empty, so that old ones go."""
    return {"lectern_notes": list(sentences)}
