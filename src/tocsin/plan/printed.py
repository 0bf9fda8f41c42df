"""Words of what is printed for the road: hours, lengths, places and pages, in the language of who carries them."""

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tocsin.core.words import Translator, mark

STYLE = """body{font:12pt/1.4 sans-serif;margin:2cm}section{page-break-after:always;break-after:page}
h1{font-size:16pt;margin:0 0 .3em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #444;padding:.35em .5em;text-align:start}td.n{text-align:end;white-space:nowrap}
footer{margin-top:1em;font-size:9pt}"""
MODES = {"wheeled": mark("wheeled vehicles"), "tracked": mark("tracked vehicles"), "foot": mark("on foot")}
SEASONS = {"dry": mark("dry season"), "wet": mark("wet season")}
_SPOT = re.compile(r"(\d+) km (N|NE|E|SE|S|SW|W|NW) (.+)", re.DOTALL)


def clock(hours: float, _: Translator) -> str:
    """Hours of the problem's clock as day and time; days are told from the second on.

    >>> from tocsin.core.words import translator
    >>> clock(6.5, translator("en")), clock(30.0, translator("en"))
    ('06:30', 'day 2, 06:00')
    """
    minutes = math.ceil(hours * 60 - 1e-6)
    day, minute = divmod(minutes, 1440)
    text = _.digits(f"{minute // 60:02d}:{minute % 60:02d}")
    return text if day == 0 else _("day {day}, {time}", day=day + 1, time=text)


def hours(value: float, _: Translator) -> str:
    """A length of time, to a tenth of an hour.

    >>> from tocsin.core.words import translator
    >>> hours(5.25, translator("fr"))
    '5,2 h'
    """
    return _("{hours} h", hours=_.number(value, 1))


def length(km: float, _: Translator) -> str:
    """A length in whole kilometres."""
    return _("{km} km", km=_.number(km))


def spot(name: str, _: Translator) -> str:
    """A point as a plan names it, ``15 km NE Kaga``, in the reader's words; a plain name as it is.

    >>> from tocsin.core.words import translator
    >>> spot("15 km NE Kaga", translator("en")), spot("Kaga", translator("en"))
    ('15 km NE of Kaga', 'Kaga')
    """
    found = _SPOT.fullmatch(name)
    if found is None:
        return name
    return _("{km} km {way} of {place}", km=_.number(int(found[1])), way=_(found[2]), place=found[3])


def moving(summary: dict[str, Any], _: Translator) -> tuple[str, str]:
    """How and in which season people move, in words."""
    mode, season = MODES[summary["mode"]], SEASONS[summary["season"]]
    return _(mode), _(season)


def at(point: Any, _: Translator) -> str:
    """Latitude and longitude as they are typed into a receiver: in Latin digits, left to right."""
    return f'<bdi dir="ltr">{point["lat"]:.4f}, {point["lon"]:.4f}</bdi>'


def said(lines: Iterable[str], known: Sequence[str], _: Translator, **values: float) -> list[str]:
    """Sentences of a result in the reader's language; those made of `known` templates are filled with the same values.

    >>> from tocsin.core.words import translator
    >>> said(["within 25 km", "counts 0.3", "other"], ["within {km} km", "counts {part}"], translator("fr"), km=25,
    ...      part=0.3)
    ['within 25 km', 'counts 0,3', 'other']
    """
    templates = {template.format(**values): template for template in known}
    fitted = {name: v if isinstance(v, int) else _.number(v, 1) for name, v in values.items()}
    found = []
    for line in lines:
        if line in templates:
            found.append(_(templates[line], **fitted))
        else:  # names from outside may hold braces; only our own plain sentences are looked up
            found.append(line if "{" in line or "}" in line else _(line))
    return found


def page(title: str, body: str, _: Translator, more: str = "") -> str:
    """A page to print, self-contained, in the direction of its language."""
    return (
        f'<!doctype html><html lang="{_.language}" dir="{_.direction}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}{more}</style></head><body>{body}</body></html>\n"
    )


def row(cells: Iterable[str], tag: str = "td") -> str:
    """A row of a table, its cells escaped already."""
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"
