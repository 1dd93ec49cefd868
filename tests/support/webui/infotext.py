"""The text of generation parameters that the A1111 family writes into pictures, and back."""

import json
import re
from typing import Any

from support.webui.plan import Item, Plan

PARAMETER = re.compile(r'\s*([\w][\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
SIZE = re.compile(r"^(\d+)x(\d+)$")


def write(plan: Plan, item: Item, version: str) -> str:
    """Prompt, negative prompt and one line of parameters, in A1111's order."""
    pairs: dict[str, Any] = {
        "Steps": item.steps,
        "Sampler": plan.sampler,
        "Schedule type": plan.scheduler,
        "CFG scale": item.cfg,
        "Seed": item.seed,
        "Size": f"{plan.width}x{plan.height}",
        "Model hash": plan.model_hash,
        "Model": plan.model,
        "Variation seed": item.subseed if plan.subseed_strength else None,
        "Variation seed strength": plan.subseed_strength or None,
        "Denoising strength": plan.denoising,
        "Clip skip": plan.clip_skip if plan.clip_skip > 1 else None,
        **{key: value for key, value in plan.params.items() if key not in ("Schedule type", "Denoising strength")},
        "Version": version,
    }
    line = ", ".join(f"{key}: {_quoted(value)}" for key, value in pairs.items() if value is not None)
    negative = f"\nNegative prompt: {item.negative}" if item.negative else ""
    return f"{item.prompt}{negative}\n{line}".strip()


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,:\n]", text) else text


def read(text: str) -> dict[str, str]:
    """The parameters of an infotext, as the A1111 family's png-info answers them."""
    *lines, last = text.strip().split("\n")
    if len(PARAMETER.findall(last)) < 3:
        lines, last = [*lines, last], ""
    prompt, negative = _prompts(lines)
    found = {"Prompt": prompt, "Negative prompt": negative}
    for key, value in PARAMETER.findall(last):
        value = json.loads(value) if value.startswith('"') else value
        size = SIZE.match(value)
        found |= {f"{key}-1": size[1], f"{key}-2": size[2]} if size else {key: value}
    return found


def _prompts(lines: list[str]) -> tuple[str, str]:
    start = next((i for i, line in enumerate(lines) if line.startswith("Negative prompt:")), len(lines))
    negative = "\n".join(lines[start:]).removeprefix("Negative prompt:")
    return "\n".join(lines[:start]).strip(), negative.strip()
