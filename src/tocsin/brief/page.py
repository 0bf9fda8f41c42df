"""A brief as a page: words in one language, in order, with no notion of HTML, PDF or Word."""

from dataclasses import dataclass, field

from tocsin.brief.map import Drawing


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
    more: dict[str, str] = field(default_factory=dict)
