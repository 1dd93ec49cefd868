import pytest

from lectern.errors import TextError
from lectern.slides.numbering import Numbering, fill, format_number, number_texts


@pytest.mark.parametrize(
    ("number", "style", "text"),
    [
        (7, "1", "7"),
        (7, "01", "07"),
        (107, "01", "107"),
        (4, "i", "iv"),
        (1994, "I", "MCMXCIV"),
        (0, "I", "0"),
        (1, "a", "a"),
        (26, "A", "Z"),
        (27, "A", "AA"),
        (703, "A", "AAA"),
        (1, "一", "一"),
        (10, "一", "十"),
        (11, "一", "十一"),
        (20, "一", "二十"),
        (105, "一", "一百零五"),
        (110, "一", "一百一十"),
        (1001, "一", "一千零一"),
        (10050, "一", "一万零五十"),
        (12, "壹", "壹拾贰"),
        (304, "壹", "叁佰零肆"),
    ],
)
def test_styles(number, style, text):
    assert format_number(number, style, total=12) == text


def test_two_digits_grow_with_the_total():
    assert format_number(7, "01", total=120) == "007"


def test_numbers_continue_from_start_and_skip_the_cover():
    assert number_texts(4, Numbering("1", "{n}/{total}", start=5, skip_first=1)) == ["", "6/8", "7/8", "8/8"]


def test_total_is_written_in_the_same_style():
    assert number_texts(2, Numbering("I", "Page {n} of {total}", 1, 0)) == ["Page I of II", "Page II of II"]


def test_fill_knows_only_its_placeholders():
    assert fill("{n}: {{x}} {0.__class__} %s", {"n": "3", "x": "y"}) == "3: {y} {0.__class__} %s"
    with pytest.raises(TextError, match=r"\{page\}.*\{n\} \{total\}"):
        fill("{page}", {"n": "1", "total": "2"})
