"""The card of a convoy to print: legs with times, what is exposed, checkpoints, where to turn back, who can come."""

from html import escape
from typing import Any

from tocsin.plan.patrols.cards import STYLE, clock

OWN = """p.turn{border:2px solid #444;padding:.4em .6em}td.night{font-weight:bold}
section+section{page-break-before:always}section{page-break-after:auto}table{margin:.6em 0}"""


def printed_card(summary: dict[str, Any]) -> str:
    """What `plan_corridor` gave, as a page to print, self-contained.

    Times are at the planned pace; exposure is events near the convoy in 1,000 passages.
    """
    s, chosen = summary, summary["chosen"]
    head = (
        f"<h1>{escape(s['from']['name'])} to {escape(s['to']['name'])}</h1><p>Leave at {clock(s['leave'])}, arrive "
        f"{clock(s['leave'] + s['arrive_after_hours'])} at the planned pace; {chosen['km']:.0f} km, "
        f"{chosen['hours']:.1f} h of driving, {1000 * chosen['exposure']:.2f} events near it in 1,000 passages; "
        f"{escape(s['mode'])}, {escape(s['season'])} season, over {escape(s['over'])}.</p>"
    )
    legs = (
        "<table><tr><th>leg</th><th>from</th><th>to</th><th>leave</th><th>arrive</th><th>km</th><th>events near it</th>"
        f"<th>checkpoints</th><th>in trouble</th><th>who can come</th></tr>{''.join(_rows(s))}</table>"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Convoy</title><style>{STYLE}{OWN}</style>'
        f"</head><body><section>{head}{legs}{_turn(s)}{_others(s)}<footer>"
        + "".join(f"<p>{escape(line)}</p>" for line in [*s["worse"], *s["assumes"]])
        + f"<p>As of {escape(s['as_of'])}, run {escape(s['run'][:12])}.</p></footer></section></body></html>\n"
    )


def _rows(s: dict[str, Any]) -> list[str]:
    rests = {r["after_leg"]: r["hours"] for r in s["rests"]}
    now = s["leave"]
    found = []
    for number, leg in enumerate(s["legs"]):
        if number in rests:
            found.append(f'<tr><td colspan="10">Rest {rests[number]:.1f} h at {escape(leg["start"])}</td></tr>')
            now += rests[number]
        stops = "; ".join(f"{escape(c['name'])}, {c['hours']:g} h" for c in leg["checkpoints"]) or "none known"
        helpers = "; ".join(f"{escape(h['name'])}, {h['hours']:.1f} h" for h in leg["helpers"]) or "nobody"
        do = ("turn back" if leg["turn_back"] else "go on") + (", in the dark" if leg["dark"] else "")
        found.append(
            f'<tr><td class="n">{number + 1}</td><td>{escape(leg["start"])}</td><td>{escape(leg["end"])}'
            f"<br><small>{leg['lat']:.4f}, {leg['lon']:.4f}</small></td>"
            f'<td class="n">{clock(now)}</td><td class="n">{clock(now + leg["hours"])}</td>'
            f'<td class="n">{leg["km"]:.0f}</td><td class="n">{1000 * leg["exposure"]:.2f}</td><td>{stops}</td>'
            f"<td{' class=night' if leg['dark'] else ''}>{do}</td><td>{helpers}</td></tr>"
        )
        now += leg["hours"]
    return found


def _turn(s: dict[str, Any]) -> str:
    turn = s["turn_back"]
    if turn is None:
        return '<p class="turn">Turning back is never the shorter way once the first leg is driven.</p>'
    return (
        f'<p class="turn">Up to {escape(turn["name"])} ({turn["lat"]:.4f}, {turn["lon"]:.4f}), after '
        f"{turn['after_hours']:.1f} h of driving, turning back is shorter than going on; after it, go on.</p>"
    )


def _others(s: dict[str, Any]) -> str:
    if not s["others"]:
        return "<p>No other way that is really different was found.</p>"
    rows = "".join(
        f"<tr><td>{escape(o['parts_at'])}</td><td>{escape(o['joins_at'])}</td><td>{escape(', '.join(o['by']))}</td>"
        f'<td class="n">{o["hours"]:.1f} h</td><td class="n">{o["km"]:.0f}</td><td class="n">{1000 * o["exposure"]:.2f}'
        f'</td><td class="n">{o["shared"]:.0%}</td></tr>'
        for o in s["others"]
    )
    return (
        "<table><caption>Other ways</caption><tr><th>leaves this way at</th><th>comes back at</th><th>by</th><th>time"
        f"</th><th>km</th><th>events near it</th><th>shared</th></tr>{rows}</table>"
    )
