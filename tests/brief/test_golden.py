"""The brief as a reader gets it, against kept copies. After a meant change: make golden, and read the difference."""

import io
from pathlib import Path

import pypdf
import pytest

from tocsin.brief import render
from tocsin.brief.content import BriefContent

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, made: str, rewrite: bool) -> None:
    path = GOLDEN / name
    if rewrite:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_golden_html(content: BriefContent, language: str, rewrite_golden: bool) -> None:
    compare(f"brief.{language}.html", render(content, ".html", language).decode(), rewrite_golden)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_golden_pdf_text(content: BriefContent, language: str, rewrite_golden: bool) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(content, ".pdf", language)))
    compare(f"brief.{language}.txt", "\n\f\n".join(p.extract_text() for p in reader.pages) + "\n", rewrite_golden)
