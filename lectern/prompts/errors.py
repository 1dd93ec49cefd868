"""One class per cause. What a ChatError says is about the model or its server; another try may do better."""

from ..errors import LecternError


class TextsError(LecternError):
    """A list of styles, wildcards or terms that cannot be used."""


class OutlineError(LecternError):
    """An outline that a person wrote cannot be read."""


class ModelFolderError(LecternError):
    """A folder in `models/LLM` is missing, damaged, or not of a kind that is read."""


class ChatError(LecternError):
    """A model could not answer."""


class UnknownChat(ChatError):
    """`lectern.toml` has no chat entry of this name."""


class Unreachable(ChatError):
    """No connection: nothing listens there, the name is unknown, or its certificate is not trusted."""


class Disconnected(ChatError):
    """The connection broke before the answer was complete."""


class ChatTimeout(ChatError):
    """The answer did not begin, paused or did not end in the time that the entry allows."""


class NotAuthorised(ChatError):
    """The server wants an API key, or another one."""


class Redirected(ChatError):
    """The server points elsewhere, where nothing is sent."""


class Busy(ChatError):
    """The server asks for fewer requests (429), also after all tries."""


class Refused(ChatError):
    """The server understood and refused: an unknown model, a field, a text that is too long."""


class Failed(ChatError):
    """The server broke down over the request (5xx), also after all tries."""


class AnswerError(ChatError):
    """The answer is not what the protocol promises, is empty, or is too large."""


class Blind(ChatError):
    """The model does not read pictures."""


class Shortage(ChatError):
    """Not enough memory to load a local model, or to let it write."""


class ShapeError(ChatError):
    """The answer has not the shape that was asked for, also after it was shown its mistake."""


class FieldsError(LecternError):
    """Further request fields that a person wrote hold one that Lectern sets itself."""
