"""Which packages are there, without importing them."""

from importlib.util import find_spec

from .errors import PackageError

NEEDED = ("diffusers", "transformers", "accelerate")


def require(names: tuple[str, ...] = NEEDED) -> None:
    """Raises PackageError with what to install."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise PackageError(
            f"The Diffusers nodes need the Python package {' and '.join(missing)}, which is not installed. Install it"
            " in ComfyUI's Python environment (it is in Lectern's requirements.txt) and restart ComfyUI."
        )
