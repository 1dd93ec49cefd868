"""Pictures of further families: Stable Diffusion 2.1, Stable Diffusion 3, Qwen-Image."""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
import torch

from lectern.pipelines.latents import channels_of, encode, scale_of
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Spec
from lectern.pipelines.sampling import Request, Sampled, sample
from lectern.pipelines.vae import decode_latents, encode_images
from support.tiny import MORE, tiny_pipeline

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import SEED, core_noise, image, mask

__all__ = ["image", "mask"]

QUICK = Request("a cat", seed=SEED, steps=3, width=64, height=48)


def run(pipeline, watch: Steps | None = None, **changes: Any) -> Sampled:
    with torch.inference_mode():
        return sample(pipeline, replace(QUICK, **changes), PlainMemory(), core_noise, watch or Steps())


def latent_of(pipeline, count: int) -> tuple[int, ...]:
    time = (1,) if pipeline.kind == "QwenImagePipeline" else ()
    return count, channels_of(pipeline.loaded.vae), *time, 6, 8


def as_given(pipeline, latents: torch.Tensor) -> torch.Tensor:
    """As the pipeline works on them."""
    if pipeline.kind != "QwenImagePipeline":
        return latents
    return pipeline.loaded._pack_latents(latents, *latents.shape[:2], *latents.shape[-2:])


@pytest.fixture(params=MORE)
def pipeline(request, further):
    return further(request.param)


def test_the_same_as_the_bare_call(pipeline):
    made = run(pipeline, batch_size=2)
    noise = as_given(pipeline, core_noise(latent_of(pipeline, 2), SEED))
    pipe = pipeline.loaded
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        "a cat", num_inference_steps=3, width=64, height=48, num_images_per_prompt=2, latents=noise, output_type="pt"
    ).images
    assert torch.allclose(made.images, plain.movedim(1, -1), atol=1e-5)
    assert made.images.shape == (2, 48, 64, 3) and tuple(made.latents.shape) == latent_of(pipeline, 2)


@pytest.mark.parametrize("masked", [False, True])
def test_with_an_image_it_starts_from_the_encoded_image_and_cores_noise(pipeline, image, mask, masked, monkeypatch):
    pipe, added = pipeline.loaded, []
    kind = type(pipe.scheduler)
    flows = hasattr(kind, "scale_noise")
    original = getattr(kind, "scale_noise" if flows else "add_noise")

    def spied(self, latents, *rest):
        added.append((latents, rest[1 if flows else 0]))
        return original(self, latents, *rest)

    monkeypatch.setattr(kind, "scale_noise" if flows else "add_noise", spied)
    made = run(pipeline, image=image, mask=mask if masked else None, denoise=0.7, batch_size=2)
    latents, noise = added[0]
    expected = scale_of(pipe.vae).to_pipeline(encode(pipe.vae, image[..., :3])).repeat_interleave(2, 0)
    drawn = core_noise(latent_of(pipeline, 4), SEED)
    assert torch.equal(noise.reshape(drawn.shape), drawn)
    assert torch.allclose(latents.reshape(expected.shape), expected, atol=1e-5)
    assert made.images.shape == (4, 48, 64, 3)


def test_every_step_is_seen_with_its_latents(pipeline):
    watch = Steps()
    made = run(pipeline, watch)
    last = watch.seen[-1][1]
    assert [done for done, _ in watch.seen] == [1, 2, 3] and last is not None
    assert (scale_of(pipeline.loaded.vae).to_comfy(last) - made.latents).abs().max() < 0.02 * made.latents.abs().max()


def test_cancel_ends_it_and_the_next_run_is_the_same(pipeline):
    before, watch = run(pipeline), Steps(stop_after=2)
    with pytest.raises(Stopped):
        run(pipeline, watch)
    assert len(watch.seen) == 2 and torch.equal(run(pipeline).images, before.images)


def test_latents_come_back_as_they_went(pipeline, image):
    made = run(pipeline)
    assert torch.equal(decode_latents(pipeline, made.latents, PlainMemory()), made.images)
    assert tuple(encode_images(pipeline, image, PlainMemory()).shape) == latent_of(pipeline, 2)


def test_a_negative_prompt_has_an_effect(pipeline):
    changed = run(pipeline, negative_prompt="fog")
    assert changed.notes == () and not torch.equal(changed.images, run(pipeline).images)


def test_a_velocity_is_not_taken_for_noise(further):
    """SD 2.1 keeps its prediction type when the scheduler is made anew for a run."""
    kept = further("sd21")
    noise = kept.with_scheduler(type(kept.loaded.scheduler).from_config(kept.loaded.scheduler.config,
                                                                       prediction_type="epsilon"))  # fmt: skip
    assert not torch.equal(run(kept).images, run(noise).images)


def test_guidance_reaches_qwens_cfg_also_without_a_negative_prompt(further):
    qwen = further("qwen")
    one, two = (run(qwen, guidance_scale=scale).images for scale in (2.0, 6.0))
    assert not torch.equal(one, two)
    assert torch.equal(run(qwen, guidance_scale=1.0).images, run(qwen).images)


def test_a_latent_without_time_is_decoded_as_one_frame(further):
    """As core's EmptySD3LatentImage gives it."""
    qwen, latents = further("qwen"), torch.randn(2, 16, 6, 8)
    flat = decode_latents(qwen, latents, PlainMemory())
    assert torch.equal(flat, decode_latents(qwen, latents.unsqueeze(2), PlainMemory())) and len(flat) == 2


def test_what_the_folder_says_is_not_there_is_none(tmp_path):
    """As people keep Stable Diffusion 3 without its T5, which takes twice the memory of all else."""
    folder = tiny_pipeline("sd3", tmp_path / "sd3")
    for name in ("text_encoder_3", "tokenizer_3"):
        shutil.rmtree(folder / name)
    index = folder / "model_index.json"
    absent = {name: [None, None] for name in ("text_encoder_3", "tokenizer_3")}
    index.write_text(json.dumps(json.loads(index.read_text("utf-8")) | absent))
    pipeline = Loader(PlainMemory()).load(Spec(folder))
    assert pipeline.loaded.text_encoder_3 is None and len(pipeline.weights) == 4
    assert run(pipeline).images.shape == (1, 48, 64, 3)
