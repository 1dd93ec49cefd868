"""What can go wrong inside a server, before a dialect puts it into its own envelope."""

from typing import Any, NamedTuple


class ServerError(Exception):
    """Anything that a dialect turns into an error answer."""


class Refusal(ServerError):
    """The API itself says no: a status and one sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Crash(ServerError):
    """An exception escaped from the generation code."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Unknown(ServerError):
    """No such route, or no such route in this dialect."""


class NotAllowed(ServerError):
    """The route exists, the method does not."""


class BadJson(ServerError):
    """The body is not JSON; position counts characters."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


class Problem(NamedTuple):
    """One field that does not fit its schema, in the words of pydantic 2 and of pydantic 1."""

    field: str
    type: str
    msg: str
    old_type: str
    old_msg: str
    value: Any
    more: tuple[str | int, ...] = ()  # the path below the field


class Invalid(ServerError):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].msg)
        self.problems = problems
