"""A JSON answer while it is written, as a person may watch it: the texts in it, without names, braces and escapes."""

from .watching import Part

_ESCAPES = {"n": "\n", "t": "\t", "r": "", "b": "", "f": ""}
_HEX = 4  # digits behind \u


class Reader:
    """Fed piece by piece; what does not begin as JSON comes out as it is."""

    def __init__(self) -> None:
        self._plain = False
        self._inside: list[str] = []  # the brackets that are open
        self._text = False  # within a string
        self._name = False  # that string is a name
        self._value_next = False  # a colon came
        self._escape = ""  # of an escape, what came of it

    def feed(self, piece: str) -> str:
        return "".join(self._letter(letter) for letter in piece)

    def _letter(self, letter: str) -> str:
        if self._plain:
            return letter
        if self._text:
            return self._within(letter)
        if not self._inside and not letter.isspace() and letter not in "{[":
            self._plain = True
            return letter
        return self._between(letter)

    def _within(self, letter: str) -> str:
        if self._escape:
            return self._escaped(letter)
        if letter == "\\":
            self._escape = letter
            return ""
        if letter == '"':
            self._text = False
            return "" if self._name else "\n"
        return "" if self._name else letter

    def _escaped(self, letter: str) -> str:
        self._escape += letter
        if self._escape[1] != "u":
            said = _ESCAPES.get(letter, letter)
        elif len(self._escape) < _HEX + 2:
            return ""
        else:
            said = _character(self._escape[2:])
        self._escape = ""
        return "" if self._name else said

    def _between(self, letter: str) -> str:
        if letter == '"':
            self._text = True
            self._name = self._inside[-1] == "{" and not self._value_next
        elif letter in "{[":
            self._inside.append(letter)
        elif letter in "}]":
            self._inside.pop()
        self._value_next = letter == ":" or (self._value_next and letter.isspace())
        return ""


def _character(digits: str) -> str:
    """Halves of a surrogate pair are left out: they come one by one."""
    try:
        letter = chr(int(digits, 16))
    except ValueError:
        return ""
    return "" if "\ud800" <= letter <= "\udfff" else letter


class LegiblePart(Part):
    """Passes an answer on to a part, legible."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._reader = Reader()

    def write(self, piece: str, tokens: int = 1) -> None:
        self._part.write(self._reader.feed(piece), tokens)

    def think(self, tokens: int = 1) -> None:
        self._part.think(tokens)

    def restart(self) -> None:
        self._reader = Reader()
        self._part.restart()
