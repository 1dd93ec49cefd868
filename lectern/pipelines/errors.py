"""One exception class per cause, for the nodes of the family Diffusers."""

from ..errors import FolderError as FolderError
from ..errors import LecternError
from ..errors import first_line as first_line


class PackageError(LecternError):
    """A Python package that only these nodes need is not installed."""


class SizeError(LecternError):
    """A width or height that the pipeline cannot make."""


class ArgumentError(LecternError):
    """A call argument that this pipeline does not take, or takes only with other values."""


class SchedulerError(LecternError):
    """A scheduler, or an option of one, that does not fit the pipeline."""


class HubNameError(LecternError):
    """A hub id or a revision that is not written as the hub writes them."""


class HubClosedError(LecternError):
    """`lectern.toml` does not allow that download."""


class HubAccessError(LecternError):
    """The hub wants an access token, or an accepted licence, before it gives the files."""


class HubMissingError(LecternError):
    """The hub has no such pipeline or revision, or it is no diffusers pipeline."""


class HubAnswerError(LecternError):
    """The hub sent what is not taken: another host, another content, too much, a path that leads out."""


class HubLostError(LecternError):
    """The connection failed or broke off; another attempt may do."""

    pause: float | None = None  # seconds that the hub asks for before it


class SpaceError(LecternError):
    """A download is larger than the disk or `lectern.toml` allows."""


class LoraError(LecternError):
    """A file that is no LoRA, one for another kind of model, or strengths that it does not have."""


class ControlNetError(LecternError):
    """A ControlNet that is not there, cannot be read, or was made for another kind of model."""


class IPAdapterError(LecternError):
    """An IP-Adapter or its image encoder that is not there, cannot be read, or does not fit."""


class PlanError(LecternError):
    """A way to run (offload, attention, cache, compile, quantization) that this pipeline or machine does not have."""


class ShortageError(LecternError):
    """Not enough memory to load or to run a pipeline."""


class FramesError(LecternError):
    """A number of frames that the pipeline cannot make."""


class DecoderError(LecternError):
    """A remote decoder of `lectern.toml` cannot be reached, or its answer is not what was asked for."""
