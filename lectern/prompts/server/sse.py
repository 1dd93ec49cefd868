"""Server-sent events, as far as chat servers use them: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import re

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class TooLong(ValueError):
    """One event is longer than allowed."""


class Events:
    """Cuts bytes, as they come, into the data of events. Comments and fields other than `data` are passed over."""

    def __init__(self, longest: int) -> None:
        """
        Args:
            longest: bytes of one event.
        """
        self._longest = longest
        self._line = bytearray()  # the beginning of one that has not ended
        self._data: list[str] = []  # lines of the event that has not ended
        self._size = 0  # bytes of both
        self._after_cr = False  # a line feed that comes next belongs to the last line's end
        self._first = True

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that end in it. Raises TooLong."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        if not piece:
            return []
        self._after_cr = piece.endswith(b"\r")
        *ended, rest = _LINE_END.split(piece)
        events = [data for line in ended if (data := self._end_line(line)) is not None]
        self._keep(rest)
        return events

    def end(self) -> list[str]:
        """What is left when the stream ends: some servers leave out the last empty line."""
        found = [self._end_line(b""), self._end_line(b"")]
        return [data for data in found if data is not None]

    def _keep(self, part: bytes) -> None:
        self._line += part
        self._size += len(part)
        if self._size > self._longest:
            raise TooLong

    def _end_line(self, rest: bytes) -> str | None:
        """The event's data when the line is the empty one behind an event."""
        self._keep(rest)
        line, self._line = bytes(self._line), bytearray()
        if self._first:
            line, self._first = line.removeprefix(_BOM), False
        if line:
            self._read(line)
            return None
        data, self._data, self._size = self._data, [], 0
        return "\n".join(data) if data else None

    def _read(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        else:
            self._size -= len(line)  # comments keep a connection alive for hours
