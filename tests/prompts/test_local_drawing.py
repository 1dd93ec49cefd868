"""The draw is exact, its own, and the same for the same seed."""

import math
import threading

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from lectern.prompts.local.drawing import Drawing, Noise, folded, processors
from support.tiny_llm.scripted import gambling

from .conftest import asked

ODDS = {"a": 2.0, "b": 1.0, "c": 0.0, "d": -1.0, "e": -4.0}
LIMIT = 27.9  # chi-square of four degrees of freedom that one exact draw in 80,000 exceeds


def softmax(odds: dict[str, float], temperature: float = 1.0) -> dict[str, float]:
    weights = {name: math.exp(value / temperature) for name, value in odds.items()}
    return {name: one / sum(weights.values()) for name, one in weights.items()}


def chi_square(counts: dict[str, int], odds: dict[str, float]) -> float:
    total = sum(counts.values())
    return sum((counts.get(name, 0) - total * p) ** 2 / (total * p) for name, p in odds.items())


def drawn(drawing: Drawing, seed: int, times: int, odds: dict[str, float] = ODDS) -> dict[str, int]:
    """How often each came, from processors alone."""
    scores, tokens = torch.tensor([list(odds.values())]), torch.zeros(1, 1, dtype=torch.long)
    chain = processors(drawing, seed, 1)
    found = dict.fromkeys(odds, 0)
    for _ in range(times):
        now = scores
        for one in chain:
            now = one(tokens, now)
        found[list(odds)[int(now.argmax())]] += 1
    return found


class TestExact:
    @pytest.mark.parametrize("temperature", [1.0, 0.7, 1.5])
    @pytest.mark.parametrize("seed", [0, 2**63 + 5])
    def test_processors_draw_what_softmax_says(self, temperature, seed):
        counts = drawn(Drawing(temperature), seed, 20_000)
        assert chi_square(counts, softmax(ODDS, temperature)) < LIMIT

    def test_the_measure_tells_a_wrong_draw(self):
        counts = drawn(Drawing(1.0), 0, 20_000)
        assert chi_square(counts, softmax(ODDS, 1.1)) > LIMIT

    def test_top_k_and_top_p_draw_among_the_rest_alone(self):
        counts = drawn(Drawing(1.0, top_k=3), 1, 20_000)
        assert counts["d"] == counts["e"] == 0
        assert chi_square(counts, softmax({name: ODDS[name] for name in "abc"})) < LIMIT
        counts = drawn(Drawing(1.0, top_p=0.8), 1, 20_000)
        assert counts["c"] == counts["d"] == counts["e"] == 0
        assert chi_square(counts, softmax({name: ODDS[name] for name in "ab"})) < LIMIT

    def test_a_model_writes_what_softmax_says(self, tmp_path, backend):
        made = backend(gambling(tmp_path / "gambler", ODDS), max_tokens=2000)
        reply = asked(made, seed=3)
        assert not reply.complete and reply.tokens == len(reply.text) == 2000
        assert chi_square({name: reply.text.count(name) for name in ODDS}, softmax(ODDS)) < LIMIT

    def test_top_k_of_one_is_the_likeliest(self):
        assert drawn(Drawing(2.0, top_k=1), 0, 2000) == {"a": 2000, "b": 0, "c": 0, "d": 0, "e": 0}

    def test_noise_leaves_what_is_ruled_out_ruled_out(self):
        scores = torch.full((1, 1000), -torch.inf)
        scores[0, 5] = -1e4
        noise = Noise(0)
        assert all(int(noise(None, scores).argmax()) == 5 for _ in range(200))


def test_temperature_0_is_the_likeliest_whatever_the_seed():
    assert drawn(Drawing(0.0, top_k=3, top_p=0.5), 9, 50)["a"] == 50
    chain = processors(Drawing(0.0, top_k=3, top_p=0.5, repetition_penalty=1.1), 1, 1)
    assert [type(one) for one in chain] == [RepetitionPenaltyLogitsProcessor]


def test_what_was_written_is_penalised_and_the_prompt_is_not():
    (penalty,) = processors(Drawing(0.0, repetition_penalty=2.0), 0, prompt=2)
    scores = torch.tensor([[4.0, 4.0, 4.0]])
    assert penalty(torch.tensor([[0, 1, 2]]), scores).tolist() == [[4.0, 4.0, 2.0]]


class TestSeed:
    def test_the_same_seed_writes_the_same_and_another_does_not(self, models, backend):
        made = backend(models / "writer")
        first = asked(made, seed=5)
        assert asked(made, seed=5) == first != asked(made, seed=6)
        assert asked(made, seed=2**64 - 1) == asked(made, seed=2**64 - 1)

    def test_nothing_else_has_a_part_in_it(self, models, backend):
        made = backend(models / "writer", max_tokens=60)
        first = asked(made, seed=5)
        torch.manual_seed(99)
        stop = threading.Event()

        def others() -> None:
            while not stop.wait(0.001):
                torch.rand(10)

        thread = threading.Thread(target=others)
        thread.start()
        try:
            assert asked(made, seed=5) == first
        finally:
            stop.set()
            thread.join()

    def test_torchs_own_generator_is_left_alone(self, models, backend):
        made = backend(models / "writer")
        torch.manual_seed(1)
        before = torch.get_rng_state()
        asked(made, seed=5)
        assert torch.equal(torch.get_rng_state(), before)

    def test_all_64_bits_count(self):
        assert folded(7) == 7 and 0 <= folded(2**64 - 1) < 2**32
        assert len({folded(seed) for seed in (0, 1, 2**32, 2**40, 2**63, 2**63 + 1)}) == 6
