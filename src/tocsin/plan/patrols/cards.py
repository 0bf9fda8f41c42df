"""One page a patrol to print: when it leaves, where it stops, when it is back."""

import math
from html import escape
from typing import Any

STYLE = """body{font:12pt/1.4 sans-serif;margin:2cm}section{page-break-after:always;break-after:page}
h1{font-size:16pt;margin:0 0 .3em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #444;padding:.35em .5em;text-align:start}td.n{text-align:end;white-space:nowrap}
footer{margin-top:1em;font-size:9pt}"""


def clock(hours: float) -> str:
    """Hours of the problem's clock as day and time; days are told from the second on.

    >>> clock(6.5), clock(30.0)
    ('06:30', 'day 2, 06:00')
    """
    minutes = math.ceil(hours * 60 - 1e-6)
    day, minute = divmod(minutes, 1440)
    text = f"{minute // 60:02d}:{minute % 60:02d}"
    return text if day == 0 else f"day {day + 1}, {text}"


def cards_html(summary: dict[str, Any], plan: int) -> str:
    """The cards of one plan of the mix as a page to print, self-contained.

    Times are when each stop is reached at the planned pace. The chance of the plan is left off: a card says only where
    this patrol goes today.
    """
    parts = []
    for patrol in summary["mix"]["plans"][plan]["patrols"]:
        rows = "".join(
            f'<tr><td class="n">{number}</td><td>{escape(s["name"])}</td><td class="n">{clock(s["at"])}</td>'
            f'<td class="n">{s["stay_hours"]:g} h</td><td class="n">{s["lat"]:.4f}, {s["lon"]:.4f}</td><td></td></tr>'
            for number, s in enumerate(patrol["stops"], 1)
        )
        parts.append(
            f"<section><h1>{escape(patrol['patrol'])}</h1><p>Leave {escape(patrol['start']['name'])} at "
            f"{clock(patrol['leave'])}; back at {escape(patrol['end']['name'])} by {clock(patrol['back'])}; "
            f"{patrol['km_straight']:.0f} km as the crow flies; {escape(summary['mode'])}, "
            f"{escape(summary['season'])} season.</p>"
            "<table><tr><th>stop</th><th>place</th><th>arrive</th><th>stay</th><th>latitude, longitude</th>"
            f"<th>seen, said, promised</th></tr>{rows}</table><footer>"
            + "".join(f"<p>{escape(line)}</p>" for line in summary["worse"])
            + f"<p>As of {escape(summary['as_of'])}, run {escape(summary['run'][:12])}.</p></footer></section>"
        )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Patrols</title><style>{STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>\n"
    )
