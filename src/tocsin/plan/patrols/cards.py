"""One page a patrol to print: when it leaves, where it stops, when it is back; in the reader's language."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from tocsin.core.time import parse_month
from tocsin.core.words import Translator
from tocsin.plan.printed import at, clock, hours, length, moving, page, row, spot

_DAY = re.compile(r"(.*), day (\d)", re.DOTALL)


def told(patrol: dict[str, Any], _: Translator) -> str:
    """What a patrol costs and who is aboard, in a line.

    >>> from tocsin.core.words import translator
    >>> told({"hours_driven": 5.25, "hours_out": 9.0, "litres": 84.0, "fuel_hours_left": 2.5, "with": ["Section"]},
    ...      translator("en"))
    '5.2 h of driving in 9.0 h out; 84 litres; fuel for 2.5 h left at the least; with Section'
    """
    parts = [_("{driven} of driving in {out} out", driven=hours(patrol["hours_driven"], _),
               out=hours(patrol["hours_out"], _))]  # fmt: skip
    if patrol["litres"] is not None:
        parts.append(_("{litres} litres", litres=_.number(patrol["litres"])))
    if patrol["fuel_hours_left"] is not None:
        parts.append(_("fuel for {hours} left at the least", hours=hours(patrol["fuel_hours_left"], _)))
    if patrol["with"]:
        parts.append(_("with {names}", names=_.join(patrol["with"])))
    return "; ".join(parts) if _.direction == "ltr" else "؛ ".join(parts)


def patrol_name(name: str, _: Translator) -> str:
    """The name of a patrol, with its day in the reader's words.

    >>> from tocsin.core.words import translator
    >>> patrol_name("Alpha 2, day 1", translator("fr"))
    'Alpha 2, jour 1'
    """
    found = _DAY.fullmatch(name)
    return name if found is None else _("{name}, day {day}", name=found[1], day=int(found[2]))


def cards_html(summary: dict[str, Any], patrols: Sequence[dict[str, Any]], _: Translator) -> str:
    """The cards of patrols drawn (`draw_cards`) as a page to print, self-contained.

    Times are when each stop is reached at the planned pace. The chance of the plan is left off: a card says only where
    this patrol goes today.
    """
    titles = (_("stop"), _("place"), _("arrive"), _("stay"), _("latitude, longitude"), _("seen, said, promised"))
    mode, season = moving(summary, _)
    parts = []
    for patrol in patrols:
        rows = "".join(
            f'<tr><td class="n">{_.number(number)}</td><td>{escape(_stop(s, _))}</td>'
            f'<td class="n">{clock(s["at"], _)}</td><td class="n">{hours(s["stay_hours"], _)}</td>'
            f'<td class="n">{at(s, _)}</td><td></td></tr>'
            for number, s in enumerate(patrol["stops"], 1)
        )
        line = _(
            "Leave {start} at {leave}; back at {end} by {back}; {km} as the crow flies; {mode}, {season}.",
            start=spot(patrol["start"]["name"], _), leave=clock(patrol["leave"], _),
            end=spot(patrol["end"]["name"], _), back=clock(patrol["back"], _), km=length(patrol["km_straight"], _),
            mode=mode, season=season,
        )  # fmt: skip
        worse = [*summary["worse"]]
        parts.append(
            f"<section><h1>{escape(patrol_name(patrol['patrol'], _))}</h1><p>{escape(line)}</p>"
            f"<p>{escape(told(patrol, _))}</p><table>{row(map(escape, titles), 'th')}{rows}</table><footer>"
            + "".join(f"<p>{escape(_(w))}</p>" for w in worse)
            + f"<p>{escape(made(summary, _))}</p></footer></section>"
        )
    return page(_("Patrols"), "".join(parts), _)


def made(summary: dict[str, Any], _: Translator) -> str:
    """What a card rests on."""
    return _("As of {month}, run {run}.", month=_.month(parse_month(summary["as_of"])), run=str(summary["run"][:12]))


def _stop(stop: dict[str, Any], _: Translator) -> str:
    name = spot(stop["name"], _)
    if stop["kind"] == "fuel":
        return _("fill tanks at {place}", place=name)
    return _("escort {place}", place=name) if stop["kind"] == "escort" else name
