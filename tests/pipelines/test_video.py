"""Videos on tiny pipelines: from text, from an image, from a video; what is refused, and what is left behind."""

import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from lectern.images import to_pillow
from lectern.pipelines.errors import ArgumentError, FramesError, SizeError
from lectern.pipelines.latents import scale_of
from lectern.pipelines.sampling import Request, sample
from lectern.pipelines.schedulers import scheduler_for
from lectern.pipelines.vae import decode_latents, encode_images
from lectern.pipelines.video import Filmed, VideoRequest, film

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import SEED, core_noise

QUICK = VideoRequest("a cat", seed=SEED, steps=2, width=64, height=48, frames=5)
TEXT = ("wan", "wan22", "wan22_small")
CLIP = torch.rand(9, 48, 64, 3, generator=torch.Generator().manual_seed(1))
PHOTO = CLIP[:1]


def sized(family: str, **changes: Any) -> dict[str, Any]:
    """Wan 2.2's small model and LTX only take larger steps of size, LTX its own numbers of frames."""
    if family == "ltx":
        return {"height": 64, "frames": 9} | changes
    return ({"height": 64} if family == "wan22_small" else {}) | changes


def run(pipeline, watch: Steps | None = None, **changes: Any) -> Filmed:
    with torch.inference_mode():
        return film(pipeline, replace(QUICK, **changes), PlainMemory(), core_noise, watch or Steps())


def bare(pipe, **changes: Any) -> torch.Tensor:
    """diffusers' own call, decoding and post-processing."""
    pipe.set_progress_bar_config(disable=True)
    call = {"num_inference_steps": 2, "width": 64, "height": 48, "num_frames": 5, "output_type": "pt"} | changes
    return pipe(prompt="a cat", **call).frames[0].movedim(1, -1)


@pytest.mark.parametrize("family", TEXT)
def test_text_to_video_is_the_bare_call_on_cores_noise(further, family):
    pipeline = further(family)
    made = run(pipeline, **sized(family))
    assert made.latents is not None
    noise = core_noise(tuple(made.latents.shape), SEED)
    plain = bare(pipeline.loaded, latents=noise, **sized(family))
    assert torch.allclose(made.images, plain, atol=1e-5) and made.images.shape[0] == 5
    assert made.notes == ()


@pytest.mark.parametrize(
    ("family", "ends"), [("wan_i2v", False), ("wan_flf", True), ("wan22_i2v", False), ("wan22_i2v", True)]
)
def test_image_to_video_is_the_bare_call(further, family, ends, monkeypatch):
    pipeline = further(family)
    made = run(pipeline, image=PHOTO, end_image=CLIP[1:] if ends else None)
    assert made.latents is not None
    module: Any = sys.modules[type(pipeline.loaded).__module__]
    if not hasattr(module, "ftfy"):
        monkeypatch.setattr(module, "prompt_clean", str)
    more = {"last_image": to_pillow(CLIP[1])} if ends else {}
    noise = core_noise(tuple(made.latents.shape), SEED)
    plain = bare(pipeline.loaded, image=to_pillow(PHOTO[0]), latents=noise, **more)
    assert torch.allclose(made.images, plain, atol=1e-5)


def test_a_last_frame_changes_the_video(further):
    one, other = (run(further("wan22_i2v"), image=PHOTO, end_image=end).images for end in (None, CLIP[1:]))
    assert not torch.equal(one, other)


def test_a_text_pipeline_that_also_takes_images_is_made_into_its_image_class(further):
    """Wan 2.2's small model, with the weights shared."""
    pipeline = further("wan22_small")
    made = run(pipeline, image=PHOTO, **sized("wan22_small"))
    assert made.images.shape == (5, 64, 64, 3)
    assert not torch.equal(made.images, run(pipeline, **sized("wan22_small")).images)


def test_video_to_video_keeps_what_denoise_leaves(further):
    pipeline = further("wan")
    made = run(pipeline, video=CLIP, frames=0, steps=10, denoise=0.1)
    start = encode_images(pipeline, CLIP, PlainMemory())
    assert made.latents is not None and made.latents.shape == start.shape and len(made.images) == 9
    far = run(pipeline, video=CLIP, frames=0, steps=10, denoise=1.0).latents
    assert far is not None and (made.latents - start).abs().mean() < (far - start).abs().mean()
    assert len(run(pipeline, video=CLIP, frames=5, denoise=0.5).images) == 5
    assert len(run(pipeline, video=CLIP[:8], frames=0, denoise=0.5).images) == 5


def test_video_to_video_adds_cores_noise(further, monkeypatch):
    pipeline, added = further("wan"), []
    kind = type(pipeline.loaded.scheduler)
    original = kind.scale_noise
    monkeypatch.setattr(kind, "scale_noise", lambda *a: (added.append(a[3]), original(*a))[1])
    run(pipeline, video=CLIP, frames=0, denoise=0.5)
    assert torch.equal(added[0], core_noise((1, 16, 3, 6, 8), SEED))


def test_both_denoisers_of_wan_22_work_each_on_its_side_of_the_boundary(further):
    pipeline, seen = further("wan22"), []
    parts = [pipeline.loaded.transformer, pipeline.loaded.transformer_2]
    hooks = [part.register_forward_pre_hook(lambda *_, place=place: seen.append(place))
             for place, part in enumerate(parts)]  # fmt: skip
    run(pipeline, steps=6)
    for hook in hooks:
        hook.remove()
    assert set(seen) == {0, 1} and seen == sorted(seen)
    assert sum(type(one.module).__name__ == "WanTransformer3DModel" for one in pipeline.weights) == 2


@pytest.mark.parametrize("image", [None, PHOTO])
def test_a_family_with_latents_of_its_own_decodes_them_itself(further, image):
    """LTX: packed latents, a frame rate, another class for images."""
    one, other = (run(further("ltx"), image=image, fps=fps, **sized("ltx")) for fps in (25.0, 8.0))
    assert one.images.shape == (9, 64, 64, 3) and one.latents is None and one.images.isfinite().all()
    assert not torch.equal(one.images, other.images)


@pytest.mark.parametrize("family", ["wan", "wan_i2v", "ltx"])
def test_cancel_ends_it_at_the_next_step_and_the_next_run_is_the_same(further, family):
    pipeline = further(family)
    linked = sized(family, **({"image": PHOTO} if family == "wan_i2v" else {}))
    before, watch = run(pipeline, **linked), Steps(stop_after=1)
    with pytest.raises(Stopped):
        run(pipeline, watch, **linked)
    assert len(watch.seen) == 1 and torch.equal(run(pipeline, **linked).images, before.images)


class Late(Steps):
    """Stops once all steps are done: in the middle of decoding."""

    def check(self) -> None:
        if len(self.seen) == 2:
            self.looks = getattr(self, "looks", 0) + 1
            if self.looks > 3:
                raise Stopped


def test_what_only_works_on_pictures_is_refused(further):
    with pytest.raises(ArgumentError, match="No ControlNet and no IP-Adapter works on videos here"):
        run(replace(further("wan"), controls=(object(),)))


def test_cancel_also_ends_the_decoding_of_a_video(further):
    pipeline = further("wan")
    before = run(pipeline, frames=17)
    with pytest.raises(Stopped):
        run(pipeline, Late(), frames=17)
    decoder = pipeline.loaded.vae.decoder
    assert not decoder._forward_pre_hooks and torch.equal(run(pipeline, frames=17).images, before.images)


def test_every_step_is_seen_with_its_latents(further):
    watch = Steps()
    made = run(further("wan"), watch)
    last = watch.seen[-1][1]
    assert [done for done, _ in watch.seen] == [1, 2] and last is not None and made.latents is not None
    assert torch.allclose(scale_of(further("wan").loaded.vae).to_comfy(last), made.latents, atol=1e-5)


def test_another_scheduler_leaves_the_pipeline_as_it_was(further):
    pipeline = further("wan")
    before = run(pipeline)
    other = pipeline.with_scheduler(scheduler_for(pipeline.loaded, pipeline.loaded.scheduler, "UniPCMultistep"))
    assert not torch.equal(run(other).images, before.images) and torch.equal(run(pipeline).images, before.images)


def test_frames_are_encoded_and_decoded_as_one_video(further):
    pipeline = further("wan")
    made = run(pipeline)
    assert made.latents is not None
    assert torch.equal(decode_latents(pipeline, made.latents, PlainMemory()), made.images)
    encoded = [encode_images(pipeline, CLIP[:count], PlainMemory()) for count in (9, 8, 1)]
    assert [tuple(one.shape) for one in encoded] == [(1, 16, 3, 6, 8), (1, 16, 2, 6, 8), (1, 16, 1, 6, 8)]
    assert decode_latents(pipeline, torch.zeros(2, 16, 2, 6, 8), PlainMemory()).shape == (10, 48, 64, 3)


def test_latents_in_another_scale_than_comfyuis_are_refused(further):
    with pytest.raises(ArgumentError, match="a scale that is not ComfyUI's"):
        encode_images(further("ltx"), CLIP, PlainMemory())
    with pytest.raises(ArgumentError, match="a scale that is not ComfyUI's"):
        decode_latents(further("ltx"), torch.zeros(1, 8, 2, 2, 2), PlainMemory())


def test_no_size_takes_the_images_shape_in_the_pipelines_area(further):
    from lectern.pipelines.frames import chosen_frames, chosen_size

    pipe = further("wan").loaded
    assert chosen_size(pipe, 0, 0, None) == (832, 480)
    assert chosen_size(pipe, 0, 0, torch.zeros(1, 3000, 2000, 3)) == (512, 768)
    assert chosen_size(pipe, 0, 0, torch.zeros(1, 100, 200, 3)) == (192, 96)
    assert chosen_frames(pipe, 0, None) == 81


@pytest.mark.parametrize(
    ("family", "changes", "error", "said"),
    [
        ("wan", {"frames": 6}, FramesError, "a multiple of 4 more, got 6. The next possible numbers are 5 and 9"),
        ("ltx", {"frames": 10}, FramesError, "a multiple of"),
        ("wan", {"width": 40}, SizeError, "multiples of 16 pixels, got 40x48. The next possible sizes are 32x48 and"),
        ("wan22_small", {}, SizeError, "multiples of 32 pixels"),
        ("wan", {"image": PHOTO}, ArgumentError, "trained for text alone. Unlink image"),
        ("wan22", {"video": CLIP}, ArgumentError, "cannot work with its transformer_2"),
        ("wan22_small", {"video": CLIP, "height": 64}, ArgumentError, "cannot work with its expand_timesteps"),
        ("ltx", {"video": CLIP}, ArgumentError, "makes no video from video with LTXPipeline. Unlink video"),
        ("wan", {"video": CLIP, "image": PHOTO}, ArgumentError, "An image and a video are linked"),
        ("wan_i2v", {}, ArgumentError, "Link one as image"),
        ("wan", {"end_image": PHOTO}, ArgumentError, "takes no last frame. Unlink end_image"),
        ("wan_i2v", {"image": PHOTO, "end_image": PHOTO}, ArgumentError, "trained for a first frame alone"),
        ("wan_flf", {"image": PHOTO}, ArgumentError, "Link the last one as end_image"),
        ("wan_i2v", {"image": PHOTO, "width": 56}, SizeError, "multiples of 16"),
        ("wan", {"video": CLIP, "frames": 13}, FramesError, "The linked video has 9 frames, and 13 are asked for"),
        ("wan", {"video": CLIP, "denoise": 0.1}, ArgumentError, "leaves none of 2 steps"),
        ("wan", {"arguments": {"etha": 1}}, ArgumentError, "no argument 'etha' to set. It takes: guidance_scale_2="),
        ("wan", {"arguments": {"num_frames": 5}}, ArgumentError, "num_frames has an input of its own, frames"),
        ("wan", {"arguments": {"num_videos_per_prompt": 2}}, ArgumentError, "no argument 'num_videos_per_prompt'"),
        ("wan", {"arguments": {"guidance_scale_2": 2}}, ArgumentError, "does not take these values"),
        ("sd15", {}, ArgumentError, "makes pictures. Link it to the node Pipeline Sample"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_the_next_run_works(further, family, changes, error, said):
    with pytest.raises(error) as caught:
        run(further(family), **changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert run(further("wan"), frames=1, steps=1).images.isfinite().all()


def test_the_node_for_pictures_points_to_the_one_for_videos(further):
    with pytest.raises(ArgumentError, match=r"WanPipeline makes videos\. Link it to the node Pipeline Video"):
        sample(further("wan"), Request("a cat"), PlainMemory(), core_noise, Steps())
