"""One exception class per cause, for the nodes of the family Diffusers."""

from ..errors import LecternError


class PackageError(LecternError):
    """A Python package that only these nodes need is not installed."""


class FolderError(LecternError):
    """A pipeline's folder lacks something, is damaged, or holds what is not loaded."""


class SizeError(LecternError):
    """A width or height that the pipeline cannot make."""


class ArgumentError(LecternError):
    """A call argument that this pipeline does not take, or takes only with other values."""


class SchedulerError(LecternError):
    """A scheduler, or an option of one, that does not fit the pipeline."""


class FramesError(LecternError):
    """A number of frames that the pipeline cannot make."""


class DecoderError(LecternError):
    """A remote decoder of `lectern.toml` cannot be reached, or its answer is not what was asked for."""
