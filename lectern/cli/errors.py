"""Why a command ends early: one class per exit code. The message is all that the person sees."""

from ..errors import LecternError

SUCCEEDED = 0
INTERRUPTED = 130  # as shells count Ctrl+C


class CommandError(LecternError):
    """Base of the errors that end a command."""

    exit_code = 1


class Refused(CommandError):
    """The server was reached and said no; the message is its own."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status  # HTTP
        self.code = code  # of the error envelope


class NotSucceeded(CommandError):
    """The run failed or was canceled, or its files cannot be saved."""


class WrongUse(CommandError):
    """The command line, or a file that it names, cannot be used."""

    exit_code = 2


class OutOfReach(CommandError):
    """No Lectern answers at that address, or not now."""

    exit_code = 3
