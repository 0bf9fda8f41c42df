"""The brief as a Word file, for those who must edit it: real headings, real tables, the map with words for it."""

import datetime as dt
import io
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from tocsin.brief.page import Page, Section, Table, parts
from tocsin.brief.pdf import picture

_SOFT = RGBColor(0x57, 0x52, 0x4B)
_ACCENT = RGBColor(0x8A, 0x2C, 0x12)
_WIDTH_MM = 182.0
_MAP_MM = 160.0
_FONT = "Times New Roman"  # on every office machine, itself or as a font of the same widths


def word(page: Page, made: dt.date) -> bytes:
    """The brief as DOCX; `made` is the date in its properties."""
    document = docx.Document()
    _set_up(document, page, made)
    if page.subtitle:
        _small(document.add_paragraph(), page.subtitle, _ACCENT, 10)
    document.add_heading(page.title, level=0)
    _small(document.add_paragraph(), " · ".join(f"{name}: {value}" for name, value in page.facts), _SOFT, 9)
    _section(document, Section("short", page.headlines_title, points=page.headlines))
    document.add_heading(page.map_caption, level=2)
    drawn = document.add_picture(io.BytesIO(picture(page)), width=Mm(_MAP_MM))
    properties = drawn._inline.docPr
    properties.set("descr", page.map.alt)
    properties.set("title", page.map.title)
    for section in (*page.front, *page.sections):
        _section(document, section)
    if page.kept:
        _say(document.add_paragraph(), page.kept)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_up(document: Any, page: Page, made: dt.date) -> None:
    sheet = document.sections[0]
    sheet.page_width, sheet.page_height = Mm(210), Mm(297)
    sheet.left_margin = sheet.right_margin = Mm(14)
    sheet.top_margin = sheet.bottom_margin = Mm(12)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(9)
    normal.paragraph_format.space_after = Pt(2)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), page.language)
    language.set(qn("w:bidi"), page.language)
    normal.element.get_or_add_rPr().append(language)
    for name, size in (("Title", 19), ("Heading 1", 11.5), ("Heading 2", 10)):
        style = document.styles[name]
        style.font.size, style.font.bold = Pt(size), True
        style.font.color.rgb = _ACCENT if name == "Heading 1" else RGBColor(0x1D, 0x1B, 0x19)
        style.font.name = _FONT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(6), Pt(2)
    document.styles["List Bullet"].paragraph_format.space_after = Pt(1)
    about = document.core_properties
    moment = dt.datetime.combine(made, dt.time())
    about.title, about.author = page.title[:255], "Tocsin"  # 255 is the format's limit
    about.language, about.comments = page.language, page.footer[:255]
    about.created = about.modified = moment
    about.last_modified_by, about.revision = "Tocsin", 1
    foot = sheet.footer.paragraphs[0]
    _small(foot, page.footer, _SOFT, 7.5)


def _small(paragraph: Any, words: str, colour: RGBColor, size: float) -> None:
    run = paragraph.add_run(words)
    run.font.size, run.font.color.rgb = Pt(size), colour


def _say(paragraph: Any, text: str) -> list[Any]:
    """Words with the links in them, as runs."""
    made = []
    for words, target in parts(text):
        run = paragraph.add_run(words)
        made.append(run)
        if target:
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), paragraph.part.relate_to(target, RT.HYPERLINK, is_external=True))
            run._r.addprevious(link)
            link.append(run._r)
            run.font.underline = True
    return made


def _section(document: Any, section: Section) -> None:
    document.add_heading(section.title, level=1)
    for words in section.paragraphs:
        _say(document.add_paragraph(), words)
    for words in section.points:
        _say(document.add_paragraph(style="List Bullet"), words)
    if section.table:
        caption = document.add_paragraph(style="Caption")
        caption.paragraph_format.keep_with_next = True
        _small(caption, section.table.caption, _SOFT, 8)
        _table(document, section.table)
    if section.note:
        paragraph = document.add_paragraph()
        _small(paragraph, section.note, _SOFT, 8)


def _table(document: Any, table: Table) -> None:
    made = document.add_table(rows=1, cols=len(table.columns), style="Table Grid")
    made.autofit = False
    whole = sum(table.widths)
    widths = [Mm(_WIDTH_MM * share / whole) for share in table.widths]
    for column, width in zip(made.columns, widths, strict=True):  # both: some programs read only the grid
        column.width = width
    repeat = OxmlElement("w:tblHeader")
    made.rows[0]._tr.get_or_add_trPr().append(repeat)
    _row(made.rows[0], table.columns, table, widths, bold=True)
    for words in table.rows:
        row = made.add_row()
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        _row(row, words, table, widths, bold=False)
    for element, value in (("w:tblCaption", table.caption), ("w:tblDescription", table.caption)):
        tag = OxmlElement(element)
        tag.set(qn("w:val"), value)
        made._tbl.tblPr.append(tag)


def _row(row: Any, words: tuple[str, ...], table: Table, widths: list[Any], bold: bool) -> None:
    for number, (cell, text, width) in enumerate(zip(row.cells, words, widths, strict=True)):
        cell.width = width
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if table.align[number] == "r":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for run in _say(paragraph, text):
            run.font.size = Pt(7.5)
            run.font.bold = bold or number == table.heads
