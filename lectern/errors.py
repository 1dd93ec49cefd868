"""One exception class per cause. Every message says what was wrong, what was got and what to do."""


class LecternError(Exception):
    """Base of everything Lectern raises on purpose; its text is shown to the user as it stands."""


class SettingsError(LecternError):
    """`lectern.toml` cannot be used: the message names the file, the key and the value."""


class ImageError(LecternError):
    """A picture has a size, shape or content that the step cannot use."""


class LengthError(LecternError):
    """Two lists that belong together have different lengths."""


class ColorError(LecternError):
    """A colour is not written as #RGB, #RRGGBB, #RRGGBBAA or a known name."""


class FontError(LecternError):
    """A font is missing, unreadable, or lacks characters of the text."""


class TextError(LecternError):
    """A text is too long, does not fit, or uses a placeholder that does not exist."""


class SaveError(LecternError):
    """A file could not be written; nothing half-written was left behind."""


class InputFileError(LecternError):
    """A file that an input names is not in ComfyUI's input folder."""


class TemplateError(LecternError):
    """A template deck is missing, damaged, too large, or holds what a template may not hold."""


class FolderError(LecternError):
    """A model's folder lacks something, is damaged, or holds what is not loaded."""


class AppError(LecternError):
    """Base of what the app routes answer: an HTTP status, a stable code, details for programs.

    `code` is one of section 6's error codes; `details` is JSON-serialisable.
    """

    status = 500
    code = "internal"

    def __init__(self, message: str, details: object = None) -> None:
        super().__init__(message)
        self.details = details


def first_line(error: BaseException) -> str:
    """For a message, without the stop at its end."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
