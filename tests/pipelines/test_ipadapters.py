"""IP-Adapters on tiny pipelines: what they change, and that nothing of them stays on the shared denoiser."""

from pathlib import Path
from typing import Any

import pytest
import torch

from lectern.pipelines import ipadapters
from lectern.pipelines.adapterfiles import adapter_path, find_adapters
from lectern.pipelines.adapterloading import AUTO, AdapterLoader
from lectern.pipelines.controlfamilies import denoiser_of
from lectern.pipelines.controlloading import ControlLoader
from lectern.pipelines.controlnets import Control
from lectern.pipelines.errors import ArgumentError, FolderError, IPAdapterError
from lectern.pipelines.ipadapters import Adapter, adapted, checked_scale, clip_pixels
from lectern.pipelines.pipeline import Pipeline
from lectern.pipelines.visions import find_encoders, read_encoder
from support.tiny import FAMILIES
from support.tiny.aligned import aligned
from support.tiny.controls import POOLED, VISION, controlnet, ip_adapter, vision_encoder, written
from support.tiny.parts import diffusers

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import run

pytestmark = pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning")

DRAWN = torch.Generator().manual_seed(4)
PICTURE = torch.rand(1, 50, 70, 4, generator=DRAWN)
IMAGE = torch.rand(1, 48, 64, 3, generator=DRAWN)
MASK = torch.cat([torch.zeros(1, 48, 32), torch.ones(1, 48, 32)], 2)
TASKS = {"text": {}, "image": {"image": IMAGE, "denoise": 0.7}, "inpaint": {"image": IMAGE, "mask": MASK}}
CASES = ["sd15", "sdxl", "flux", "sd15_plus", "sdxl_plus"]


@pytest.fixture(scope="module")
def files(pipelines: dict[str, Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As h94/IP-Adapter lays them out. Read only."""
    folder = tmp_path_factory.mktemp("ipadapter")
    for case in CASES:
        tensors = ip_adapter(pipelines[case.split("_")[0]].loaded, plus=case.endswith("plus"))
        written(tensors, folder / "models" / f"{case}.safetensors")
    vision_encoder().save_pretrained(folder / "models" / "image_encoder")
    vision_encoder(hidden=16, pooled=12).save_pretrained(folder / "others" / "image_encoder")
    return folder


@pytest.fixture(scope="module")
def load(files: Path, pipelines: dict[str, Pipeline]):
    loader, encoders = AdapterLoader(PlainMemory()), find_encoders([], [files])

    def load(case: str, **options: Any) -> Adapter:
        pipe = pipelines[case.split("_")[0]].loaded
        with torch.inference_mode():
            parts = loader.load(files / "models" / f"{case}.safetensors", AUTO, encoders, pipe)
        return Adapter(*parts, options.pop("images", PICTURE), **options)

    return load


def test_the_lists_hold_adapters_and_encoders(files, tiny, tmp_path):
    assert list(find_adapters([files, tmp_path / "absent"])) == [f"models/{case}.safetensors" for case in sorted(CASES)]
    # Single files only of the first roots; text encoders are none.
    encoders = list(find_encoders([tmp_path], [files, tiny]))
    assert encoders == ["models/image_encoder", "others/image_encoder"]
    for name in ("", "../x.safetensors", "models/image_encoder/model.safetensors"):
        with pytest.raises(IPAdapterError, match="There is no IP-Adapter"):
            adapter_path(name, [files])
    with pytest.raises(IPAdapterError, match=r"There is no IP-Adapter .* that are there: none\."):
        adapter_path("any", [tmp_path])


@pytest.mark.parametrize("case", CASES)
def test_the_picture_counts_and_without_scale_it_does_not(pipelines, load, case):
    pipeline = pipelines[case.split("_")[0]]
    tasks = TASKS if case in FAMILIES else {"text": {}}
    for settings in tasks.values():
        plain, seen, other, unseen = (
            run(one, steps=2, **settings).images
            for one in (
                pipeline, pipeline.with_adapter(load(case)), pipeline.with_adapter(load(case, images=1 - PICTURE)),
                pipeline.with_adapter(load(case, scale=0.0)),
            )
        )  # fmt: skip
        assert not torch.allclose(seen, plain, atol=1e-3) and not torch.allclose(seen, other, atol=1e-3)
        assert torch.allclose(unseen, plain, atol=1e-5)


@pytest.mark.parametrize("case", ["sd15", "sdxl", "sd15_plus"])
@pytest.mark.parametrize("guidance", [1.0, 7.5])
def test_it_makes_what_diffusers_own_loader_makes(pipelines, load, files, case, guidance):
    """load_ip_adapter() on a pipeline of its own, with its own image processing."""
    from transformers import CLIPImageProcessorPil

    pipeline, settings = pipelines[case.split("_")[0]], {"steps": 2, "batch_size": 2, "guidance_scale": guidance}
    square = torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(1)).mul(255).round() / 255
    made = run(pipeline.with_adapter(load(case, images=square)), **settings)
    own = diffusers().DiffusionPipeline.from_pretrained(str(pipeline.spec.path), local_files_only=True)
    side = {"height": 32, "width": 32}
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side)
    own.register_modules(image_encoder=vision_encoder(), feature_extractor=processor)
    own.load_ip_adapter(str(files / "models"), subfolder="", weight_name=f"{case}.safetensors")
    own.set_ip_adapter_scale(0.6)
    own.set_progress_bar_config(disable=True)
    noise = torch.randn(2, 4, 6, 8, generator=torch.Generator().manual_seed(3))
    plain = own(
        "a cat", num_inference_steps=2, width=64, height=48, num_images_per_prompt=2, latents=noise, output_type="pt",
        ip_adapter_image=[square.movedim(-1, 1)[0].mul(255).byte().movedim(0, -1).numpy()], guidance_scale=guidance,
    ).images  # fmt: skip
    assert torch.allclose(made.images, plain.movedim(1, -1), atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
class TestNothingStays:
    def test_after_a_run_and_after_cancel(self, pipelines, load, family):
        pipeline, denoiser = pipelines[family], denoiser_of(pipelines[family].loaded)
        before, state = run(pipeline, steps=2).images, traces(denoiser)
        derived = pipeline.with_adapter(load(family))
        made = run(derived, steps=2).images
        assert traces(denoiser) == state
        with pytest.raises(Stopped):
            run(derived, Steps(stop_after=1), steps=2)
        assert traces(denoiser) == state
        assert torch.equal(run(pipeline, steps=2).images, before)
        assert torch.equal(run(derived, steps=2).images, made)

    def test_while_it_is_on_the_denoisers_own_weights_have_their_names(self, pipelines, load, family):
        """ComfyUI's memory manager moves those, and the adapter's for themselves."""
        pipeline = pipelines[family]
        names = list(denoiser_of(pipeline.loaded).state_dict())
        with adapted(pipeline.loaded, [load(family)]):
            assert list(denoiser_of(pipeline.loaded).state_dict()) == names


def traces(denoiser: Any) -> list[Any]:
    """What an adapter touches: the very processors, in their places, and what reads the pictures."""
    processors = [(name, id(one)) for name, one in denoiser.attn_processors.items()]
    kept = [sorted(vars(denoiser)), getattr(denoiser, "encoder_hid_proj", None), sorted(vars(denoiser.config))]
    return [processors, kept, denoiser.config.get("encoder_hid_dim_type"), len(list(denoiser.modules()))]


class TestSeveral:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_adapters_in_a_row_work_together(self, pipelines, load, family):
        one, other = load(family), load(family, images=1 - PICTURE, scale=0.3)
        alone, both = pipelines[family].with_adapter(one), pipelines[family].with_adapter(one).with_adapter(other)
        silent = alone.with_adapter(load(family, images=1 - PICTURE, scale=0.0))
        made = [run(pipeline, steps=2).images for pipeline in (alone, both, silent)]
        assert not torch.allclose(made[0], made[1], atol=1e-3) and torch.allclose(made[0], made[2], atol=1e-5)

    def test_of_two_kinds_too(self, pipelines, load):
        both = pipelines["sd15"].with_adapter(load("sd15")).with_adapter(load("sd15_plus", mask=MASK))
        assert run(both, steps=2).images.isfinite().all()

    def test_a_batch_is_several_pictures_of_one(self, pipelines, load):
        pictures = torch.cat([PICTURE, 1 - PICTURE])
        one, both, masked = (
            run(pipelines["sd15"].with_adapter(load("sd15", **options)), steps=2).images
            for options in ({}, {"images": pictures}, {"images": pictures, "mask": MASK})
        )
        assert one.shape == both.shape and not torch.equal(one, both) and not torch.equal(both, masked)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_controlnet_beside_it(self, pipelines, load, family, tmp_path):
        controlnet(pipelines[family].loaded).save_pretrained(tmp_path / "net")
        weights = ControlLoader(PlainMemory()).load(tmp_path / "net", pipelines[family].loaded)
        steered, seen = pipelines[family].with_control(Control(weights, PICTURE)), load(family)
        made = [run(one, steps=2).images for one in (steered, steered.with_adapter(seen))]
        assert not torch.allclose(made[0], made[1], atol=1e-3)
        assert len(steered.with_adapter(seen).all_weights()) == len(pipelines[family].weights) + 3


def test_a_mask_says_where_it_counts(pipelines, load):
    """A mask that is black everywhere is the picture without the adapter."""
    plain, masked, dark = (
        run(one, steps=2).images
        for one in (
            pipelines["sd15"], pipelines["sd15"].with_adapter(load("sd15", mask=MASK)),
            pipelines["sd15"].with_adapter(load("sd15", mask=torch.zeros(1, 8, 8))),
        )
    )  # fmt: skip
    assert torch.allclose(dark, plain, atol=1e-5) and not torch.allclose(masked, plain, atol=1e-3)


def test_scales_for_each_layer(pipelines, load):
    whole, some, none = (
        run(pipelines["sd15"].with_adapter(load("sd15", scale=checked_scale(0.6, text))), steps=2).images
        for text in ("", '{"down": {"block_0": [0.6]}}', '{"down": {"block_0": [0.0]}}')
    )
    assert not torch.allclose(whole, some, atol=1e-4)
    assert torch.allclose(none, run(pipelines["sd15"], steps=2).images, atol=1e-5)


@pytest.mark.parametrize("text", ["{", "0.5", "{}", '"up"', "[" * 100000])
def test_scales_that_are_no_object_or_list_are_refused(text):
    with pytest.raises(ArgumentError, match=r"layer_scales .* Write an object such as"):
        checked_scale(0.6, text)


@pytest.mark.parametrize(
    ("family", "options", "said"),
    [
        ("sd15", {"scale": {"down": {"block_9": 1.0}}}, "layer_scales does not fit the layers of StableDiffusion"),
        ("sd15", {"scale": {"down": {"block_0": [1.0, 1.0, 1.0]}}}, "layer_scales does not fit"),
        ("flux", {"scale": {"down": 1.0}}, "layer_scales does not fit the layers of FluxPipeline"),
        ("flux", {"mask": MASK}, "The IP-Adapter of FluxPipeline knows no mask. Unlink mask."),
    ],
)
def test_a_mistake_leaves_nothing_behind(pipelines, load, family, options, said):
    state = traces(denoiser_of(pipelines[family].loaded))
    with pytest.raises(ArgumentError) as caught:
        run(pipelines[family].with_adapter(load(family, **options)))
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert traces(denoiser_of(pipelines[family].loaded)) == state


def test_weights_are_read_once(pipelines, files, load):
    first, again = load("sd15"), load("sd15", images=1 - PICTURE)
    assert first.parts == again.parts and first.module is again.module
    assert load("sd15_plus").encoder is first.encoder and load("sd15_plus").layers is not first.layers


FACE = {"image_proj.proj.0.weight": (8, 8), "image_proj.proj.2.weight": (8, 8), "image_proj.norm.weight": (8,)}


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (FACE | {"ip_adapter.1.to_k_ip.weight": (8, 8)}, "is a FaceID adapter, which reads faces with the package"),
        ({"image_proj.perceiver_resampler.proj_in.weight": (8, 8)}, "is a FaceID adapter"),
        ({"model.weight": (8, 8)}, "is no IP-Adapter: it lacks the tensors"),
        ({"image_proj.proj.weight": (8, 8)}, "is no IP-Adapter"),
    ],
)
def test_files_of_another_kind_are_refused(pipelines, files, tmp_path, shapes, said):
    file = written({name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / "other.safetensors")
    with pytest.raises(IPAdapterError, match=said):
        AdapterLoader(PlainMemory()).load(file, AUTO, find_encoders([], [files]), pipelines["sd15"].loaded)


@pytest.mark.parametrize(
    ("family", "case", "encoder", "said"),
    [
        ("sdxl", "sd15", AUTO, r"for another model than StableDiffusionXLPipeline: it has \d layers of width 32, this"),
        ("sd15", "flux", AUTO, r"for another model than StableDiffusionPipeline: it has 1 layers of width 32, this"),
        ("sd15", "sd15", "others/image_encoder", rf"is 12 wide, but sd15.safetensors needs one of width {POOLED}\."),
        ("sd15", "sd15_plus", "others/image_encoder", rf"is 16 wide, .* needs one of width {VISION}\."),
        ("sd15", "sd15", "absent", r"There is no image encoder 'absent'"),
    ],
)
def test_what_does_not_fit_is_refused(pipelines, files, family, case, encoder, said):
    loader, encoders = AdapterLoader(PlainMemory()), find_encoders([], [files])
    with pytest.raises(IPAdapterError, match=said):
        loader.load(files / "models" / f"{case}.safetensors", encoder, encoders, pipelines[family].loaded)


def test_no_encoder_that_fits_is_said(pipelines, files):
    loader, encoders = AdapterLoader(PlainMemory()), find_encoders([], [files / "others"])
    with pytest.raises(IPAdapterError, match=rf"needs one of width {POOLED}. There is: image_encoder. Put the right"):
        loader.load(files / "models/sd15.safetensors", AUTO, encoders, pipelines["sd15"].loaded)


def test_a_part_that_is_missing_is_said(pipelines, files, tmp_path):
    tensors = ip_adapter(pipelines["sd15"].loaded, plus=True)
    del tensors["image_proj.layers.2.1.1.weight"]
    file, encoders = written(tensors, tmp_path / "part.safetensors"), find_encoders([], [files])
    with pytest.raises(IPAdapterError, match=r"part\.safetensors lacks a part of an IP-Adapter"):
        AdapterLoader(PlainMemory()).load(file, AUTO, encoders, pipelines["sd15"].loaded)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(FolderError, match="is not a whole safetensors file"):
        AdapterLoader(PlainMemory()).load(file, AUTO, encoders, pipelines["sd15"].loaded)


def test_a_single_file_of_an_encoder_is_read_as_its_folder(tmp_path):
    """ViT-H in ComfyUI's models/clip_vision, here with few and narrow layers."""
    model = vision_encoder(hidden=1280, pooled=32, heads=16, patch=14)
    model.save_pretrained(tmp_path / "folder")
    file = tmp_path / "vit_h.safetensors"
    (tmp_path / "folder/model.safetensors").rename(file)
    found = find_encoders([tmp_path], [])
    assert list(found) == ["vit_h.safetensors"]
    pixels = clip_pixels(PICTURE, 56)
    with torch.no_grad():
        read, plain = (one(pixels).image_embeds for one in (aligned(read_encoder(file, torch.float32)), model.eval()))
    assert torch.equal(read, plain)


def test_pictures_are_cut_as_clips_own_processor_cuts_them():
    from transformers import CLIPImageProcessorPil

    picture = torch.rand(1, 50, 70, 3, generator=torch.Generator().manual_seed(1)).mul(255).round() / 255
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    own = processor(picture[0].mul(255).byte().numpy(), return_tensors="pt").pixel_values
    off = (clip_pixels(picture, 32) - own).abs()
    assert off.mean() < 0.01 and off.max() < 0.1  # it rounds to whole bytes twice on the way


def test_of_a_long_strip_only_the_middle_is_made_larger(monkeypatch):
    """The whole one would be 16384 times as long as it is high, at the encoder's height."""
    strip, sizes = torch.rand(1, 1, 16384, 3), []
    original = ipadapters.interpolate
    monkeypatch.setattr(ipadapters, "interpolate", lambda *a, **k: (sizes.append(a[1]), original(*a, **k))[1])
    assert clip_pixels(strip, 32).shape == (1, 3, 32, 32) and sizes == [(32, 256)]


@pytest.mark.parametrize(
    "config",
    ['{"model_type": "clip", "vision_config": [1]}', '{"model_type": "clip", "projection_dim": "x"}', '"owner/name"'],
)
def test_an_encoder_of_odd_settings_hides_no_other(pipelines, files, tmp_path, config):
    written({"a": torch.zeros(1)}, tmp_path / "odd" / "model.safetensors")
    (tmp_path / "odd" / "config.json").write_text(config)
    encoders = find_encoders([], [tmp_path, files])
    parts = AdapterLoader(PlainMemory()).load(
        files / "models/sd15.safetensors", AUTO, encoders, pipelines["sd15"].loaded
    )
    assert len(parts) == 2


@pytest.mark.parametrize("shape", [(), (8,), (8, 8, 8)])
def test_tensors_of_odd_shapes_are_one_sentence(pipelines, files, tmp_path, shape):
    file = written({"image_proj.proj.weight": torch.zeros(shape), "ip_adapter.1.to_k_ip.weight": torch.zeros(shape)},
                   tmp_path / "odd.safetensors")  # fmt: skip
    with pytest.raises(IPAdapterError, match=r"odd\.safetensors"):
        AdapterLoader(PlainMemory()).load(file, AUTO, find_encoders([], [files]), pipelines["sd15"].loaded)
