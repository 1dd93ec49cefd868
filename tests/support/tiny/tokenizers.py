"""Tokenizers whose vocabulary is the bytes themselves, so that none has to be learned or fetched."""

import json
import tempfile
from pathlib import Path
from typing import Any

START, END = "<|startoftext|>", "<|endoftext|>"
LETTERS = [chr(code) for code in range(33, 127)]
WORD = "\u2581"  # how a Unigram model writes the space before a word
CLIP_SIZE = 514  # 256 bytes, 256 that end a word, two marks: as CLIP's own first 512
T5_SIZE = 4 + len(LETTERS)


def byte_letters() -> list[str]:
    """The printable character that byte-level BPE writes for each byte; the printable ones come first."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + count) for count in range(len(others))]


def clip_files(folder: Path) -> tuple[Path, Path]:
    """The vocabulary, and the merges, of which there are none."""
    letters = byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), START, END]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(words)}), "utf-8")
    merges.write_text("#version: 0.2\n", "utf-8")
    return vocabulary, merges


def clip_tokenizer(padding: str = END) -> Any:
    from transformers import CLIPTokenizer

    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = clip_files(Path(folder))
        return CLIPTokenizer(vocab=str(vocabulary), merges=str(merges), model_max_length=77, pad_token=padding)


def t5_tokenizer() -> Any:
    """<pad> 0, </s> 1, <unk> 2, the space, then the printable letters of ASCII."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), (WORD, -2.0), *((letter, -4.0) for letter in LETTERS)]
    tokenizer: Any = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(tokenizer_object=tokenizer, extra_ids=0, model_max_length=64)
