"""One page a patrol to print: when it leaves, where it stops, when it is back."""

import math
from html import escape
from typing import Any

STYLE = """body{font:12pt/1.4 sans-serif;margin:2cm}section{page-break-after:always;break-after:page}
h1{font-size:16pt;margin:0 0 .3em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #444;padding:.35em .5em;text-align:start}td.n{text-align:end;white-space:nowrap}
footer{margin-top:1em;font-size:9pt}"""


PREFIX = {"fuel": "fill tanks at ", "escort": "escort "}


def clock(hours: float) -> str:
    """Hours of the problem's clock as day and time; days are told from the second on.

    >>> clock(6.5), clock(30.0)
    ('06:30', 'day 2, 06:00')
    """
    minutes = math.ceil(hours * 60 - 1e-6)
    day, minute = divmod(minutes, 1440)
    text = f"{minute // 60:02d}:{minute % 60:02d}"
    return text if day == 0 else f"day {day + 1}, {text}"


def told(patrol: dict[str, Any]) -> str:
    """What a patrol costs and who is aboard, in a line.

    >>> told({"hours_driven": 5.25, "hours_out": 9.0, "litres": 84.0, "fuel_hours_left": 2.5, "with": ["Section"]})
    '5.2 hours of driving in 9.0 hours out; 84 litres; fuel for 2.5 hours left at the least; with Section'
    """
    parts = [f"{patrol['hours_driven']:.1f} hours of driving in {patrol['hours_out']:.1f} hours out"]
    if patrol["litres"] is not None:
        parts.append(f"{patrol['litres']:.0f} litres")
    if patrol["fuel_hours_left"] is not None:
        parts.append(f"fuel for {patrol['fuel_hours_left']:.1f} hours left at the least")
    return "; ".join([*parts, *(["with " + ", ".join(patrol["with"])] if patrol["with"] else [])])


def cards_html(summary: dict[str, Any], plan: int) -> str:
    """The cards of one plan of the mix as a page to print, self-contained.

    Times are when each stop is reached at the planned pace. The chance of the plan is left off: a card says only where
    this patrol goes today.
    """
    parts = []
    for patrol in summary["mix"]["plans"][plan]["patrols"]:
        rows = "".join(
            f'<tr><td class="n">{number}</td><td>{escape(PREFIX.get(s["kind"], "") + s["name"])}</td>'
            f'<td class="n">{clock(s["at"])}</td><td class="n">{s["stay_hours"]:g} h</td>'
            f'<td class="n">{s["lat"]:.4f}, {s["lon"]:.4f}</td><td></td></tr>'
            for number, s in enumerate(patrol["stops"], 1)
        )
        parts.append(
            f"<section><h1>{escape(patrol['patrol'])}</h1><p>Leave {escape(patrol['start']['name'])} at "
            f"{clock(patrol['leave'])}; back at {escape(patrol['end']['name'])} by {clock(patrol['back'])}; "
            f"{patrol['km_straight']:.0f} km as the crow flies; {escape(summary['mode'])}, "
            f"{escape(summary['season'])} season.</p><p>{escape(told(patrol))}</p>"
            "<table><tr><th>stop</th><th>place</th><th>arrive</th><th>stay</th><th>latitude, longitude</th>"
            f"<th>seen, said, promised</th></tr>{rows}</table><footer>"
            + "".join(f"<p>{escape(line)}</p>" for line in summary["worse"])
            + f"<p>As of {escape(summary['as_of'])}, run {escape(summary['run'][:12])}.</p></footer></section>"
        )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Patrols</title><style>{STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>\n"
    )
