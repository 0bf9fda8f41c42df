"""The brief on paper: two A4 pages, tagged for screen readers (PDF/UA-1), the same bytes for the same facts.

Typst sets it. The words go in as a data file, never into the markup, so text from outside cannot become a command.
The fonts inside the typst package are used, and one for Arabic beside ours: every machine makes the same pages.
"""

import datetime as dt
import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Literal

from tocsin.brief.page import Page
from tocsin.core.errors import SetupProblem

SIZES = (9.4, 9.0, 8.6, 8.2, 7.8)  # points; the largest that gives two pages is used
PAGES = 2
FONTS = [str(files("tocsin.core").joinpath("geodata"))]


def _sources(page: Page, size: float) -> Any:  # typst takes a dict of files, its types do not say so yet
    data = asdict(page) | {"size": size, "author": "Tocsin"}
    main = files("tocsin.brief").joinpath("templates/brief.typ").read_bytes()
    return {"main.typ": main, "page.json": json.dumps(data, ensure_ascii=True, sort_keys=True).encode()}


def pdf(page: Page, made: dt.date) -> bytes:
    """The brief as PDF, dated `made` so that the same facts give the same bytes.

    The text shrinks in steps to keep to two pages; a brief too long even for the smallest size gets a third page
    rather than words nobody can read. Names in a script that the fonts inside typst lack (Chinese, Ethiopic …) are set
    with the fonts of the machine; where those lack it too, the file is still made, without the PDF/UA-1 promise.

    Raises
    ------
    SetupProblem
        If typst cannot set the page at all.
    """
    import typst

    stamp = int(dt.datetime.combine(made, dt.time(), dt.UTC).timestamp())
    why: Exception | None = None
    ways: tuple[tuple[bool, Literal["ua-1"] | None], ...] = ((True, "ua-1"), (False, "ua-1"), (False, None))
    for own_fonts, standard in ways:
        size = next(s for s in SIZES if s == SIZES[-1] or pages(page, s, own_fonts) <= PAGES)
        try:
            return bytes(
                typst.compile(
                    _sources(page, size),
                    format="pdf",
                    pdf_standards=standard,
                    font_paths=FONTS,
                    ignore_system_fonts=own_fonts,
                    timestamp=stamp,
                )
            )
        except typst.TypstError as problem:
            why = problem
    raise SetupProblem("the PDF could not be set ({why}); write the brief as .html instead", why=why) from why


def pages(page: Page, size: float, own_fonts: bool = True) -> int:
    """How many pages the brief has at a text size in points."""
    import typst

    found = typst.query(
        _sources(page, size), "<pages>", field="value", one=True, font_paths=FONTS, ignore_system_fonts=own_fonts
    )
    return int(found)


def picture(page: Page, ppi: float = 200.0) -> bytes:
    """The map alone as PNG, for formats that cannot hold a drawing."""
    import typst

    main = (
        '#let d = json("map.json")\n#set page(width: d.width * 0.75pt, height: auto, margin: 0pt, fill: white)\n'
        '#image(bytes(d.svg), format: "svg", width: 100%)'
    )
    drawn = {"svg": page.map.svg, "width": page.map.width}
    sources: Any = {"main.typ": main.encode(), "map.json": json.dumps(drawn).encode()}
    try:
        out = typst.compile(sources, format="png", ppi=ppi, font_paths=FONTS)
    except typst.TypstError as problem:
        raise SetupProblem(
            "the map could not be drawn ({why}); write the brief as .html instead", why=problem
        ) from problem
    return bytes(out)
