"""Which token comes next: drawn by a seed of its own, from what the model thinks likely.

transformers draws with torch's global generator, which everything else in the process uses and seeds. So it is let
choose the likeliest token, after noise was added to the logarithms of the probabilities: the largest of
log p + Gumbel noise is an exact draw from p (Gumbel, 1954; Maddison, Tarlow, Minka: "A* Sampling", 2014, section 2).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Processor = Callable[[Any, Any], Any]  # token ids (1, n) and scores (1, vocabulary) -> scores


@dataclass(frozen=True)
class Drawing:
    """0 turns temperature, top_k off; 1 the others. At temperature 0 the likeliest token always comes next."""

    temperature: float = 0.7
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0  # of what the model wrote; what it was told it may repeat


def processors(drawing: Drawing, seed: int, prompt: int) -> list[Processor]:
    """For transformers' `generate` with do_sample off. `prompt`: tokens of it."""
    from transformers import (
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    made: list[Any] = []
    if drawing.repetition_penalty != 1:
        made.append(RepetitionPenaltyLogitsProcessor(drawing.repetition_penalty, prompt_ignore_length=prompt))
    if drawing.temperature <= 0:
        return made
    if drawing.temperature != 1:
        made.append(TemperatureLogitsWarper(drawing.temperature))
    if drawing.top_k > 0:
        made.append(TopKLogitsWarper(drawing.top_k))
    if drawing.top_p < 1:
        made.append(TopPLogitsWarper(drawing.top_p))
    return [*made, Noise(seed)]


class Noise:
    """Adds Gumbel noise, drawn on the processor: every device writes the same, as far as it computes the same."""

    def __init__(self, seed: int) -> None:
        import torch

        self._generator = torch.Generator("cpu").manual_seed(folded(seed))

    def __call__(self, tokens: Any, scores: Any) -> Any:
        import torch

        # -log of an exponential variable; it is never 0, so nothing becomes infinite, and fp64 reaches rare tokens.
        drawn = torch.empty(scores.shape, dtype=torch.float64).exponential_(generator=self._generator)
        return scores + drawn.log_().neg_().to(scores.device, scores.dtype)


def folded(seed: int) -> int:
    """64 bits -> the 32 that torch's generator on the processor looks at; small seeds stay what they are."""
    if seed < 1 << 32:
        return seed
    return int.from_bytes(hashlib.sha256(seed.to_bytes(8, "big")).digest()[:4], "big")
