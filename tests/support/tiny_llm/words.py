"""A tokenizer whose tokens are single bytes, and some whole words."""

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

CONTROLS = ("<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{{ part['text'] if part['type'] == 'text' else '<image>' }}{% endfor %}"
    "{% endif %}</s>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def byte_tokenizer(
    words: Sequence[str] = (), template: str | None = TEMPLATE, controls: Sequence[str] = (), length: int = 2048
) -> Any:
    """`words`: whole tokens of ordinary text; `controls`: more special ones; `length`: tokens that it takes."""
    special = [*CONTROLS, *controls]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {token: number for number, token in enumerate([*special, *letters])}
    made = Tokenizer(models.BPE(vocab=ids, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    made.add_special_tokens(special)
    made.add_tokens(list(words))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens=[*controls, "<|system|>", "<|user|>", "<|assistant|>"],
        model_max_length=length,
    )
    tokenizer.chat_template = template
    return tokenizer
