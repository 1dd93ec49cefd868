"""Whether a hub pipeline has changed since a run, as ComfyUI asks before each run. Opens no file."""

from pathlib import Path

from ...stamps import stamp


class Stamps:
    """What a run itself has downloaded is no change: its stamp after the run stands for the one before it.

    ComfyUI takes the stamp before a run. Without this, the run after a download would make everything anew.
    """

    def __init__(self) -> None:
        self._before: dict[str, str] = {}  # by the stamp after a download

    def of(self, folder: Path) -> str:
        try:
            now = str(hash(stamp(folder)))
        except OSError:
            return ""
        return self._before.get(now, now)

    def downloaded(self, folder: Path, before: str) -> None:
        now = self.of(folder)
        if now != before:
            self._before[now] = before
