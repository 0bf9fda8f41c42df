"""Names and sentences from outside are shown, never obeyed: in HTML, in Typst, in Word."""

import dataclasses
import io
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import docx
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.brief import render
from tocsin.brief.content import Area, BriefContent, MapUnit, Move, RecentViolence, Source, Unknown, cleaned

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg></style><h1>x",
    "&lt;b&gt; &amp; ]]> <!--",
    '#panic("x") $x$ *b* _i_ `r` <l> @ref \\ // /* #import "x": *',
    '#read("/etc/passwd")',
    "{0.__class__} {n} {} }{ %s %(n)s {{ 7*7 }} {% raw %}",
    "=1+1\t\x00\x01\x0b\x1f\x7f\ufffe\uffff\ud800",
    "\u202eevil\u202c مرحبا بالعالم 中文 🕊️ é̸̢̛",
    "x" * 3000,
    "'; DROP TABLE places; --",
    "",
]


def poisoned(content: BriefContent, words: str) -> BriefContent:
    place = dataclasses.replace(
        content.places[0],
        anchor=words,
        area=words,
        nearest=dataclasses.replace(content.places[0].nearest, name=words),
        reasons=(RecentViolence(2, 3, 6, None, (words, words)),),
    )
    first, *others = content.units
    return dataclasses.replace(
        content,
        mission=words,
        area=words,
        model=words,
        places=(place, *content.places[1:]),
        units=(MapUnit(words, first.kind, first.lon, first.lat, first.strength), *others),
        areas=(Area(words, content.areas[0].polygon), *content.areas[1:]),
        moves=(Move(words, words, 0.1, 6, words),),
        changes=dataclasses.replace(content.changes, entered=(words,)),
        unknowns=tuple(dataclasses.replace(u, name=words) if u.name else u for u in content.unknowns),
        sources=(Source(words, words, words),),
        figures=tuple(dataclasses.replace(f, area=words) for f in content.figures),
    )


class Tags(HTMLParser):
    """Tags and attribute names in order: what a browser would build."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("text",):  # whether a name has room on the map depends on its length
            self.found.append((tag, tuple(name for name, _ in attrs)))


def check_html(content: BriefContent, words: str) -> None:
    made = render(poisoned(content, words), ".html")
    harmless = render(poisoned(content, "x" if words.strip() else ""), ".html")
    drawn = [tag for tag in Tags(made).found if tag != ("tspan", ("font-family",))]  # Arabic letters of the map
    assert drawn == Tags(harmless).found
    svg = made.decode().split('tabindex="0">\n<svg')[1].split("</svg>")[0]
    ET.fromstring("<svg" + svg + "</svg>")


@pytest.mark.parametrize("words", [w for w in NASTY if w])
def test_html_shows_and_does_not_obey(content: BriefContent, words: str) -> None:
    check_html(content, words)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1).filter(lambda w: bool(cleaned(w))))
def test_html_any_text(content: BriefContent, words: str) -> None:
    check_html(content, words)


@pytest.mark.parametrize("words", NASTY)
def test_pdf_shows_and_does_not_obey(content: BriefContent, words: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(poisoned(content, words), ".pdf")))
    assert reader.metadata is not None
    assert str(reader.metadata.title).strip() == f"Protection brief: {cleaned(words)}".strip()


def test_typst_markup_is_text(content: BriefContent) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(poisoned(content, "#panic() *b* $x$"), ".pdf")))
    assert "#panic() *b* $x$" in reader.pages[0].extract_text()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text())
def test_pdf_and_word_any_text(content: BriefContent, words: str) -> None:
    bad = poisoned(content, words)
    assert render(bad, ".pdf").startswith(b"%PDF-")
    document = docx.Document(io.BytesIO(render(bad, ".docx")))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert cleaned(words) in cells


@pytest.mark.parametrize("words", NASTY)
def test_word_shows_and_does_not_obey(content: BriefContent, words: str) -> None:
    document = docx.Document(io.BytesIO(render(poisoned(content, words), ".docx")))
    assert any(cleaned(words) in p.text for p in document.paragraphs)


def test_fields_in_user_text_are_not_filled(content: BriefContent) -> None:
    unknowns = (Unknown(content.unknowns[4].kind, 3, name="{month} {n}", month=465),)
    page = render(dataclasses.replace(content, unknowns=unknowns), ".html").decode()
    assert "{month} {n} ends in September 2018, 3 months before" in page
