"""Headers read and models recognised, without a weight; the shipped configs by what is publicly known of the models."""

import json
import struct
from pathlib import Path

import pytest
import torch
from accelerate import init_empty_weights

from lectern.pipelines.errors import FolderError
from lectern.pipelines.families import family_of_pipeline
from lectern.pipelines.gguffiles import read_gguf_head
from lectern.pipelines.singlefile import CONFIGS, opened, scheduler
from support.tiny.singlefiles import gguf_denoiser, weights, write

UNET, SD1, SD2, XL = "UNet2DConditionModel", 859_520_964, 865_910_724, 2_567_463_684
CLIP, PROJECTED = "CLIPTextModel", "CLIPTextModelWithProjection"
FLUX, SD3, WAN = "FluxTransformer2DModel", "SD3Transformer2DModel", "WanTransformer3DModel"
VAE = "AutoencoderKL"


@pytest.mark.parametrize(
    ("part", "kind", "count"),
    [
        ("sd15/unet", UNET, SD1), ("sd21/unet", UNET, SD2), ("sd21_base/unet", UNET, SD2), ("sdxl/unet", UNET, XL),
        ("sdxl_refiner/unet", UNET, 2_259_526_660), ("sd15/vae", VAE, 83_653_863), ("sdxl/vae", VAE, 83_653_863),
        ("flux_dev/vae", VAE, 83_819_683), ("sd3_medium/vae", VAE, 83_819_683),
        ("sd15/text_encoder", CLIP, 123_060_480), ("sd21/text_encoder", CLIP, 340_387_840),
        ("sdxl/text_encoder", CLIP, 123_060_480), ("sdxl/text_encoder_2", PROJECTED, 694_659_840),
        ("sd3_medium/text_encoder", PROJECTED, 123_650_304), ("sd3_medium/text_encoder_2", PROJECTED, 694_659_840),
        ("flux_dev/transformer", FLUX, 11_901_408_320), ("flux_schnell/transformer", FLUX, 11_891_178_560),
        ("sd3_medium/transformer", SD3, 2_028_328_000), ("sd35_large/transformer", SD3, 8_056_627_520),
        ("qwen_image/transformer", "QwenImageTransformer2DModel", 20_430_401_088),
        ("wan21_t2v_1_3b/transformer", WAN, 1_418_996_800), ("wan21_t2v_14b/transformer", WAN, 14_288_491_584),
        ("wan21_i2v_14b/transformer", WAN, 16_394_878_784), ("wan22_ti2v_5b/transformer", WAN, 4_999_787_712),
    ],
)  # fmt: skip
def test_a_shipped_config_makes_a_model_of_the_known_size(part, kind, count):
    import diffusers
    import transformers

    values = json.loads((CONFIGS / part / "config.json").read_text("utf-8"))
    with init_empty_weights():
        if kind.startswith("CLIP"):
            model = getattr(transformers, kind)(transformers.CLIPTextConfig.from_pretrained(CONFIGS / part))
        else:
            model = getattr(diffusers, kind).from_config(values)
    assert sum(one.numel() for one in model.parameters()) == count


def test_the_shipped_configs_are_small_and_without_weights():
    files = [file for file in CONFIGS.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == {".json"}
    assert sum(file.stat().st_size for file in files) < 64 << 10


def test_padding_is_what_each_text_encoder_was_trained_with():
    settings = {
        file.parent.relative_to(CONFIGS).as_posix(): json.loads(file.read_text("utf-8"))
        for file in CONFIGS.rglob("tokenizer_config.json")
    }
    padding = {name: one["pad_token"] for name, one in settings.items() if one["tokenizer_class"] == "CLIPTokenizer"}
    assert {name for name, one in padding.items() if one == "!"} == {
        "sd21/tokenizer", "sd21_base/tokenizer", "sdxl/tokenizer_2", "sdxl_refiner/tokenizer_2",
        "sd3_medium/tokenizer_2", "sd35_medium/tokenizer_2", "sd35_large/tokenizer_2",
    }  # fmt: skip
    assert {one["model_max_length"] for one in settings.values()} == {77, 512}


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("StableDiffusionPipeline", "Stable Diffusion 1.5"), ("StableDiffusionInpaintPipeline", "Stable Diffusion 1.5"),
        ("StableDiffusionXLImg2ImgPipeline", "SDXL"), ("StableDiffusion3Pipeline", "Stable Diffusion 3"),
        ("FluxKontextPipeline", "Flux"), ("Flux2Pipeline", None), ("QwenImageEditPipeline", "Qwen-Image"),
        ("WanImageToVideoPipeline", "Wan"), ("KandinskyPipeline", None),
    ],
)  # fmt: skip
def test_a_pipelines_family_is_told_by_its_class(kind, label):
    found = family_of_pipeline(kind)
    assert (found.label if found else None) == label


def stub(file: Path, *encoders: str, **more: torch.Tensor) -> Path:
    """As much of a checkpoint with a UNet as tells its family."""
    names = ("input_blocks.0.0.weight", "middle_block.0.in_layers.0.weight", "out.2.weight")
    tensors = {f"model.diffusion_model.{name}": torch.zeros(4, 4) for name in names}
    tensors["model.diffusion_model.middle_block.1.proj_in.weight"] = torch.zeros(2, 2)
    tensors |= {name + "x": torch.zeros(1) for name in (*encoders, "first_stage_model.decoder.")}
    return write(file, tensors | {name.replace("__", "."): tensor for name, tensor in more.items()})


@pytest.mark.parametrize(("spread", "folder"), [(0.02, "sd21_base"), (0.2, "sd21")])
def test_what_stable_diffusion_2_predicts_is_told_by_one_small_tensor(tmp_path, spread, folder):
    name = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
    file = stub(
        tmp_path / "sd2.safetensors", "cond_stage_model.model.", **{name: torch.tensor([-spread, spread] * 160)}
    )
    assert opened(file, None).folder == CONFIGS / folder


def test_sdxl_models_that_predict_v_say_so(tmp_path):
    encoders = ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model.")
    adm = {"model.diffusion_model.label_emb.0.0.weight": torch.zeros(2, 2)}
    plain = opened(stub(tmp_path / "plain.safetensors", *encoders, **adm), None)
    marks = {"v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)}
    marked = opened(stub(tmp_path / "marked.safetensors", *encoders, **adm, **marks), None)
    assert plain.folder == marked.folder == CONFIGS / "sdxl" and scheduler(plain) is None
    config = scheduler(marked).config
    assert (config["prediction_type"], config["rescale_betas_zero_snr"]) == ("v_prediction", True)
    assert config["timestep_spacing"] == "trailing" and config["beta_schedule"] == "scaled_linear"


WAN_NAMES = {"blocks.0.cross_attn.k.weight": (2, 2), "head.modulation": (1, 2, 2)}
QWEN_NAMES = {"transformer_blocks.0.img_mod.1.weight": (2, 2), "txt_norm.weight": (2,)}


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (WAN_NAMES | {"patch_embedding.weight": (1536, 16, 1, 2, 2)},
         "is Wan and holds transformer alone; text_encoder, vae are missing. Choose in base a Wan pipeline folder"),
        (WAN_NAMES | {"patch_embedding.weight": (5120, 36, 1, 2, 2)}, "text_encoder, image_encoder, vae are missing"),
        (QWEN_NAMES | {"img_in.weight": (3072, 64)}, "is Qwen-Image and holds transformer alone; text_encoder, vae"),
    ],
)  # fmt: skip
def test_a_denoiser_alone_names_what_is_missing(tmp_path, shapes, said):
    file = write(tmp_path / "file.safetensors", {f"diffusion_model.{name}": torch.zeros(one)
                                                 for name, one in shapes.items()})  # fmt: skip
    with pytest.raises(FolderError) as caught:
        opened(file, None)
    assert said in str(caught.value)


class TestGguf:
    @pytest.fixture
    def file(self, tiny: Path, tmp_path: Path) -> Path:
        return gguf_denoiser(tiny / "flux", tmp_path / "models" / "flux.gguf")

    def test_the_header_gives_torchs_shapes(self, file, tiny):
        head = read_gguf_head(file)
        expected = {name: tuple(one.shape) for name, one in weights(tiny / "flux/transformer").items()}
        assert {name: one.shape for name, one in head.items()} == expected
        assert {one.stored for one in head.values()} == {"F32", "Q8_0"}

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda data: data[:-40], "it ends after"),
            (lambda data: data[:500], "its header is damaged"),
            (lambda data: data[:10], "its header is damaged"),
            (lambda data: b"", "it does not begin as one"),
            (lambda data: b"GGML" + data[4:], "it does not begin as one"),
            (lambda data: data[:4] + struct.pack("<I", 9) + data[8:], "its version is 9, known are 2 and 3"),
            (lambda data: data[:8] + b"\xff" * 16 + data[24:], "its header is damaged"),
            (lambda data: data[:24] + b"\xff" * 8 + data[32:], "its header is damaged"),
        ],
    )
    def test_a_damaged_one_is_one_sentence(self, file, spoil, said):
        file.write_bytes(spoil(file.read_bytes()))
        with pytest.raises(FolderError) as caught:
            read_gguf_head(file)
        assert "models/flux.gguf is not a whole GGUF file that can be read" in str(caught.value)
        assert said in str(caught.value) and "\n" not in str(caught.value)
