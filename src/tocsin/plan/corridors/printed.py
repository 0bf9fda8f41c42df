"""The card of a convoy to print: legs with times, what is exposed, checkpoints, where to turn back, who can come."""

from html import escape
from typing import Any

from tocsin.core.words import Translator
from tocsin.plan.corridors.said import APART, assumed
from tocsin.plan.patrols.cards import made
from tocsin.plan.printed import at, clock, hours, length, moving, page, row, spot

OWN = """p.turn{border:2px solid #444;padding:.4em .6em}td.night{font-weight:bold}
section+section{page-break-before:always}section{page-break-after:auto}table{margin:.6em 0}"""


def printed_card(summary: dict[str, Any], _: Translator) -> str:
    """What `plan_corridor` gave, as a page to print, self-contained, in the reader's language.

    Times are at the planned pace; exposure is events near the convoy in 1,000 passages.
    """
    s, chosen = summary, summary["chosen"]
    title = _("{start} to {end}", start=spot(s["from"]["name"], _), end=spot(s["to"]["name"], _))
    mode, season = moving(s, _)
    line = _(
        "Leave at {leave}, arrive {arrive} at the planned pace; {km}, {hours} of driving, {events} events near it in "
        "1,000 passages; {mode}, {season}.",
        leave=clock(s["leave"], _), arrive=clock(s["leave"] + s["arrive_after_hours"], _), km=length(chosen["km"], _),
        hours=hours(chosen["hours"], _), events=_events(chosen, _), mode=mode, season=season,
    )  # fmt: skip
    titles = (_("leg"), _("from"), _("to"), _("leave"), _("arrive"), _("length"), _("events near it"),
              _("checkpoints"), _("in trouble"), _("who can come"))  # fmt: skip
    legs = f"<table>{row(map(escape, titles), 'th')}{''.join(_rows(s, _))}</table>"
    body = (
        f"<section><h1>{escape(title)}</h1><p>{escape(line)}</p>{legs}{_turn(s, _)}{_hours(s, _)}{_others(s, _)}"
        "<footer>"
        + "".join(f"<p>{escape(line)}</p>" for line in [*map(_, s["worse"]), *assumed(s["assumes"], _)])
        + f"<p>{escape(made(s, _))}</p></footer></section>"
    )
    return page(_("Convoy"), body, _, OWN)


def _events(way: dict[str, Any], _: Translator) -> str:
    return _.number(1000 * way["exposure"], 2)


def _rows(s: dict[str, Any], _: Translator) -> list[str]:
    rests = {r["after_leg"]: r for r in s["rests"]}
    now = s["leave"]
    found = []
    for number, leg in enumerate(s["legs"]):
        if number in rests:
            rest = _("Rest {hours} at {place}: {events} events near it in 1,000 such rests",
                     hours=hours(rests[number]["hours"], _), place=spot(leg["start"], _),
                     events=_events(rests[number], _))  # fmt: skip
            found.append(f'<tr><td colspan="10">{escape(rest)}</td></tr>')
            now += rests[number]["hours"]
        stops = _named(leg["checkpoints"], _) or escape(_("none known"))
        helpers = _named(leg["helpers"], _) or escape(_("nobody"))
        do = _("turn back") if leg["turn_back"] else _("go on")
        if leg["dark"]:
            do = _("{what}, in the dark", what=do)
        found.append(
            f'<tr><td class="n">{_.number(number + 1)}</td><td>{escape(spot(leg["start"], _))}</td>'
            f"<td>{escape(spot(leg['end'], _))}<br><small>{at(leg, _)}</small></td>"
            f'<td class="n">{clock(now, _)}</td><td class="n">{clock(now + leg["hours"], _)}</td>'
            f'<td class="n">{length(leg["km"], _)}</td><td class="n">{_events(leg, _)}</td><td>{stops}</td>'
            f"<td{' class=night' if leg['dark'] else ''}>{escape(do)}</td><td>{helpers}</td></tr>"
        )
        now += leg["hours"]
    return found


def _named(rows: list[dict[str, Any]], _: Translator) -> str:
    found = (_("{place}, {hours}", place=spot(r["name"], _), hours=hours(r["hours"], _)) for r in rows)
    return "<br>".join(map(escape, found))


def _turn(s: dict[str, Any], _: Translator) -> str:
    turn = s["turn_back"]
    if turn is None:
        text = escape(_("Turning back is never the shorter way once the first leg is driven."))
        return f'<p class="turn">{text}</p>'
    text = escape(_("Up to {place}, after {hours} of driving, turning back is shorter than going on; after it, go on.",
                    place=spot(turn["name"], _), hours=hours(turn["after_hours"], _)))  # fmt: skip
    return f'<p class="turn">{text} <small>{at(turn, _)}</small></p>'


def _hours(s: dict[str, Any], _: Translator) -> str:
    """What it would be to leave at another hour: the hour of least and that of most exposure."""
    now = next((row for row in s["by_hour"] if row["leave"] == int(s["leave"])), None)
    least = min(s["by_hour"], key=lambda row: (row["chosen"], row["arrive_after_hours"]))
    most = max(s["by_hour"], key=lambda row: row["chosen"])
    text = _(
        "Rests included, {least} events near it in 1,000 passages when leaving at {best}, there {after} later; {most} "
        "when leaving at {worst}.",
        least=_.number(1000 * least["chosen"], 2), best=clock(least["leave"], _),
        after=hours(least["arrive_after_hours"], _), most=_.number(1000 * most["chosen"], 2),
        worst=clock(most["leave"], _),
    )  # fmt: skip
    if now is not None:
        own = _("Leaving as planned it is {events}.", events=_.number(1000 * now["chosen"], 2))
        text = f"{own} {text}"
    return f"<p>{escape(text)}</p>"


def _others(s: dict[str, Any], _: Translator) -> str:
    if not s["others"]:
        none = _("No other way that keeps {km} km away from half of this one takes at most twice its time.", km=APART)
        return f"<p>{escape(none)}</p>"
    rows = "".join(
        f"<tr><td>{escape(spot(o['parts_at'], _))}</td><td>{escape(spot(o['joins_at'], _))}</td>"
        f"<td>{escape(_.join(spot(b, _) for b in o['by']))}</td>"
        f'<td class="n">{hours(o["hours"], _)}</td><td class="n">{length(o["km"], _)}</td>'
        f'<td class="n">{_events(o, _)}</td><td class="n">{_.percent(o["shared"])}</td></tr>'
        for o in s["others"]
    )
    titles = (_("leaves this way at"), _("comes back at"), _("by way of"), _("time"), _("length"), _("events near it"),
              _("shared"))  # fmt: skip
    caption = _("Other ways")
    return f"<table><caption>{escape(caption)}</caption>{row(map(escape, titles), 'th')}{rows}</table>"
