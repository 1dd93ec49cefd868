"""Decoding at a remote VAE: the same pictures as at home, and what a broken or hostile endpoint can do."""

from typing import Any

import pytest
import torch
from aiohttp import web

from lectern.decoders import Decoder
from lectern.pipelines.endpoint import Fetching, fetch, label_of
from lectern.pipelines.errors import ArgumentError, DecoderError
from lectern.pipelines.remote import frames_of, questions
from lectern.pipelines.vae import decode_latents
from support.decoder import DecoderServer, stretched

from .conftest import PlainMemory

SIZES = {"sd15": (2, 4, 4, 6), "flux": (1, 16, 4, 6), "qwen": (2, 16, 1, 4, 6), "wan": (1, 16, 3, 4, 6)}


def entry(server: DecoderServer, **changes: Any) -> Decoder:
    quick = {"connect_seconds": 2, "first_byte_seconds": 5, "total_seconds": 10}
    return Decoder(**{"url": server.url, **quick, **changes})


async def remotely(pipeline, latents: torch.Tensor, decoder: Decoder) -> torch.Tensor:
    asked = questions(pipeline, latents)
    answers = await fetch("far", decoder, asked, Fetching())
    label = label_of("far", decoder)
    return torch.cat([frames_of(label, one, *answer) for one, answer in zip(asked, answers, strict=True)])


@pytest.mark.parametrize("family", SIZES)
async def test_pictures_are_those_of_the_vae_at_home(further, family):
    """To the precision of fp16, in which both ways go."""
    pipeline = further(family)
    latents = torch.randn(SIZES[family], generator=torch.Generator().manual_seed(1))
    vae = pipeline.loaded.vae

    def decode(given: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return vae.decode(given, return_dict=False)[0]

    async with DecoderServer(decode) as server:
        far = await remotely(pipeline, latents, entry(server))
    home = decode_latents(pipeline, latents, PlainMemory())
    assert far.shape == home.shape and far.dtype == home.dtype and (far - home).abs().max() < 0.01
    assert len(server.requests) == SIZES[family][0]


async def test_the_request_is_that_of_diffusers_own_client(further, monkeypatch):
    from diffusers.utils import remote_utils

    pipeline, latents = further("flux"), torch.randn(1, 16, 4, 6)
    config = pipeline.loaded.vae.config
    scaled = ((latents - config.shift_factor) * config.scaling_factor).half()
    theirs = remote_utils.prepare_decode(scaled, None, True, config.scaling_factor, config.shift_factor, "pt", "png")
    (ours,) = questions(pipeline, latents)
    params = [(name, str(one)) for name, value in theirs["params"].items()
              for one in (value if isinstance(value, list) else [value])]  # fmt: skip
    assert sorted(ours.query) == sorted(params) and ours.body == theirs["data"]


async def test_the_token_goes_to_its_host_and_into_no_error(further, monkeypatch):
    monkeypatch.setenv("FAR_TOKEN", "hush-hush")
    pipeline, latents = further("sd15"), torch.zeros(1, 4, 4, 6)

    def echo(request: web.Request, *_: object) -> web.Response:
        return web.Response(status=500, text=f"you sent {dict(request.headers)}")

    async with DecoderServer(stretched, echo) as server:
        with pytest.raises(DecoderError) as caught:
            await remotely(pipeline, latents, entry(server, token_env="FAR_TOKEN"))
    assert server.requests[0]["headers"]["Authorization"] == "Bearer hush-hush"
    assert "HTTP 500" in str(caught.value) and "hush" not in str(caught.value)
    async with DecoderServer(stretched) as server:
        await remotely(pipeline, latents, entry(server))
    assert "Authorization" not in server.requests[0]["headers"]


def other(**headers: str):
    return lambda request, body, given: web.Response(body=body, headers=given | headers)


def status(number: int, **headers: str):
    return lambda *_: web.Response(status=number, text="no", headers=headers)


def cut(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=body[:-2], headers=headers)


def huge(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=bytes(3 << 20), headers=headers)


def no_numbers(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=b"\x00\x7e" * (len(body) // 2), headers=headers)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other(shape="[1, 3, 32, 40]"), r"answered with \(1, 3, 32, 40\) of float16, and pixels of \(1, 3, 32, 48\)"),
        (other(shape="[1, 3, 32, true]"), "answered with no shape"),
        (other(shape="[" * 100), "answered with no shape"),
        (other(shape="[-1, 3, 32, 48]"), "and pixels of"),
        (other(dtype="int64"), "of int64, and pixels of"),
        (other(dtype=""), "of no dtype"),
        (cut, r"sent 9214 bytes for .* which needs 9216"),
        (huge, "sent more than 1 MB in one answer"),
        (no_numbers, "pixels that are not numbers"),
        (status(302, Location="http://127.0.0.1:1/"), "points to another address"),
        (status(401), "wants a token"),
        (status(503), "may be starting; try again"),
        (status(404), r"refused the request \(HTTP 404: no\)"),
    ],
)
async def test_a_bad_answer_is_one_sentence(further, spoil, said):
    async with DecoderServer(stretched, spoil) as server:
        with pytest.raises(DecoderError, match=said) as caught:
            await remotely(further("sd15"), torch.zeros(1, 4, 4, 6), entry(server, answer_mb=1))
    assert "\n" not in str(caught.value) and "Decoder far (http://127.0.0.1:" in str(caught.value)


async def test_an_endpoint_that_is_off_or_silent_is_named(further):
    pipeline, latents = further("sd15"), torch.zeros(1, 4, 4, 6)
    with pytest.raises(DecoderError, match="cannot be reached"):
        await remotely(pipeline, latents, Decoder(url="http://127.0.0.1:9"))

    async with DecoderServer(stretched) as server:
        with pytest.raises(DecoderError, match="did not answer in time"):
            await remotely(pipeline, latents, entry(server, first_byte_seconds=1e-6))


def test_latents_of_another_model_are_not_sent(further):
    with pytest.raises(ArgumentError, match="Link a latent of the same kind of model"):
        questions(further("sd15"), torch.zeros(1, 16, 4, 4))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "ftp://host"}, "write it as http"),
        ({"url": "https://me:secret@host"}, "use token_env or token_file"),
        ({"url": "http://far.example/", "token_env": "T"}, "only sent over https"),
        ({"answer_mb": 0}, "greater than or equal to 1"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Decoder(**({"url": "https://far.example"} | changes))
