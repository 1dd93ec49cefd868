"""The file of the audit log: bounded, and readable by its owner only."""

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 5_000_000
FILES = 4  # the oldest is deleted

logger = logging.getLogger(__name__)


class AuditFile(RotatingFileHandler):
    """A full disk is told once, as one line."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
        self._told = False

    def _open(self) -> TextIOWrapper:
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        if not self._told:
            logger.warning("Lectern cannot write %s; see whether the disk is full.", self.baseFilename)
        self._told = True
