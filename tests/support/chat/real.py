"""The one real chat server of the tests: `transformers serve` with a tiny model of random weights, made on the spot.

Its answers are nonsense, but they are real ones: tokens that stream, seeds that count, fields that are refused.
A folder of tests gets the fixture by its conftest.py: `from support.chat.real import real_server as real_server`.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import pytest

_SPECIAL = ("<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>")
_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for part in m['content'] %}{{ part['text'] if part['type'] == 'text' else '' }}{% endfor %}{% endif %}</s>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_LENGTH = 16_384  # tokens; so many take it more than ten seconds
_USUAL = 64  # tokens of an answer when nothing is said about it
_START = 240.0  # seconds; importing alone takes 10 on a machine that does nothing else


class RealServer(NamedTuple):
    url: str  # as an entry of lectern.toml names it
    model: str


def make_model(folder: Path) -> Path:
    """A Llama of some 100,000 parameters whose tokens are bytes.

    It samples, so that seeds count, and writes as much as it is allowed to, so that there is time to stop it.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *letters])}
    cutter = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    cutter.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    cutter.add_special_tokens(list(_SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=cutter, bos_token="<s>", eos_token="</s>", pad_token="<pad>", model_max_length=_LENGTH
    )
    tokenizer.chat_template = _TEMPLATE
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=_LENGTH,
            **ids,  # type: ignore[arg-type]
        )
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=1.0, max_new_tokens=_USUAL, suppress_tokens=list(range(len(_SPECIAL))), **ids
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextmanager
def served(folder: Path, model: Path | None = None) -> Iterator[RealServer]:
    """`transformers serve` on a free port, offline, with all that it writes below the folder."""
    model = model or make_model(folder / "model")
    (folder / "hub").mkdir(exist_ok=True)  # else its list of models is an error
    port = _free_port()
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(model)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "PYTHONWARNINGS": "default"}
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _until_ready(process, port, folder / "serve.log")
            yield RealServer(f"http://127.0.0.1:{port}/v1", str(model))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with served(tmp_path_factory.mktemp("transformers")) as server:
        yield server


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"`transformers serve` did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
