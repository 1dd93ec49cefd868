"""Trigger words out of the metadata that trainers write into a LoRA file. The metadata may hold anything."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

PHRASE = "modelspec.trigger_phrase"  # https://github.com/Stability-AI/ModelSpec
FREQUENCY = "ss_tag_frequency"  # kohya: JSON, folder of pictures -> tag -> in how many captions
MOST_TAGS = 20
LONGEST_TAG = 100  # letters
LONGEST_PHRASE = 500
LARGEST_JSON = 8 << 20  # letters
MOST_FOLDERS = 10_000


def trigger_words(metadata: Mapping[str, str]) -> str:
    """The phrase that the file names, else its most frequent tags, most frequent first; empty without either."""
    phrase = _plain(metadata.get(PHRASE), LONGEST_PHRASE)
    return phrase or ", ".join(_frequent_tags(metadata.get(FREQUENCY)))


def _frequent_tags(text: Any) -> list[str]:
    counted: Counter[str] = Counter()
    for tags in _folders(text):
        for tag, count in tags.items():
            name = _plain(tag, LONGEST_TAG)
            if name and isinstance(count, int) and not isinstance(count, bool) and 0 < count < 1 << 53:
                counted[name] += count
    return [tag for tag, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_TAGS]]


def _folders(text: Any) -> list[dict[str, Any]]:
    if not isinstance(text, str) or len(text) > LARGEST_JSON:
        return []
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return []
    folders = list(values.values())[:MOST_FOLDERS] if isinstance(values, dict) else []
    return [one for one in folders if isinstance(one, dict)]


def _plain(text: Any, longest: int) -> str:
    """One line without control characters; nothing where it is too long to be meant as words."""
    if not isinstance(text, str) or len(text) > 4 * longest:
        return ""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= longest else ""
