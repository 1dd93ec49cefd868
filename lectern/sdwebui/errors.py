"""One class per cause. A ServerError is one server's: another server of a pool may do better."""

from ..errors import LecternError


class RequestError(LecternError):
    """A request field, mask or option that the server cannot be asked for; no server of a pool could."""


class UnknownServer(LecternError):
    """`lectern.toml` has no server of this name."""


class MismatchError(LecternError):
    """The server changed what was asked for, and its entry says that this is an error."""


class ServerError(LecternError):
    """One server could not do it."""


class Unreachable(ServerError):
    """No connection: nothing listens there, the name is unknown, or its certificate is not trusted."""


class Disconnected(ServerError):
    """The connection broke before the answer was complete."""


class ServerTimeout(ServerError):
    """The answer did not begin, or did not end, in the time that `lectern.toml` allows."""


class NotAuthorised(ServerError):
    """The server wants a user name and password, or others."""


class Missing(ServerError):
    """The server has no such address: another kind of server, or one without its API."""


class Redirected(ServerError):
    """The server points elsewhere, where nothing is sent."""


class Busy(ServerError):
    """The server asks for fewer requests (429)."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds  # until it may be asked again


class Refused(ServerError):
    """The server understood and refused."""


class Unsuited(Refused):
    """The server lacks what is asked for, as its lists tell; nothing was sent, and there is nothing wrong with it."""


class Failed(ServerError):
    """The server broke down over the request."""


class AnswerError(ServerError):
    """The answer is not what this interface promises: no JSON, no pictures, damaged ones, or too large."""
