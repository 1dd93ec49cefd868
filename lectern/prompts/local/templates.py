"""Messages -> the text that a model of some family continues, by the chat template that its folder brings."""

import re
from collections.abc import Sequence
from typing import Any

from ..errors import ModelFolderError
from ..messages import Message
from .model import Model

# Some templates tell the date; with today's the same seed would write something else tomorrow. A macro stands before
# the function of that name; variables that are functions are not let in.
DAY = "1 January 2025"
UNDATED = f"{{% macro strftime_now(format) %}}{DAY}{{% endmacro %}}"
_CONTROL = re.compile(r"<[^<>\s]+>|\[/?[A-Z_]+\]")
# An answer that begins within thoughts: the template has written their opening already.
_OPENS = re.compile(r"<think(?:ing)?>\s*$", re.IGNORECASE)


def prompt_of(model: Model, messages: Sequence[Message], thinking: bool) -> str:
    """Raises ModelFolderError: the template cannot be used, or there is none that places pictures."""
    plain = [Message(one.role, _disarmed(model, one.text), one.pictures) for one in messages]
    template = _template(model)
    if template is None:
        return _untemplated(model, plain)
    from jinja2 import TemplateError

    system = "\n\n".join(one.text for one in plain if one.role == "system").strip()
    try:
        text = _rendered(model, template, plain, thinking)
        if not system or system in text:
            return text
    except TemplateError:  # what templates raise that refuse a system message
        if not system:
            raise
    return _rendered(model, template, merged(plain), thinking)


def opens_thoughts(prompt: str) -> bool:
    return bool(_OPENS.search(prompt))


def has_template(model: Model) -> bool:
    return _template(model) is not None


def merged(messages: Sequence[Message]) -> list[Message]:
    """What the system is told opens the first message of the user."""
    system = [one.text for one in messages if one.role == "system"]
    others = [one for one in messages if one.role != "system"]
    first = next((index for index, one in enumerate(others) if one.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(system)), *others]
    one = others[first]
    others[first] = Message("user", "\n\n".join([*system, one.text]), one.pictures)
    return others


def _template(model: Model) -> str | None:
    own = getattr(model.processor, "chat_template", None) or getattr(model.tokenizer, "chat_template", None)
    return own.get("default") if isinstance(own, dict) else own


def _rendered(model: Model, template: str, messages: Sequence[Message], thinking: bool) -> str:
    speaker = model.processor or model.tokenizer
    return speaker.apply_chat_template(
        [_spoken(model, one) for one in messages],
        chat_template=UNDATED + template,
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=thinking,  # Qwen, GLM, SmolLM and others
        thinking=thinking,  # DeepSeek, Granite
    )


def _spoken(model: Model, message: Message) -> dict[str, Any]:
    if not model.sees:
        return {"role": message.role, "content": message.text}
    pictures: list[dict[str, str]] = [{"type": "image"} for _ in message.pictures]
    return {"role": message.role, "content": [*pictures, {"type": "text", "text": message.text}]}


def _untemplated(model: Model, messages: Sequence[Message]) -> str:
    pictures = sum(len(one.pictures) for one in messages)
    mark = getattr(model.processor, "image_token", None)
    if pictures and not isinstance(mark, str):
        raise ModelFolderError(
            f"{model.name} has no chat template that says where pictures belong. Get chat_template.jinja of that model."
        )
    return "\n\n".join("".join([str(mark) * len(one.pictures), one.text]) for one in messages)


def _disarmed(model: Model, text: str) -> str:
    """A text that names the model's control tokens, such as <|im_end|>, must not become them."""
    for token in _controls(model.tokenizer):
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _controls(tokenizer: Any) -> set[str]:
    """Tokens with a meaning of their own: those that are said to be, and those that are written like it."""
    added = [(one.content, one.special) for one in tokenizer.added_tokens_decoder.values()]
    found = {token for token, special in added if special or _CONTROL.fullmatch(token)}
    return {token for token in found | set(tokenizer.all_special_tokens) if len(token) > 2 and not token.isalnum()}
