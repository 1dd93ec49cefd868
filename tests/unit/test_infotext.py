"""A1111's "parameters" text: read, written, and found in pictures' files."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lectern.errors import ImageError
from lectern.infotext import Infotext, format_infotext, parse_infotext, read_parameters, user_comment

FORGE = (
    "a cat\nNegative prompt: dog\nSteps: 2, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.0, Seed: 42,"
    " Size: 64x64, Model: sd15_random, Version: f2.0.1v1.10.1-1.10.1"
)


def parts(text):
    found = parse_infotext(text)
    return found.prompt, found.negative, dict(found.settings)


class TestParse:
    def test_a_text_that_forge_wrote(self):
        prompt, negative, settings = parts(FORGE)
        assert (prompt, negative) == ("a cat", "dog")
        assert list(settings.items())[:3] == [("Steps", "2"), ("Sampler", "Euler"), ("Schedule type", "Automatic")]
        assert settings["Size"] == "64x64" and settings["Version"] == "f2.0.1v1.10.1-1.10.1" and len(settings) == 8

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", ("", "", {})),
            (" \n\n ", ("", "", {})),
            ("a cat", ("a cat", "", {})),
            ("a cat\nNegative prompt: dog", ("a cat", "dog", {})),
            ("Negative prompt: dog", ("", "dog", {})),
            ("Steps: 20", ("", "", {"Steps": "20"})),
            ("a\n\nb: c, d\nNegative prompt: e\nf, g: h\nSteps: 5", ("a\n\nb: c, d", "e\nf, g: h", {"Steps": "5"})),
            ("a\r\nb\r\nNegative prompt:c\r\nSteps: 5, Seed: 1", ("a\nb", "c", {"Steps": "5", "Seed": "1"})),
            ("a\nNegative prompt: b\nNegative prompt: c", ("a", "b\nNegative prompt: c", {})),
            ("Steps: 20 to heaven, in gold", ("Steps: 20 to heaven, in gold", "", {})),
        ],
    )
    def test_halves(self, text, found):
        assert parts(text) == found

    @pytest.mark.parametrize(
        "prompt",
        [
            "(best quality:1.2), (sharp:1.1), (cat:1.3)",
            "masterpiece:1.2, cat:1.1, dog:1.3",
            "<lora:a:1>, <lora:b:0.5>, <lora:c:1>",
            "a cat, style: photo, mood: dark, light: soft",
            "style: photo, mood: dark",
        ],
    )
    def test_a_prompt_alone_is_not_taken_for_settings(self, prompt):
        assert parts(prompt) == (prompt, "", {})

    def test_settings_need_not_begin_with_steps_where_there_are_enough(self):
        assert parts("a\nSize: 8x8, Seed: 4, Model hash: ab12")[2] == {"Size": "8x8", "Seed": "4", "Model hash": "ab12"}

    @pytest.mark.parametrize(
        ("line", "value"),
        [
            ('"a, b: c"', "a, b: c"),
            (r'"a \"quoted\" word\nand a line"', 'a "quoted" word\nand a line'),
            ('"猫, 犬"', "猫, 犬"),
            ('""', ""),
            ("", ""),
            ("v1.2: three", "v1.2: three"),
            ('"never closed', '"never closed'),
            ('"closed" and more', '"closed" and more'),
            (
                '[{"type":"lora","weight":0.8},{"type":"checkpoint"}]',
                '[{"type":"lora","weight":0.8},{"type":"checkpoint"}]',
            ),
            ('{"a":{"b":[1,2]},"c":null}', '{"a":{"b":[1,2]},"c":null}'),
            ("[a", "[a"),
            ("[" * 5000, "[" * 5000),
        ],
    )
    def test_values(self, line, value):
        assert parts(f"a\nSteps: 5, Odd one: {line}, Seed: 7")[2] == {"Steps": "5", "Odd one": value, "Seed": "7"}

    def test_many_mangled_values_do_not_keep_the_rest_from_being_read(self):
        found = parts("Steps: 5, " + "".join(f'A{n}: "x, ' for n in range(9)) + 'Last: "a, b"')[2]
        assert found["A8"] == '"x' and found["Last"] == "a, b"

    def test_a_name_alone_is_its_own_value(self):
        assert parts("Steps: 5, Refined, Seed: 7")[2] == {"Steps": "5", "Refined": "Refined", "Seed": "7"}


# What the format can say: no line of a prompt may begin as the negative prompt or the settings do.
PROMPTS = (
    st.text(st.characters(exclude_characters="\r")).map(str.strip).filter(lambda text: "Negative prompt:" not in text)
)
NAMES = st.from_regex(r"[A-Z][\w \-/]{0,20}[\w]", fullmatch=True).filter(lambda name: name != "Steps")
SETTINGS = st.dictionaries(NAMES, st.text()).map(lambda settings: {"Steps": "20", **settings})


class TestRoundTrip:
    @given(st.builds(Infotext, PROMPTS, PROMPTS, SETTINGS))
    def test_what_is_written_is_read(self, infotext):
        assert parse_infotext(format_infotext(infotext)) == infotext

    @given(st.builds(Infotext, PROMPTS, PROMPTS, SETTINGS))
    def test_settings_are_one_line_whatever_they_hold(self, infotext):
        assert format_infotext(infotext).split("\n")[-1].startswith("Steps: 20")

    @given(st.text() | st.text(alphabet='ab,: "{[]}\n\\1').map("Steps: 20, ".__add__) | st.text(alphabet="Ab1,: \n"))
    def test_any_text_is_read_and_means_the_same_when_written_again(self, text):
        found = parse_infotext(text)
        assert parse_infotext(format_infotext(found)) == found

    def test_forges_own_text_comes_back_letter_by_letter(self):
        assert format_infotext(parse_infotext(FORGE)) == FORGE


def exif(comment, **tags):
    data = Image.Exif()
    data[0x8769] = {0x9286: comment}
    for tag, value in zip((0x0110, 0x010F), tags.items(), strict=False):
        data[tag] = f"{value[0]}:{value[1]}"
    return data.tobytes()


def saved(format, **options):
    file = io.BytesIO()
    Image.new("RGB", (16, 9)).save(file, format, **options)
    return file.getvalue()


def png_with(**texts):
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return saved("PNG", pnginfo=info)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


class TestRead:
    @pytest.mark.parametrize("way", ["plain", "packed", "international"])
    def test_png_in_every_kind_of_chunk(self, way):
        info = PngInfo()
        for key, text in {"parameters": FORGE, "workflow": '{"nodes": []}'}.items():
            (info.add_itxt if way == "international" else info.add_text)(key, text, zip=way == "packed")
        found = read_parameters(saved("PNG", pnginfo=info))
        assert found.infotext == FORGE and found.texts == {"parameters": FORGE, "workflow": '{"nodes": []}'}

    def test_png_texts_behind_the_pixels(self):
        data = png_with(prompt="{}")
        late = chunk(b"tEXt", b"parameters\0late") + data[-12:]
        assert read_parameters(data[:-12] + late).infotext == "late"

    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
    @pytest.mark.parametrize(
        "comment",
        [
            user_comment("a 猫\nSteps: 5"),
            b"UNICODE\0" + "a 猫\nSteps: 5".encode("utf-16-le"),
            b"UNICODE\0" + "a 猫\nSteps: 5".encode("utf-16"),
            "a 猫\nSteps: 5".encode(),
            b"ASCII\0\0\0" + "a 猫\nSteps: 5".encode(),
            b"\0" * 8 + "a 猫\nSteps: 5".encode(),
        ],
    )
    def test_exif_comments(self, format, comment):
        assert read_parameters(saved(format, exif=exif(comment))).infotext == "a 猫\nSteps: 5"

    @pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
    def test_comfyuis_texts_in_exif(self, format):
        found = read_parameters(saved(format, exif=exif(b"", prompt='{"1": {}}', workflow="{}")))
        assert found.infotext is None and found.texts == {"prompt": '{"1": {}}', "workflow": "{}"}

    @pytest.mark.parametrize("format", ["GIF", "JPEG"])
    def test_plain_comments(self, format):
        assert read_parameters(saved(format, comment="Größe\nSteps: 5".encode())).infotext == "Größe\nSteps: 5"

    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
    def test_a_picture_without_texts(self, format):
        found = read_parameters(saved(format))
        assert found.infotext is None and found.texts == {}

    def test_a_blank_text_counts_as_none(self):
        assert read_parameters(png_with(parameters=" \n")).infotext is None


class TestHostile:
    def test_a_file_that_claims_to_be_huge_is_read_without_its_pixels(self):
        size = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
        data = png_with(parameters="small text")
        assert read_parameters(data[:8] + size + data[33:]).infotext == "small text"

    @pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
    def test_a_text_that_unpacks_to_too_much_is_refused(self, kind):
        packed = zlib.compress(b"x" * 20_000_000)
        content = b"parameters\0" + (b"\0" if kind == "zTXt" else b"\1\0\0\0") + packed
        data = saved("PNG")
        with pytest.raises(ImageError, match="cannot be read: the file is damaged, too large"):
            read_parameters(data[:33] + chunk(kind.encode(), content) + data[33:])

    @pytest.mark.parametrize(
        "data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"%PDF-1.7", b"\0" * 100]
    )
    def test_what_is_no_picture_is_a_sentence(self, data):
        with pytest.raises(ImageError, match="Choose another file, or save it anew"):
            read_parameters(data)

    def test_a_png_that_ends_early_is_refused(self):
        with pytest.raises(ImageError, match="damaged"):
            read_parameters(png_with(parameters=FORGE)[:-20])

    # Pillow warns of EXIF that it reads in part.
    @pytest.mark.filterwarnings("ignore")
    @given(st.sampled_from(["PNG", "JPEG", "WEBP", "AVIF"]), st.data())
    def test_damage_anywhere_gives_texts_or_one_error(self, format, draw):
        data = bytearray(saved(format, exif=exif(user_comment(FORGE), prompt="{}")))
        for _ in range(draw.draw(st.integers(1, 8))):
            data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
        try:
            read_parameters(bytes(data[: draw.draw(st.integers(0, len(data)))]))
        except ImageError as error:
            assert "Choose another file" in str(error)
