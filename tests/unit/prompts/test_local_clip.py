"""How a linked CLIP is asked, and what is made of its answer."""

import asyncio
import io
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from lectern.prompts.errors import AnswerError, Blind, ModelFolderError, Refused, Shortage
from lectern.prompts.local.clip import ClipBackend, context_of, text_of
from lectern.prompts.local.drawing import Drawing
from lectern.prompts.messages import Message, Question, Reply
from lectern.prompts.watching import Watch


class Writing(torch.nn.Module):
    def __init__(self, context: int | None) -> None:
        super().__init__()
        self.model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=context))

    def generate(self) -> None: ...


class Encoder(torch.nn.Module):
    """As core wraps them."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer


class Top(torch.nn.Module):
    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = Encoder(transformer)

    def generate(self) -> None: ...


class Clip:
    """Writes characters; a picture is a token that is no number where it sees."""

    def __init__(
        self, answer: str = "A red door", sees: bool = True, context: int | None = 4096, stops: int = 1
    ) -> None:
        self.cond_stage_model: Any = Top(Writing(context))
        self.asked: list[dict[str, Any]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.answer, self.sees = answer, sees
        self.error: BaseException | None = None

    def tokenize(self, text: str, **options: Any) -> dict[str, Any]:
        self.told.append((text, options))
        picture = options["image"]
        shown = [({"type": "image"}, 1.0)] if picture is not None and self.sees else []
        return {"llm": [[*shown, *((ord(letter), 1.0) for letter in text)]]}

    def generate(self, tokens: Any, **options: Any) -> list[int]:
        self.asked.append(options)
        if self.error:
            raise self.error
        return [*map(ord, self.answer), 0][: options["max_length"]]

    def decode(self, tokens: list[int]) -> str:
        return "".join(map(chr, tokens)).rstrip("\0")


def picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (255, 0, 0)).save(file, "JPEG")
    return file.getvalue()


def ask(
    clip: Clip, seed: int = 5, pictures: tuple[bytes, ...] = (), watch: Watch | None = None, **options: Any
) -> Reply:
    backend = ClipBackend(clip, **({"check": lambda: None, "max_tokens": 64} | options))
    question = Question((Message("system", "Be brief."), Message("user", "A door.", pictures)), seed)
    return asyncio.run(backend.ask(question, (watch or Watch()).part()))


def test_it_is_asked_as_cores_own_node_does():
    clip = Clip()
    reply = ask(clip, drawing=Drawing(0.6, top_k=20, top_p=0.9, repetition_penalty=1.1), thinking=True)
    ((text, told),) = clip.told
    assert text == "Be brief.\n\nA door."
    assert told == {
        "image": None,
        "skip_template": False,
        "min_length": 1,
        "thinking": True,
        "video": None,
        "audio": None,
    }
    assert clip.asked == [
        {
            "do_sample": True, "max_length": 64, "temperature": 0.6, "top_k": 20, "top_p": 0.9, "min_p": 0.0,
            "repetition_penalty": 1.1, "presence_penalty": 0.0, "seed": 5,
        }
    ]  # fmt: skip
    assert reply == Reply("A red door", True, 11)


def test_comfyuis_cache_finds_what_holds_its_memory():
    clip = Clip()
    clip.patcher = object()
    assert ClipBackend(clip, lambda: None).patcher is clip.patcher


def test_temperature_0_is_no_sampling():
    clip = Clip()
    ask(clip, drawing=Drawing(0.0))
    assert clip.asked[0]["do_sample"] is False


@pytest.mark.parametrize(("seed", "given"), [(0, 0), (2**64 - 1, 2**64 - 1), (2**64 + 3, 3), (-1, 2**64 - 1)])
def test_every_seed_is_one_that_torch_takes(seed, given):
    clip = Clip()
    ask(clip, seed=seed)
    assert clip.asked[0]["seed"] == given
    torch.Generator().manual_seed(given)


def test_pictures_go_as_one_batch_of_one_size():
    clip = Clip()
    ask(clip, pictures=(picture(40, 30), picture(20, 60)))
    shown = clip.told[-1][1]["image"]
    assert shown.shape == (2, 30, 40, 3) and shown.dtype == torch.float32
    assert shown[0, 0, 0].tolist() == pytest.approx([1, 0, 0], abs=0.02)


def test_one_that_does_not_see():
    clip = Clip(sees=False)
    with pytest.raises(Blind, match="does not read pictures"):
        ask(clip, pictures=(picture(8, 8),))
    assert clip.asked == []
    assert ask(clip).text == "A red door"


@pytest.mark.parametrize("top", [torch.nn.Linear(1, 1), Top(torch.nn.Linear(1, 1)), Encoder(Writing(None)), None])
def test_one_that_only_reads(top):
    clip = Clip()
    clip.cond_stage_model = top
    with pytest.raises(ModelFolderError, match="only reads text"):
        ask(clip)


def test_thoughts_are_left_out():
    watch = Watch()
    reply = ask(Clip("<think>\nHm.</think>\n\nA red door"), watch=watch)
    assert reply.text == watch.glimpse.text == "A red door"
    assert watch.glimpse.tokens == reply.tokens


def test_thoughts_alone_are_no_answer():
    with pytest.raises(AnswerError, match="raise that, or turn thinking off"):
        ask(Clip("<think>\n" + "Hm. " * 50))
    with pytest.raises(AnswerError, match="another seed"):
        ask(Clip(""))


def test_one_that_is_cut_off():
    assert ask(Clip(), max_tokens=3) == Reply("A r", False, 3)


def test_a_text_that_is_too_long():
    with pytest.raises(Refused, match="has 18 tokens; it takes 18 together"):
        ask(Clip(context=18))
    clip = Clip(context=20)
    ask(clip)
    assert clip.asked[0]["max_length"] == 2


@pytest.mark.parametrize(("context", "known"), [(4096, 4096), (None, 32_768)])
def test_how_much_it_takes(context, known):
    assert context_of(Clip(context=context)) == known


def test_too_little_memory_is_one_sentence():
    clip, freed = Clip(), []
    clip.error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(Shortage, match="cannot write 64 tokens") as short:
        ask(clip, unload=lambda: freed.append(1))
    assert freed == [1] and short.value.__context__ is None


def test_what_core_raises_is_one_sentence():
    clip = Clip()
    clip.error = AttributeError("'Qwen' object has no attribute 'x'")
    with pytest.raises(ModelFolderError, match=r"cannot be asked: 'Qwen' object has no attribute 'x'\."):
        ask(clip)


def test_cancel_goes_through():
    class Stopped(BaseException):
        pass

    clip = Clip()
    clip.error = Stopped()
    with pytest.raises(Stopped):
        ask(clip)


def test_its_memory_is_left_to_comfyui():
    freed: list[int] = []
    backend = ClipBackend(Clip(), lambda: None, unload=lambda: freed.append(1))
    asyncio.run(backend.release())
    assert freed == []
    assert (backend.label, backend.remote, backend.concurrency) == ("the linked CLIP", False, 1)


def test_texts_become_one_prompt():
    assert text_of([Message("system", "a"), Message("user", ""), Message("user", "b")]) == "a\n\nb"
