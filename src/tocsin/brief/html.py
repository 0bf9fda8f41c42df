"""The brief as one HTML file: no network, no script, readable on a phone, in the dark, on paper and by ear."""

import functools

import jinja2
from markupsafe import Markup

from tocsin.brief.page import Page, parts


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("tocsin.brief", "templates")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    made.filters["said"] = _said
    return made.get_template("brief.html")


def _said(text: str) -> Markup:
    """Words with the links in them."""
    pieces = (
        Markup('<a href="{}">{}</a>').format(target, words) if target else Markup("{}").format(words)
        for words, target in parts(text)
    )
    return Markup("").join(pieces)


@functools.cache
def style() -> str:
    """The style sheet, light and dark, screen and paper."""
    loader = _template().environment.loader
    assert loader is not None  # noqa: S101  our own environment always has one
    return loader.get_source(_template().environment, "brief.css")[0]


def html(page: Page) -> bytes:
    """The brief as a self-contained HTML file (UTF-8); every text from outside is escaped."""
    return _template().render(page=page, css=style() + _widths(page)).encode()


def _widths(page: Page) -> str:
    """Column widths of each table on wide screens and paper."""
    rules = [
        f"#{section.key}-table .w{number} {{ width: {share:g}% }}"
        for section in page.sections
        if section.table
        for number, share in enumerate(section.table.widths, start=1)
    ]
    return "@media print, (min-width: 44.01rem) {\n" + "\n".join(rules) + "\n}\n"
