"""The options of `/sdapi/v1/options`: of each key by itself, kept in the private folder.

Only the checkpoint means something here, it chooses the app; whatever else a client sets is remembered for it, within
bounds, and has no effect.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import NotReady
from .errors import Unprocessable
from .requests import CHECKPOINT

FILE_NAME = "a1111_options.json"
MOST_OPTIONS = 500  # of one key; AUTOMATIC1111 itself has about 330
MOST_BYTES = 32 * 1024  # of one key's options as JSON
MOST_OWNERS = 2000  # past which the key that set something longest ago is forgotten

Values = Mapping[str, Any]

# What clients look at before they set anything. That there are more than a few is how some tell A1111 from its small
# relatives.
DEFAULTS: Values = {
    CHECKPOINT: "",
    "sd_checkpoint_hash": "",
    "sd_vae": "Automatic",
    "samples_save": True,
    "samples_format": "png",
    "grid_save": False,
    "return_grid": False,
    "enable_pnginfo": True,
    "CLIP_stop_at_last_layers": 1,
    "live_previews_enable": True,
    "live_previews_image_format": "jpeg",
    "show_progress_every_n_steps": 1,
    "eta_noise_seed_delta": 0,
    "initial_noise_multiplier": 1.0,
    "img2img_color_correction": False,
}


class OptionsFile:
    """Lives on the server's loop. Raises NotReady where the file cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._known: dict[str, dict[str, Any]] = {}
        self._stamp: object = None
        self._changing = asyncio.Lock()

    async def get(self, owner: str) -> dict[str, Any]:
        """With the defaults for what the owner never set."""
        async with self._changing:
            await asyncio.to_thread(self._refresh)
            return {**DEFAULTS, **self._known.get(owner, {})}

    async def update(self, owner: str, changes: Values) -> None:
        """Raises Unprocessable when it would be too much."""
        async with self._changing:
            await asyncio.to_thread(self._refresh)
            values = {**self._known.get(owner, {}), **changes}
            _check(values)
            self._known.pop(owner, None)
            self._known[owner] = values  # the newest is the last
            while len(self._known) > MOST_OWNERS:
                del self._known[next(iter(self._known))]
            await asyncio.to_thread(self._write)

    def _refresh(self) -> None:
        """Reads what another process may have written."""
        try:
            stamp = self._read_stamp()
            if stamp != self._stamp:
                content = json.loads(self._file.read_text("utf-8")) if stamp else {}
                self._known = {key: value for key, value in content.items() if isinstance(value, dict)}
                self._stamp = stamp
        except (OSError, ValueError, AttributeError) as error:
            raise NotReady(f"{self._file} cannot be read ({error}); correct it or delete it.") from None

    def _read_stamp(self) -> object:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _write(self) -> None:
        """Whole or not at all."""
        new = self._file.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
                json.dump(self._known, target)
            os.replace(new, self._file)
        except OSError as error:
            new.unlink(missing_ok=True)
            self._stamp = object()  # read anew: what is in memory is not in the file
            raise NotReady(f"Options cannot be kept in Lectern's folder: {error.strerror}.") from None
        self._stamp = self._read_stamp()


def _check(values: Values) -> None:
    size = len(json.dumps(values))
    if len(values) > MOST_OPTIONS or size > MOST_BYTES:
        raise Unprocessable(
            f"All options of a key may be {MOST_OPTIONS} and {MOST_BYTES // 1024} KB; set those that matter."
        )
