"""What can go wrong with an AUTOMATIC1111-compatible server: one class per cause."""

from ..errors import LecternError


class RequestError(LecternError):
    """A request field, mask or option that the server cannot be asked for."""
