"""An outline as Markdown and back, so that a person can correct a deck by hand.

    # Deck title                 also the cover slide, which its lines describe: Subtitle, Picture, ...
    Look: what all pictures have in common
    Cover: none                  only where the deck has no cover
    Title: another title         only where the cover's is not the deck's

    ## Section

    ### Slide title              `### 3. Slide title` is read as the same
    - a bullet                   also `*`, `+`, `1.`; lists within lists are flattened
    > speaker notes, over as many lines as they take
    Picture: the idea of the picture
    Prompt: for the image model; a label that is repeated adds a line
    Negative: ...
    Alt: ...
    Subtitle: ...
    Level: 0, 1 or 2             only where it is not 2 for a slide that goes on with its section, else 1
    Section: none                only for a slide that leaves the section above and opens no other

Labels are read in English and Chinese, in any case, with either colon, bold or not. A backslash before a text keeps
what would be read as something else.

People and models write other things too. Without `###` the deepest headings are slides and those above them sections,
and a section that has lines of its own or no slides is a slide too. Without a `#` the first heading names the deck,
which then has no cover. Headings deeper than slides are bullets. What stands before the first heading is dropped,
labels of the deck aside; so are code fences, rules, front matter, comments, and a last line in which a model says
goodbye. Any other line without a mark belongs to notes or to an empty label directly above it, or, when indented, to
the bullet above it; else it is a bullet, or speaker notes when it is longer than 200 characters.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest

from .errors import OutlineError
from .loosejson import sound
from .outlineblocks import Block
from .outlinelines import NONE, Line, read_line, written
from .outlines import CHAPTER, COVER, POINT, Outline, Slide

_LABELS = (("Picture", "picture"), ("Prompt", "prompt"), ("Negative", "negative"), ("Alt", "alt_text"))
_FRONT_MATTER = 60  # lines, at most
_BREAKS = str.maketrans("\v\f", "  ")  # within a paragraph, and between pages
_FAREWELL = re.compile(r"^(?:let me know|feel free|i hope|hope this|would you like|希望|如需|如果您)", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})[\w\s+-]*$")


def to_markdown(outline: Outline) -> str:
    """The outline but for its notes. Line breaks in titles and bullets become spaces."""
    cover = outline.slides[0] if outline.slides and outline.slides[0].level == COVER else None
    blocks = [_deck_block(outline, cover)]
    section = cover.section if cover else ""
    for slide in outline.slides[1:] if cover else outline.slides:
        entered = slide.section != section
        if entered and slide.section:
            blocks.append([written("## ", _one_line(slide.section), "heading")])
        blocks.append(_slide_block(slide, section))
        section = slide.section
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _deck_block(outline: Outline, cover: Slide | None) -> list[str]:
    lines = [written("# ", _one_line(outline.title), "heading"), *_label("Look", "look", outline.look)]
    if cover is None:
        return [*lines, "Cover: none"]
    if cover.title != outline.title:
        lines.append(written("Title: ", _one_line(cover.title), "label", "title"))
    if cover.section:
        lines.append(written("Section: ", _one_line(cover.section), "label", "section"))
    return [*lines, *_body(cover)]


def _slide_block(slide: Slide, section: str) -> list[str]:
    lines = [written("### ", _one_line(slide.title), "heading")]
    if section and not slide.section:
        lines.append("Section: none")
    if slide.level != _usual_level(slide.section, section):
        lines.append(f"Level: {slide.level}")
    return [*lines, *_body(slide)]


def _body(slide: Slide) -> Iterator[str]:
    yield from _label("Subtitle", "subtitle", slide.subtitle)
    yield from (written("- ", bullet, "bullet") for bullet in map(_one_line, slide.bullets) if bullet)
    if slide.notes.strip():
        yield from (written("> ", line, "quote") for line in _lines(slide.notes))
    for label, name in _LABELS:
        yield from _label(label, name, getattr(slide, name))


def _label(label: str, name: str, text: str) -> Iterator[str]:
    if text.strip():
        yield from (written(f"{label}: ", line.strip(), "label", name) for line in _lines(text))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in _unix(text).strip().split("\n")]


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text).strip()


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _pasted(text: str) -> str:
    """With line feeds alone, and without what no slide can hold: PowerPoint and PDF paste other control characters."""
    return sound(_unix(text).translate(_BREAKS)).removeprefix("\ufeff")


def _usual_level(section: str, before: str) -> int:
    return POINT if section and section == before else CHAPTER


def from_markdown(text: str, slides: int = 500, chars: int = 100_000) -> Outline:
    """The outline that a person or a model wrote.

    Args:
        slides: largest number of them.
        chars: largest number of characters.

    Raises:
        OutlineError: too long, too many slides, or none at all; names the line.
    """
    text = _pasted(text)
    if len(text) > chars:
        raise OutlineError(
            f"The outline has {len(text)} characters; {chars} are allowed, which end in line"
            f" {text.count(chr(10), 0, chars) + 1}. Shorten it, or raise text under [limits] in lectern.toml."
        )
    lines = list(_read(text))
    headings = [line for line in lines if line.kind == "heading"]
    titled = bool(headings) and headings[0].depth == 1
    deck, *blocks = _blocks(lines, _slide_depth(headings[1:] if titled else headings), titled)
    found = list(islice(_slides(deck, blocks, titled), slides + 1))
    if not found:
        raise OutlineError(
            f"The outline has no slide up to its end in line {len(text.splitlines()) or 1}. Write each as a heading,"
            " such as `### Slide title`, with its bullets below."
        )
    if len(found) > slides:
        raise OutlineError(
            f"The outline has more than {slides} slides; the next one begins in line {found[-1][0]}. Leave some out, or"
            " raise slides under [limits] in lectern.toml."
        )
    title = deck.title if titled else deck.joined("title") or blocks[0].title
    return Outline(title, tuple(slide for _, slide in found), deck.joined("look"))


def _read(text: str) -> Iterator[Line]:
    """The lines that count."""
    lines = list(_without_frame(text.split("\n")))
    posed = not any(read_line(line).kind == "heading" for _, line in lines)
    read = [read_line(line, number, posed) for number, line in lines]
    last = next((at for at in range(len(read) - 1, -1, -1) if read[at].kind != "blank"), None)
    if last is not None and read[last].kind == "plain" and _FAREWELL.match(read[last].text):
        del read[last]
    yield from read


def _without_frame(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Without front matter, code fences and comments; with each line's number."""
    begin = _front_matter(lines)
    closing = max((at for at, line in enumerate(lines) if "-->" in line), default=-1)
    in_comment = False
    for number, line in enumerate(lines[begin:], begin + 1):
        in_comment = in_comment or line.lstrip().startswith("<!--")
        if in_comment:
            in_comment = "-->" not in line and number <= closing
        elif not _FENCE.match(line):
            yield number, line


def _front_matter(lines: list[str]) -> int:
    """How many lines it takes; none unless it opens and closes with three dashes and names something."""
    if lines[0].strip() != "---":
        return 0
    for at, line in enumerate(lines[1:_FRONT_MATTER], 1):
        if line.strip() == "---":
            return at + 1
        if not re.match(r"^\s*(?:$|[\w-]+\s*:|-\s|#)", line):
            return 0
    return 0


def _slide_depth(headings: list[Line]) -> int:
    depths = {line.depth for line in headings}
    return max((depth for depth in depths if depth <= 3), default=min(depths, default=3))


def _blocks(lines: Iterable[Line], slide_depth: int, titled: bool) -> list[Block]:
    """The deck's own block, then one for each heading."""
    blocks = [Block("deck")]
    for line in lines:
        if line.kind != "heading":
            blocks[-1].take(line)
        elif titled and not blocks[0].number:
            blocks[0].begin(line)
        elif line.depth > slide_depth:
            blocks[-1].take(Line("bullet", line.text, line.number))
        else:
            blocks.append(Block("slide" if line.depth == slide_depth else "section"))
            blocks[-1].begin(line)
    return blocks


def _slides(deck: Block, blocks: list[Block], titled: bool) -> Iterator[tuple[int, Slide]]:
    """Each with the number of its line."""
    section = before = deck.joined("section")
    if titled and deck.joined("cover").casefold() not in NONE:
        yield deck.number, _slide(deck, section, COVER)
    else:
        section = before = ""
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.role == "section":
            section = block.title
            if block.is_empty and following and following.role == "slide":
                continue
        section = block.joined("section") if "section" in block.fields else section
        yield block.number, _slide(block, section, _usual_level(section, before))
        before = section


def _slide(block: Block, section: str, level: int) -> Slide:
    return Slide(
        title=block.joined("title") if "title" in block.fields else block.title,
        bullets=tuple(block.bullets),
        section=section,
        level=min(int(block.fields["level"][-1]), POINT) if "level" in block.fields else level,
        **{name: block.joined(name) for name in ("subtitle", "notes", "picture", "prompt", "negative", "alt_text")},
    )
