"""What Save Deck may do beyond one picture a slide: native text, contents, sections, backgrounds, templates."""

import zipfile

import pptx
import pytest
import torch
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.util import Emu

from lectern.errors import LengthError, TemplateError, TextError
from lectern.slides.colors import LIGHT_TEXT
from lectern.slides.deck_contents import wash
from lectern.slides.deck_model import CONTENTS_PLACES, Contents, TextLook, Watermark
from lectern.slides.deck_template import Template
from lectern.slides.deck_texts import DeckTexts, deck_slides
from lectern.slides.decks import DeckSlide, DeckStyle, save_deck
from lectern.slides.geometry import Size
from lectern.slides.thumbnails import thumbnail

P14 = "{http://schemas.microsoft.com/office/powerpoint/2010/main}"
NATIVE = DeckStyle("Doc", text=TextLook(True))
AFTER_FIRST = DeckStyle("Doc", contents=Contents(CONTENTS_PLACES[1]))


def picture(shade=0.2, width=160, height=90):
    return torch.full((height, width, 3), shade)


def nothing() -> None:
    pass


@pytest.fixture
def deck(tmp_path):
    """-> a function that saves slides and opens the result; every result is checked for what PowerPoint repairs."""

    def save(slides, style=AFTER_FIRST, template=None):
        path = tmp_path / "deck.pptx"
        save_deck(path, slides, style, nothing, template)
        presentation = pptx.Presentation(str(path))
        check(presentation)
        return presentation

    return save


def check(presentation):
    """Unique ids, schema order at the top, and every slide in exactly one section, in the deck's order."""
    root = presentation.part._element
    identities = [entry.id for entry in presentation.slides._sldIdLst]
    assert len(set(identities)) == len(identities) and min(identities) >= 256
    tags = [child.tag.split("}")[1] for child in root]
    order = ["sldMasterIdLst", "notesMasterIdLst", "sldIdLst", "sldSz", "notesSz", "defaultTextStyle", "extLst"]
    assert [tag for tag in tags if tag in order] == sorted((tag for tag in tags if tag in order), key=order.index)
    assert tags.count("extLst") <= 1
    if root.find(f".//{P14}sectionLst") is not None:
        assert [int(entry.get("id")) for entry in root.iter(f"{P14}sldId")] == identities
    for slide in presentation.slides:
        ids = [element.get("id") for element in slide.element.iter("{*}cNvPr")]
        assert len(ids) == len(set(ids))
        assert all(len(fill.findall("{*}srcRect")) <= 1 for fill in slide.element.iter("{*}blipFill"))
        parts = [child.tag.split("}")[1] for child in slide.element.cSld]
        assert parts in (["spTree"], ["bg", "spTree"])
        for properties in slide.element.iter("{*}pPr"):
            inner = [child.tag.split("}")[1] for child in properties]
            assert inner in ([], ["buFont", "buChar"], ["tabLst"])


def sections(presentation):
    return [
        (section.get("name"), len(list(section.iter(f"{P14}sldId"))))
        for section in presentation.part._element.iter(f"{P14}section")
    ]


def texts(slide):
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame and shape.text_frame.text]


def named(slide, name):
    return next(shape for shape in slide.shapes if shape.name == name)


@pytest.mark.parametrize(
    ("anchor", "across", "down"),
    [("top left", 0, 0), ("top", 0.5, 0), ("center", 0.5, 0.5), ("right", 1, 0.5), ("bottom right", 1, 1)],
)
def test_a_native_title_stands_at_its_anchor_inside_the_slide(deck, anchor, across, down):
    presentation = deck(
        [DeckSlide(picture(), "A title", body="one\ntwo")], NATIVE._replace(text=TextLook(True, anchor))
    )
    title, body = presentation.slides[0].shapes.title, named(presentation.slides[0], "Body")
    width, height = presentation.slide_width, presentation.slide_height
    assert title.left > 0 and title.left + title.width < width
    assert 0 < title.top < body.top and body.top + body.height < height
    middle = (title.left + title.width / 2) / width
    assert (middle < 0.5, middle == pytest.approx(0.5), middle > 0.5) == (across == 0, across == 0.5, across == 1)
    middle = (title.top + body.top + body.height) / 2 / height
    assert (middle < 0.45, middle > 0.55) == (down == 0, down == 1)


@pytest.mark.parametrize(("shade", "ink"), [(0.0, "FFFFFF"), (1.0, "111827")])
def test_native_text_is_readable(deck, shade, ink):
    slide = deck([DeckSlide(picture(shade), "A title", body="x")], NATIVE).slides[0]
    assert {color.get("val") for shape in slide.shapes for color in shape._element.iter("{*}srgbClr")} == {ink}


def test_a_veil_lies_between_picture_and_text_only_where_it_is_needed(deck):
    noise = (torch.rand((90, 160, 3), generator=torch.Generator().manual_seed(1)) > 0.5).float()
    restless, calm = deck([DeckSlide(noise, "A"), DeckSlide(picture(), "B")], NATIVE).slides
    assert [shape.name for shape in restless.shapes][:2] == ["Picture 1", "Veil"]
    assert "Veil" not in [shape.name for shape in calm.shapes]


def test_a_long_title_gets_smaller_until_it_fits(deck):
    slide = deck([DeckSlide(picture(), "word " * 60, body="line\n" * 12)], NATIVE).slides[0]
    body = named(slide, "Body")
    assert body.top + body.height <= 6858000
    assert 1 < slide.shapes.title.text_frame.paragraphs[0].runs[0].font.size.pt < 40


def test_body_lines_become_bullets_and_a_single_line_does_not(deck):
    two, one = deck([DeckSlide(picture(), "A", body="x\ny"), DeckSlide(picture(), "A", body="x")], NATIVE).slides
    assert len(named(two, "Body").text_frame.paragraphs) == len(list(two.element.iter("{*}buChar"))) == 2
    assert not list(one.element.iter("{*}buChar"))


def test_a_body_without_native_titles_leaves_the_title_hidden(deck):
    slide = deck([DeckSlide(picture(), "A", body="x")], DeckStyle()).slides[0]
    assert slide.shapes.title.top < 0 and named(slide, "Body").top > 0


def test_a_watermark_counts_and_a_wrong_placeholder_is_named(deck):
    style = DeckStyle(watermark=Watermark("© {n}/{total}"))
    slides = deck([DeckSlide(picture())] * 2, style).slides
    assert [named(slide, "Watermark").text_frame.text for slide in slides] == ["© 1/2", "© 2/2"]
    with pytest.raises(TextError, match=r"\{page\}, which does not exist"):
        deck([DeckSlide(picture())], DeckStyle(watermark=Watermark("{page}")))


@pytest.mark.parametrize("title", ["<b>&amp;\"'", "x\x0by\x00z", "\ud800 a", "日本語", "a" * 5000])
def test_odd_texts_everywhere_make_a_deck_that_opens(deck, title):
    style = NATIVE._replace(
        title=title, author=title, subject=title, keywords=title, watermark=Watermark(title),
        contents=AFTER_FIRST.contents, text=TextLook(True, font=title),
    )  # fmt: skip
    slides = deck([DeckSlide(picture(), title, title, title, title, title)] * 2, style).slides
    assert len(slides) == 3


@pytest.mark.parametrize(("place", "at"), [(CONTENTS_PLACES[1], 1), (CONTENTS_PLACES[2], 0)])
def test_contents_list_every_title_with_its_number_and_link(deck, place, at):
    content = [DeckSlide(picture(), f"Title {index}") for index in range(10)]
    presentation = deck(content, AFTER_FIRST._replace(contents=Contents(place, "Inhalt")))
    slides = list(presentation.slides)
    contents = slides.pop(at)
    assert len(slides) == 10 and contents.shapes.title.text_frame.text == "Inhalt"
    links = [shape for shape in contents.shapes if shape.name.startswith("Link")]
    assert [link.click_action.target_slide.slide_id for link in links] == [slide.slide_id for slide in slides]
    numbers = [index + 1 for index in range(11) if index != at]
    assert [link.text_frame.text for link in links] == [f"Title {i}\t{number}" for i, number in enumerate(numbers)]
    for link in links:
        assert link.left > 0 and link.left + link.width <= presentation.slide_width
        assert link.top + link.height <= presentation.slide_height


@pytest.mark.parametrize("channels", [3, 4])
def test_contents_keep_the_pictures_colors_and_none_of_its_shapes(channels):
    """A title drawn on the first picture would shine through behind the contents."""
    frame = torch.full((90, 160, channels), 0.2)
    frame[..., 2] = 0.6
    frame[..., 3:] = 1.0
    frame[20:24, 20:100] = 1.0
    ground, ink = wash(frame, Size(320, 180))
    assert ground.shape == (180, 320, 3) and ink == LIGHT_TEXT
    steps = (ground[1:] - ground[:-1]).abs().max(), (ground[:, 1:] - ground[:, :-1]).abs().max()
    assert max(steps) < 0.02
    assert ground[..., 2].mean() > 2 * ground[..., 0].mean()


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (8, 1), (9, 1), (24, 1), (25, 2), (60, 3)])
def test_long_contents_take_more_slides_and_lose_no_entry(deck, count, pages):
    presentation = deck([DeckSlide(picture(width=16, height=9), f"T{index}") for index in range(count)])
    assert len(presentation.slides) == count + pages
    links = [s for slide in presentation.slides for s in slide.shapes if s.name.startswith("Link")]
    assert [link.text_frame.text.split("\t")[0] for link in links] == [f"T{index}" for index in range(count)]


def test_contents_leave_out_untitled_slides_and_repeats(deck):
    titles = ["A", "", "B", "B", "A"]
    contents = deck([DeckSlide(picture(), title) for title in titles]).slides[1]
    assert [text.split("\t") for text in texts(contents)[1:-1]] == [["A", "1"], ["B", "4"], ["A", "6"]]


def test_contents_without_titles_are_an_error(deck):
    with pytest.raises(TextError, match="needs titles"):
        deck([DeckSlide(picture())])


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["A", "A", "B"], [("A", 2), ("B", 1)]),
        (["A", "B", "A"], [("A", 1), ("B", 1), ("A", 1)]),
        (["A", "", "B"], [("A", 2), ("B", 1)]),
        (["", "B", "B"], [("Default Section", 1), ("B", 2)]),
        (["", "", ""], []),
        (['<&">'] * 3, [('<&">', 3)]),
    ],
)
def test_sections(deck, names, found):
    content = [DeckSlide(picture(), "T", section=name) for name in names]
    assert sections(deck(content, DeckStyle())) == found


def test_contents_belong_to_the_first_slides_section(deck):
    content = [DeckSlide(picture(), f"T{name}", section=name) for name in "AB"]
    assert sections(deck(content)) == [("A", 2), ("B", 1)]


def test_a_background_is_no_shape_and_fills_the_slide(deck):
    slides = deck(
        [DeckSlide(picture()), DeckSlide(picture(0.5, 90, 90))], DeckStyle(background=True, numbers=False)
    ).slides
    assert [len(slide.shapes) for slide in slides] == [0, 0]
    crops = [slide.element.find(".//{*}bg//{*}srcRect").attrib for slide in slides]
    assert crops == [{}, {"t": "21875", "b": "21875"}]


def test_properties(deck):
    style = DeckStyle("T", author="A", subject="S", keywords="K, L")
    found = deck([DeckSlide(picture())], style).core_properties
    assert (found.title, found.author, found.subject, found.keywords) == ("T", "A", "S", "K, L")


def template(folder, layouts=(), size=(9144000, 6858000), slides=2, section=False):
    """A company's deck: python-pptx's layouts, only those named, with slides and another size."""
    presentation = pptx.Presentation()
    presentation.slide_width, presentation.slide_height = map(Emu, size)
    for layout in list(presentation.slide_layouts):
        if layouts and layout.name not in layouts:
            presentation.slide_layouts.remove(layout)
    for index in range(slides):
        presentation.slides.add_slide(presentation.slide_layouts[0]).notes_slide.notes_text_frame.text = f"old {index}"
    if section:
        from lectern.slides.deck_sections import set_sections

        set_sections(presentation, ["Old"] * slides, 0)
    presentation.save(folder / "template.pptx")
    return folder / "template.pptx"


def test_a_picture_placeholder_is_filled_and_its_layout_used(deck, tmp_path):
    file = template(tmp_path)
    presentation = deck([DeckSlide(picture(), "T", "alt", body="B")], DeckStyle(), Template(file, False, 256))
    (slide,) = presentation.slides
    assert (presentation.slide_width, presentation.slide_height) == (9144000, 6858000)
    assert slide.slide_layout.name == "Picture with Caption"
    kinds = {holder.placeholder_format.type: holder for holder in slide.placeholders}
    shown = kinds[PP_PLACEHOLDER.PICTURE]
    assert shown._element._nvXxPr.cNvPr.get("descr") == "alt"
    seen = 16 / 9 * (1 - shown.crop_left - shown.crop_right) / (1 - shown.crop_top - shown.crop_bottom)
    assert seen == pytest.approx(shown.width / shown.height, rel=1e-3)
    assert (kinds[PP_PLACEHOLDER.TITLE].text_frame.text, kinds[PP_PLACEHOLDER.BODY].text_frame.text) == ("T", "B")
    assert kinds[PP_PLACEHOLDER.SLIDE_NUMBER].top == 6356350  # where the layout has it


@pytest.mark.parametrize(
    ("layouts", "chosen"),
    [
        (("Blank", "Title Only", "Two Content"), "Title Only"),
        (("Blank", "Two Content"), "Blank"),
        (("Two Content",),) * 2,
    ],
)
def test_without_a_picture_place_the_simplest_layout_is_used(deck, tmp_path, layouts, chosen):
    file = template(tmp_path, layouts, slides=0)
    (slide,) = deck([DeckSlide(picture(), "T")], DeckStyle(), Template(file, False, 256)).slides
    assert slide.slide_layout.name == (chosen if isinstance(chosen, str) else chosen[0])
    assert (slide.shapes[0].name, slide.shapes[0].width) == ("Picture 1", 9144000)
    assert not [holder for holder in slide.placeholders if not holder.text_frame.text]


@pytest.mark.parametrize("section", [False, True])
@pytest.mark.parametrize("keep", [False, True])
def test_a_templates_slides_go_or_stay(deck, tmp_path, keep, section):
    file = template(tmp_path, section=section)
    content = [DeckSlide(picture(), f"T{index}", notes="n", section="New") for index in range(2)]
    presentation = deck(content, AFTER_FIRST, Template(file, keep, 256))
    notes = [slide.notes_slide.notes_text_frame.text for slide in presentation.slides if slide.has_notes_slide]
    assert notes == (["old 0", "old 1"] if keep else []) + ["n", "n"]
    old = ([("Old", 2)] if section else [("Default Section", 2)]) if keep else []
    assert sections(presentation) == [*old, ("New", 3)]
    with zipfile.ZipFile(tmp_path / "deck.pptx") as package:
        assert len([name for name in package.namelist() if name.startswith("ppt/slides/slide")]) == len(
            presentation.slides
        )


def changed(file, extra=(), replace=()):
    """The template with parts added, or with bytes of a part exchanged."""
    with zipfile.ZipFile(file) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    for name, old, new in replace:
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in [*parts.items(), *extra]:
            target.writestr(name, data)
    return file


LINK = (
    b'<Relationship Id="x9" Type="http://x/image" Target="http://example.com/a.png" TargetMode="External"/>'
    b"</Relationships>"
)
RELATIONS, MAIN = "ppt/_rels/presentation.xml.rels", "ppt/presentation.xml"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.write_bytes(b""), "not a PowerPoint file that can be read"),
        (lambda file: file.write_bytes(file.read_bytes()[:5000]), "not a PowerPoint file that can be read"),
        (lambda file: file.write_bytes(b"PK" + bytes(1000)), "not a PowerPoint file that can be read"),
        (lambda file: changed(file, [("ppt/bomb.bin", bytes(300 * 2**20))]), "MB unpacked; 5000 parts and 256 MB"),
        (lambda file: changed(file, [(f"ppt/p{i}.bin", b"") for i in range(5001)]), "5000 parts"),
        (lambda file: changed(file, [("../../etc/x", b"")]), "holds the file name '../../etc/x'"),
        (lambda file: changed(file, [("/etc/x", b"")]), "holds the file name '/etc/x'"),
        (lambda file: changed(file, [("C:\\x", b"")]), "holds the file name"),
        (lambda file: changed(file, [("ppt/vbaProject.bin", b"")]), "macros or embedded objects"),
        (lambda file: changed(file, [("ppt/activeX/activeX1.xml", b"<a/>")]), "macros or embedded objects"),
        (lambda file: changed(file, [("ppt/embeddings/oleObject1.bin", b"")]), "macros or embedded objects"),
        (lambda file: changed(file, replace=[(RELATIONS, b"</Relationships>", LINK)]), "links to 'http://example.com"),
        (lambda file: changed(file, replace=[(MAIN, b"<p:sldSz", b"<p:sldSz<")]), "is not XML"),
        (lambda file: changed(file, replace=[("[Content_Types].xml", b"tion.main", b"plate.main")]), ".potx"),
        (lambda file: changed(file, replace=[(RELATIONS, b"slideMasters/", b"nowhere/")]), "is damaged"),
        (
            lambda file: changed(
                file, replace=[(MAIN, b"<p:presentation", b'<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><p:presentation')]
            ),
            "declares a DTD",
        ),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_template_is_refused_with_a_sentence(tmp_path, change, said):
    file = template(tmp_path)
    change(file)
    with pytest.raises(TemplateError) as raised:
        save_deck(tmp_path / "deck.pptx", [DeckSlide(picture())], DeckStyle(), nothing, Template(file, False, 256))
    assert said in str(raised.value) and "template.pptx" in str(raised.value)
    assert not (tmp_path / "deck.pptx").exists()


def test_a_text_for_every_slide_or_an_error_with_both_counts():
    frames = [picture()] * 2
    made = deck_slides(frames, DeckTexts(["A\nB"], [""], ["n"], ["x\ny\n\nz"], ["S", ""]), 10, 1000)
    assert [slide[1:] for slide in made] == [("A", "", "n", "x\ny", "S"), ("B", "", "n", "z", "")]
    with pytest.raises(LengthError, match="3 sections for 2 pictures"):
        deck_slides(frames, DeckTexts([""], [""], [""], [""], ["a\nb\nc"]), 10, 1000)
    with pytest.raises(LengthError, match="3 body texts for 2 pictures"):
        deck_slides(frames, DeckTexts([""], [""], [""], ["a\n\nb\n\nc"], [""]), 10, 1000)
    with pytest.raises(LengthError, match="would have 2 slides; 1 are allowed"):
        deck_slides(frames, DeckTexts([""], [""], [""], [""], [""]), 1, 1000)


@pytest.mark.parametrize(
    ("size", "small"),
    [((1920, 1080), (256, 144)), ((1080, 1920), (256, 455)), ((1, 1), (256, 256)), ((16, 4000), (2, 512))],
)
def test_thumbnails_are_256_wide_and_never_very_tall(size, small):
    made = thumbnail(torch.full((size[1], size[0], 4), 0.5))
    assert (made.mode, made.size) == ("RGB", small)
