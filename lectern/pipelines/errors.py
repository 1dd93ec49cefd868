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


class ControlNetError(LecternError):
    """A ControlNet that is not there, cannot be read, or was made for another kind of model."""


class IPAdapterError(LecternError):
    """An IP-Adapter or its image encoder that is not there, cannot be read, or does not fit."""
