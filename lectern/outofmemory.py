"""Whether it was memory that ran out, and sizes as people read them."""

import sys

# What torch says on a processor (Linux, Windows), on MPS, and on devices whose error has no class of its own.
SIGNS = ("can't allocate memory", "not enough memory: you tried to allocate", "out of memory")


def ran_out(error: BaseException) -> bool:
    torch = sys.modules.get("torch")  # an error of torch has loaded it; a gateway has no torch at all
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)
    )


def amount(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
