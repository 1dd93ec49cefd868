"""Runs on tiny pipelines: what comes out, what it started from, and what is left behind."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch

from lectern.pipelines.errors import ArgumentError, SizeError
from lectern.pipelines.latents import encode, scale_of
from lectern.pipelines.sampling import Request, Sampled, sample
from lectern.pipelines.schedulers import scheduler_for
from lectern.pipelines.vae import decode_latents, encode_images
from support.tiny import FAMILIES

from .conftest import PlainMemory, Steps, Stopped

QUICK = Request("a cat", seed=3, steps=3, width=64, height=48)
SEED = 3


def core_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """As comfy/sample.py, prepare_noise()."""
    return torch.randn(shape, dtype=torch.float32, generator=torch.Generator("cpu").manual_seed(seed))


class Patient(Steps):
    """Stops at that look at Cancel."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    def check(self) -> None:
        self.left -= 1
        if self.left < 1:
            raise Stopped


def run(pipeline, watch: Steps | None = None, **changes: Any) -> Sampled:
    with torch.inference_mode():  # as ComfyUI runs every node
        return sample(pipeline, replace(QUICK, **changes), PlainMemory(), core_noise, watch or Steps())


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.rand(2, 48, 64, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def mask() -> torch.Tensor:
    mask = torch.zeros(1, 48, 64)
    mask[:, :, 32:] = 1
    return mask


@pytest.mark.parametrize("family", FAMILIES)
class TestEachFamily:
    def test_the_same_as_the_bare_call(self, pipelines, family):
        """diffusers' own call with the same noise, its own decoding and its own post-processing."""
        made = run(pipelines[family], batch_size=2)
        pipe = pipelines[family].loaded
        pipe.set_progress_bar_config(disable=True)
        noise = core_noise((2, pipe.vae.config["latent_channels"], 6, 8), SEED)
        latents = pipe._pack_latents(noise, *noise.shape) if family == "flux" else noise
        plain = pipe(
            "a cat", num_inference_steps=3, width=64, height=48, num_images_per_prompt=2, latents=latents,
            output_type="pt",
        ).images  # fmt: skip
        assert torch.allclose(made.images, plain.movedim(1, -1), atol=1e-5)
        assert made.images.shape == (2, 48, 64, 3) and made.images.dtype == torch.float32

    def test_it_starts_from_cores_noise(self, pipelines, family, monkeypatch):
        """Bit for bit, before the pipeline scales it for its scheduler."""
        loaded, given = pipelines[family].loaded, []
        original = type(loaded).prepare_latents
        spied = lambda self, *a, **k: (given.append(next(x for x in (*a, *k.values()) if torch.is_tensor(x))),  # noqa: E731
                                       original(self, *a, **k))[1]  # fmt: skip
        monkeypatch.setattr(type(loaded), "prepare_latents", spied)
        run(pipelines[family], batch_size=2)
        noise = core_noise((2, loaded.vae.config["latent_channels"], 6, 8), SEED)
        assert torch.equal(given[0], loaded._pack_latents(noise, *noise.shape) if family == "flux" else noise)

    @pytest.mark.parametrize("masked", [False, True])
    def test_with_an_image_its_noise_is_cores_too(self, pipelines, family, image, mask, masked, monkeypatch):
        pipe = pipelines[family].loaded
        added, kind = [], type(pipe.scheduler)
        name = "scale_noise" if family == "flux" else "add_noise"
        original = getattr(kind, name)

        def spied(self, latents, *rest):
            added.append((latents, rest[1 if family == "flux" else 0]))
            return original(self, latents, *rest)

        monkeypatch.setattr(kind, name, spied)
        run(pipelines[family], image=image, mask=mask if masked else None, denoise=0.7, batch_size=2)
        latents, noise = added[0]
        expected = scale_of(pipe.vae).to_pipeline(encode(pipe.vae, image[..., :3])).repeat_interleave(2, 0)
        assert torch.equal(noise.reshape(latents.shape), core_noise(tuple(latents.shape), SEED))
        assert torch.allclose(latents, expected, atol=1e-5)

    def test_every_step_is_seen_with_its_latents(self, pipelines, family):
        watch = Steps()
        made = run(pipelines[family], watch)
        assert watch.total == 3 and [done for done, _ in watch.seen] == [1, 2, 3]
        scale = scale_of(pipelines[family].loaded.vae)
        last = watch.seen[-1][1]
        assert last is not None  # what the last step predicts is the result, but for a rest of noise that DDIM leaves
        assert (scale.to_comfy(last) - made.latents).abs().max() < 0.02 * made.latents.abs().max()

    def test_cancel_ends_it_at_the_next_step_and_the_next_run_is_the_same(self, pipelines, family):
        before = run(pipelines[family])
        watch = Steps(stop_after=2)
        with pytest.raises(Stopped):
            run(pipelines[family], watch)
        assert len(watch.seen) == 2
        assert torch.equal(run(pipelines[family]).images, before.images)

    def test_cancel_also_ends_it_before_the_first_step_and_between_two_decodings(self, pipelines, family):
        before, vae = run(pipelines[family], batch_size=2), pipelines[family].loaded.vae
        # Looks at Cancel: when it begins, before the steps, after each (twice with the callback), before decoding.
        for looks in (1, 2, 9, 10):
            watch = Patient(looks)
            with pytest.raises(Stopped):
                run(pipelines[family], watch, batch_size=2)
            assert len(watch.seen) == (0 if looks < 3 else 3) and not vae.decoder._forward_pre_hooks
        assert torch.equal(run(pipelines[family], batch_size=2).images, before.images)

    def test_an_image_gives_its_size_and_each_of_its_batch_some_pictures(self, pipelines, family, image, mask):
        for linked in (None, mask):
            made = run(pipelines[family], image=image, mask=linked, width=0, height=0, denoise=0.5, batch_size=2)
            assert made.images.shape == (4, 48, 64, 3)

    def test_little_denoise_stays_near_the_image(self, pipelines, family, image):
        pipe = pipelines[family].loaded
        near, far = (run(pipelines[family], image=image, denoise=denoise, steps=20).latents for denoise in (0.05, 1.0))
        start = encode(pipe.vae, image[..., :3])
        assert (near - start).abs().mean() < (far - start).abs().mean()

    def test_derived_pipelines_leave_theirs_alone(self, pipelines, family):
        pipeline = pipelines[family]
        before, own = run(pipeline), pipeline.loaded.scheduler
        derived = pipeline.with_scheduler(scheduler_for(pipeline.loaded, own, "UniPCMultistep"))
        assert not torch.equal(run(derived).images, before.images)
        assert pipeline.loaded.scheduler is own and torch.equal(run(pipeline).images, before.images)
        assert derived.loaded is pipeline.loaded and derived.weights is pipeline.weights

    def test_latents_come_back_as_they_went(self, pipelines, family, image):
        made = run(pipelines[family])
        assert torch.equal(decode_latents(pipelines[family], made.latents, PlainMemory()), made.images)
        encoded = encode_images(pipelines[family], image, PlainMemory())
        assert encoded.shape == (2, pipelines[family].loaded.vae.config["latent_channels"], 6, 8)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
class TestClipSkip:
    def test_other_layers_give_another_picture(self, pipelines, family):
        pictures = [run(pipelines[family], clip_skip=skip).images for skip in (0, 1, 2)]
        assert all(not torch.equal(one, other) for one, other in pairwise(pictures))

    def test_the_text_encoder_is_left_as_it_was(self, pipelines, family):
        encoder = pipelines[family].loaded.text_encoder
        before = (sorted(vars(encoder)), len(list(encoder.modules())))
        run(pipelines[family], clip_skip=1)
        assert (sorted(vars(encoder)), len(list(encoder.modules()))) == before


def test_clip_skip_takes_the_layer_that_diffusers_means(pipelines):
    """One layer is left out, and the last norm is applied to what remains."""
    pipe = pipelines["sd15"].loaded
    tokens = pipe.tokenizer("a cat", padding="max_length", max_length=77, return_tensors="pt")
    given = []
    hook = pipe.unet.register_forward_pre_hook(
        lambda _, __, named: given.append(named["encoder_hidden_states"]), with_kwargs=True
    )
    run(pipelines["sd15"], clip_skip=1)
    hook.remove()
    with torch.no_grad():
        states = pipe.text_encoder(tokens.input_ids, output_hidden_states=True).hidden_states
        expected = pipe.text_encoder.final_layer_norm(states[-2])
    assert torch.allclose(given[0][-1:], expected, atol=1e-5)


def test_arguments_reach_the_call(pipelines):
    plain = run(pipelines["sd15"]).images
    assert not torch.equal(run(pipelines["sd15"], arguments={"eta": 1.0}).images, plain)


def test_a_negative_prompt_without_effect_is_said(pipelines):
    assert "true_cfg_scale" in run(pipelines["flux"], negative_prompt="fog").notes[0]
    assert run(pipelines["sd15"], negative_prompt="fog").notes == ()


class TestLongPrompts:
    def test_what_was_cut_is_said_and_reaches_no_log(self, pipelines, capfd):
        (said,) = run(pipelines["sdxl"], prompt="a" * 80 + " zebra").notes
        assert said.endswith("cut off: aaaaa zebra")
        assert "zebra" not in "".join(capfd.readouterr())

    def test_one_encoder_that_reads_all_is_enough(self, pipelines):
        assert run(pipelines["flux"], prompt="a" * 80 + " zebra").notes == ()
        (said,) = run(pipelines["flux"], prompt="a" * 80 + " zebra", arguments={"max_sequence_length": 80}).notes
        assert said.endswith("zebra")

    def test_a_prompt_that_just_fits_is_not_cut(self, pipelines):
        assert run(pipelines["sd15"], prompt="a" * 75).notes == ()
        assert run(pipelines["sd15"], prompt="a" * 76).notes[0].endswith("cut off: a")


def test_only_the_vae_is_loaded_to_decode(pipelines, memory):
    decode_latents(pipelines["sd15"], torch.zeros(1, 4, 4, 4), memory)
    assert memory.loads == [["AutoencoderKL"]]


def test_all_is_loaded_before_every_run(pipelines, memory):
    for _ in range(2):
        sample(pipelines["sd15"], QUICK, memory, core_noise, Steps())
    assert [sorted(names) for names in memory.loads] == [["AutoencoderKL", "CLIPTextModel", "UNet2DConditionModel"]] * 2


@pytest.mark.parametrize(
    ("family", "changes", "error", "said"),
    [
        ("sd15", {"width": 60}, SizeError, "multiples of 8 pixels, got 60x48. The next possible sizes are 56x48 and"),
        ("sdxl", {"height": 1}, SizeError, "are 64x8 and 64x8"),
        ("flux", {"width": 72}, SizeError, "multiples of 16 pixels, got 72x48"),
        ("flux", {"clip_skip": 1}, ArgumentError, "FluxPipeline has no clip_skip. Set clip_skip to 0."),
        ("sd15", {"arguments": {"etha": 1}}, ArgumentError, "no argument 'etha' to set. It takes: timesteps=None"),
        ("sd15", {"arguments": {"latents": 1}}, ArgumentError, "no argument 'latents' to set"),
        ("sd15", {"arguments": {"steps": 1}}, ArgumentError, "no argument 'steps' to set"),
        ("sd15", {"arguments": {"strength": 1}}, ArgumentError, "strength has an input of its own, denoise"),
        ("sd15", {"arguments": {"timesteps": [1], "sigmas": [1]}}, ArgumentError, "does not take these values"),
        ("sd15", {"mask": torch.ones(1, 48, 64)}, ArgumentError, "A mask is linked but no image"),
        (
            "sd15", {"mask": torch.zeros(1, 48, 64), "image": torch.zeros(1, 48, 64, 3)}, ArgumentError,
            "The mask is empty",
        ),
        (
            "sd15", {"mask": torch.ones(3, 48, 64), "image": torch.zeros(2, 48, 64, 3)}, ArgumentError,
            "There are 3 masks for 2 images",
        ),
        ("sd15", {"image": torch.zeros(1, 48, 64, 3), "denoise": 0.1}, ArgumentError, "Raise denoise to 0.34 or more"),
        ("sd15", {"arguments": {"cross_attention_kwargs": "x"}}, ArgumentError, "not take these values: 'str' obj"),
        ("flux", {"arguments": {"max_sequence_length": -1}}, ArgumentError, "does not take these values: can't conv"),
        ("sdxl", {"arguments": {"sigmas": []}}, ArgumentError, "The argument sigmas is an empty list. Put values"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_the_next_run_works(pipelines, family, changes, error, said):
    with pytest.raises(error) as caught:
        run(pipelines[family], **changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert run(pipelines[family]).images.isfinite().all()


def test_decoding_and_encoding_end_between_two_pictures(pipelines, memory):
    looks = Patient(2)
    with pytest.raises(Stopped):
        decode_latents(pipelines["sd15"], torch.zeros(3, 4, 4, 4), memory, looks.check)
    with pytest.raises(Stopped):
        encode_images(pipelines["sd15"], torch.zeros(3, 16, 16, 3), memory, Patient(2).check)
    assert looks.left == 0


def test_latents_of_another_model_are_refused(pipelines, memory):
    with pytest.raises(ArgumentError, match=r"of the shape \(batch, 4, height, width\), got \(1, 16, 8, 8\)"):
        decode_latents(pipelines["sd15"], torch.zeros(1, 16, 8, 8), memory)
