"""The files: two pages, readable by machines that read aloud, needing nobody, written whole or not at all."""

import dataclasses
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import docx
import pypdf
import pytest

from tocsin.brief import SUFFIXES, render, write
from tocsin.brief.content import BriefContent
from tocsin.brief.write import KEPT, keep, kept_name
from tocsin.core.errors import BadInput


def full(content: BriefContent) -> BriefContent:
    """As much as a normal mission has: ten places, seventeen areas, three moves."""
    places = tuple(dataclasses.replace(content.places[0], rank=n) for n in range(1, 11))
    figures = tuple(dataclasses.replace(content.figures[0], area=f"Area number {n}") for n in range(17))
    return dataclasses.replace(content, places=places, figures=figures, sources=content.sources * 3)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_two_pages(content: BriefContent, language: str) -> None:
    for facts in (content, full(content)):
        reader = pypdf.PdfReader(io.BytesIO(render(facts, ".pdf", language)))
        assert len(reader.pages) == 2
        assert [round(float(v)) for v in reader.pages[0].mediabox[2:]] == [595, 842]


def test_pdf_can_be_read_aloud(content: BriefContent) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(content, ".pdf", "fr")))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("fr")
    assert "/StructTreeRoot" in root
    assert reader.xmp_metadata is not None
    assert b"pdfuaid" in reader.xmp_metadata.stream.get_data()
    kinds, alternatives = [], []

    def walk(node: Any) -> None:
        if isinstance(node, pypdf.generic.IndirectObject):
            node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                kinds.append(str(node["/S"]))
                if "/Alt" in node:
                    alternatives.append(str(node["/Alt"]))
            if "/K" in node:
                walk(node["/K"])

    walk(root["/StructTreeRoot"]["/K"])
    assert {"/H1", "/Table", "/TH", "/TD", "/L", "/Figure"} <= set(kinds)
    assert any(text.startswith("Carte de la zone Testland") for text in alternatives)


@pytest.mark.parametrize(
    ("language", "families"), [("en", {"LibertinusSerif"}), ("ar", {"LibertinusSerif", "IBMPlexSansArabic"})]
)
def test_pdf_carries_its_fonts_and_nothing_else(content: BriefContent, language: str, families: set[str]) -> None:
    """Arabic too, so that it looks alike on every machine and keeps its promise to screen readers."""
    made = render(content, ".pdf", language)
    reader = pypdf.PdfReader(io.BytesIO(made))
    found = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])
            found.add(str(descendant["/BaseFont"]).split("+")[1].split("-")[0])
    assert found == families
    assert reader.xmp_metadata is not None
    assert b"pdfuaid" in reader.xmp_metadata.stream.get_data()
    assert b"/URI" not in made
    assert b"/JavaScript" not in made


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_same_facts_same_bytes(content: BriefContent, suffix: str) -> None:
    one, two = (hashlib.sha256(render(content, suffix)).hexdigest() for _ in range(2))
    assert one == two


@pytest.mark.parametrize("language", ["en", "fr"])
def test_html_needs_nobody(content: BriefContent, language: str) -> None:
    page = render(content, ".html", language).decode()
    assert f'<html lang="{language}" dir="ltr">' in page
    assert "<script" not in page
    assert "@import" not in page
    for value in re.findall(r'(?:src|href|action|srcset|data)="([^"]*)"', page):
        assert value.startswith("#"), value
    assert all(v.startswith("#") for v in re.findall(r"url\(([^)]*)\)", page))
    assert "https://example.org/ged" in page  # a citation is words, not a link


def test_html_is_in_order(content: BriefContent) -> None:
    page = render(content, ".html").decode()
    assert re.findall(r"<h(\d)", page) == ["1"] + ["2"] * 8
    assert page.count("<table") == page.count("<caption>") == 3
    assert page.count('<th scope="row"') == 3 + 3 + 3
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for name in re.findall(r'(?:aria-labelledby|href)="#?([^"]+)"', page):
        assert set(name.split()) <= set(ids)
    assert page.index('class="skip"') < page.index("<header>")


def test_word_has_real_headings_tables_and_words_for_the_map(content: BriefContent) -> None:
    document = docx.Document(io.BytesIO(render(content, ".docx", "fr")))
    styles = [p.style.name for p in document.paragraphs if p.style is not None]
    assert styles.count("Heading 1") == 8
    assert len(document.tables) == 3
    assert document.core_properties.title == "Note de protection\u00a0: Testland"
    assert document.core_properties.language == "fr"
    picture = document.inline_shapes[0]._inline.docPr
    assert picture.get("descr").startswith("Carte de la zone Testland")
    assert all("tblHeader" in table.rows[0]._tr.xml for table in document.tables)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_written_whole_or_not_at_all(
    content: BriefContent, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"brief{suffix}"
    path.write_bytes(b"earlier")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(BadInput, match="No space left on device"):
            write(content, path)
    assert path.read_bytes() == b"earlier"
    write(content, path)
    assert path.read_bytes() == (render(content, suffix) if suffix != ".docx" else path.read_bytes())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["brief.doc", "brief", "brief.html.gz"])
def test_unknown_suffix(content: BriefContent, name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"end the file's name in \.html, \.pdf, \.docx"):
        write(content, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_no_such_folder(content: BriefContent, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="choose another place"):
        write(content, tmp_path / "none" / "brief.html")


DOOR = "https://tocsin.example.org"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_kept_brief_has_an_address_and_what_it_cites_has_one(
    content: BriefContent, tmp_path: Path, language: str
) -> None:
    for suffix in SUFFIXES:
        made = keep(full(content), tmp_path, suffix, language, DOOR)
        name = kept_name(full(content), suffix, language)
        assert KEPT.fullmatch(name)
        assert (tmp_path / name).read_bytes() == made
        if suffix == ".html":
            text = made.decode()
            assert f'<a href="/briefs/{name}">/briefs/{name}</a>' in text
            found = set(re.findall(r'href="(/[^"]+)"', text))
            assert DOOR not in text, "links within the door need no name of it"
        elif suffix == ".pdf":
            reader = pypdf.PdfReader(io.BytesIO(made))
            assert len(reader.pages) == 2
            marks = [mark.get_object() for page in reader.pages for mark in page.get("/Annots", [])]
            found = {str(mark["/A"]["/URI"]).removeprefix(DOOR) for mark in marks}
            assert reader.xmp_metadata is not None
            assert b"pdfuaid" in reader.xmp_metadata.stream.get_data()
        else:
            links = docx.Document(io.BytesIO(made)).part.rels.values()
            found = {r.target_ref.removeprefix(DOOR) for r in links if r.is_external}
        assert f"/briefs/{name}" in found
        assert "/plan" in found
        assert any(re.fullmatch(r"/assess/cells/\d+", target) for target in found)
    again = dataclasses.replace(content, known_on=content.known_on.replace(year=2031))
    assert kept_name(again, ".pdf", language) != kept_name(content, ".pdf", language)
    assert {kept_name(content, s, language).split(".")[0] for s in SUFFIXES} == {
        kept_name(content, ".pdf", "fr").split(".")[0]
    }


def test_a_kept_brief_is_not_made_anew_and_needs_no_disk_to_be_read(content: BriefContent, tmp_path: Path) -> None:
    name = kept_name(content, ".html", "en")
    (tmp_path / name).write_bytes(b"as it was")
    assert keep(content, tmp_path, ".html", "en", DOOR) == b"as it was"
    (tmp_path / "file").touch()
    made = keep(content, tmp_path / "file" / "briefs", ".html", "en", DOOR)
    assert b"/briefs/" not in made, "no address is promised that leads nowhere"
    assert b"/assess/cells/" in made


def test_words_from_outside_make_no_links(content: BriefContent, tmp_path: Path) -> None:
    sly = dataclasses.replace(content.places[0], anchor="\ue000https://evil.example\ue001Bria\ue002")
    made = keep(dataclasses.replace(content, places=(sly,)), tmp_path, ".html", "en", DOOR).decode()
    assert 'href="https://evil' not in made
