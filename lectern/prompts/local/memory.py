"""What local models need of whoever owns the machine's memory: ComfyUI's memory manager, by way of host.py."""

from collections.abc import Sequence
from typing import Any, Protocol

FP32, FP16, BF16 = "fp32", "fp16", "bf16"


class Weights(Protocol):
    """A model's weights in the keeping of the memory manager, which moves them between devices."""

    @property
    def module(self) -> Any: ...  # the torch.nn.Module

    @property
    def bytes(self) -> int: ...

    def changed(self) -> None:
        """Layers were added or taken off; never done here."""
        ...


class Memory(Protocol):
    def keep(self, module: Any) -> Weights:
        """Hands a module's weights over. Whoever uses them holds the result; they are freed with it."""
        ...

    def load(self, weights: Sequence[Weights], working: int) -> None:
        """Brings all of them wholly to the device and makes room for `working` bytes beside them."""
        ...

    def release(self, weights: Sequence[Weights]) -> None:
        """Takes them off the device and leaves them alone until the next load."""
        ...

    def free(self) -> int:
        """Bytes free on the device."""
        ...

    def ram(self) -> int:
        """Bytes free in the computer's own memory."""
        ...

    def precision(self, wanted: str) -> str:
        """The precision to use for a wanted one: the same where the device has it."""
        ...
