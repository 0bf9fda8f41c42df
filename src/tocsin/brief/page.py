"""A brief as a page: words in one language, in order, with no notion of HTML, PDF or Word."""

from dataclasses import dataclass, field

from tocsin.brief.map import Drawing

# A link stands in a text between signs of the private use area, which no text from outside keeps (content.plain).
BEGIN, TO, END = "\ue000", "\ue001", "\ue002"


def linked(words: str, target: str | None) -> str:
    """Words that lead to an address; the words alone without one."""
    return words if target is None else f"{BEGIN}{target}{TO}{words}{END}"


def parts(text: str) -> list[tuple[str, str]]:
    """A text in pieces: words, and the address each leads to (empty: none).

    >>> parts("first is " + linked("Bria", "/assess/cells/1") + ".")
    [('first is ', ''), ('Bria', '/assess/cells/1'), ('.', '')]
    """
    before, *rest = text.split(BEGIN)
    found = [(before, "")]
    for piece in rest:
        target, _, words = piece.partition(TO)
        inside, _, after = words.partition(END)
        found += [(inside, target), (after, "")]
    return [(words, target) for words, target in found if words]


@dataclass(frozen=True)
class Table:
    """A table; `align` has one of l, r per column; `heads` says which column names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    widths: tuple[float, ...]
    heads: int = 0


@dataclass(frozen=True)
class Section:
    """A heading with sentences, points and a table below it; `note` is small print."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: Table | None = None
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The whole brief in one language."""

    language: str
    direction: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    headlines: tuple[str, ...]
    headlines_title: str
    map: Drawing
    map_caption: str
    front: tuple[Section, ...]
    sections: tuple[Section, ...]
    skip: str
    footer: str
    kept: str = ""
    more: dict[str, str] = field(default_factory=dict)
