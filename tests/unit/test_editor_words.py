"""What the editor extension says: every sentence in both languages."""

import json
import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
TABLES = "TYPES|MEDIA|MISTAKES|HEADINGS|TABS|SCOPES|LOOKS"  # constants whose texts are given to say()
TEXT = r'"((?:[^"\\]|\\.)+)"'


def said() -> set[str]:
    sources = [file.read_text("utf-8") for file in [*WEB.glob("*.js"), *WEB.glob("apps/*.js")]]
    found = {text for source in sources for text in re.findall(rf"\bsay\(\s*{TEXT}", source)}
    for source in sources:
        for table in re.findall(rf"const (?:{TABLES}) = \{{(.*?)\n?\}};", source, re.DOTALL):
            found |= set(re.findall(rf": \[?{TEXT}", table))
    return found


def translated() -> dict[str, str]:
    pairs: list[tuple[str, str]] = []
    for name in ("words.js", "apps/words.js"):
        source = (WEB / name).read_text("utf-8")
        pairs += re.findall(rf'^  (?:"((?:[^"\\]|\\.)+)"|\w+):\s+{TEXT},$', source, re.MULTILINE)
        pairs += [(key, "") for key in re.findall(r"^  (\w+):", source, re.MULTILINE)]
    return dict(pairs)


def test_every_text_has_its_chinese():
    assert said() - translated().keys() == set()


def test_nothing_is_translated_that_is_never_said():
    code = "\n".join(
        file.read_text("utf-8") for file in [*WEB.glob("*.js"), *WEB.glob("apps/*.js")] if "words" not in file.name
    )
    assert [text for text in translated() if text and f'"{text}"' not in code] == []


def test_the_places_for_values_are_the_same_in_both_languages():
    for english, chinese in translated().items():
        if chinese:
            assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), english


def test_the_command_has_a_name_in_both_languages():
    for language in ("en", "zh"):
        commands = json.loads((WEB.parent / "locales" / language / "commands.json").read_text("utf-8"))
        assert set(commands["Lectern_PublishAsApp"]) == {"label", "tooltip"}
