"""What the library needs of whoever owns the machine's memory: ComfyUI's memory manager, by way of host.py."""

from collections.abc import Sequence
from typing import Any, Protocol

FP32, FP16, BF16, FP8 = "fp32", "fp16", "bf16", "fp8"


class Weights(Protocol):
    """One component's weights in the keeping of the memory manager, which moves them between devices."""

    @property
    def module(self) -> Any: ...  # the torch.nn.Module

    @property
    def bytes(self) -> int: ...

    def changed(self) -> None:
        """To be called when layers were added to the module or taken off: new ones go where the others are."""
        ...


class Loads(Protocol):
    def load(self, weights: Sequence[Weights], working: int) -> None:
        """Brings all of them wholly to the device and makes room for `working` bytes beside them."""
        ...


class Memory(Loads, Protocol):
    @property
    def device(self) -> Any: ...  # the torch.device that weights are loaded to

    def keep(self, module: Any) -> Weights:
        """Hands a module's weights over. Whoever uses them holds the result; they are freed with it."""
        ...

    def release(self, weights: Sequence[Weights]) -> None:
        """Takes them off the device and leaves them alone until the next load."""
        ...

    def make_room(self, size: int) -> None:
        """Sends others off the device until `size` bytes are free, or nothing is left to send."""
        ...

    def free(self) -> int:
        """Bytes free on the device."""
        ...

    def capacity(self) -> int:
        """Bytes that models can have there when everything else has left."""
        ...

    def ram(self) -> int:
        """Bytes free in the computer's own memory."""
        ...

    def precision(self, wanted: str) -> str:
        """The precision to use for a wanted one: the same where the device has it."""
        ...
