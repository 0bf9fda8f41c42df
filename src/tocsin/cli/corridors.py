"""The command that finds corridors."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin plan``."""
    app.command("corridor")(corridor)


def numbers(texts: list[str] | None, what: str, count: int = 3) -> tuple[Any, ...]:
    """Options of the form ``1,2,3`` as numbers."""
    from tocsin.core.errors import BadInput

    found = []
    for text in texts or ():
        try:
            parts = tuple(float(p) for p in text.split(","))
        except ValueError:
            parts = ()
        if len(parts) != count:
            raise BadInput("'{text}' is not {what}", text=text, what=what)
        found.append(parts)
    return tuple(found)


def corridor(
    context: typer.Context,
    start: Annotated[str, typer.Argument(help="Where from: lon,lat, a unit or a place.")],
    end: Annotated[str, typer.Argument(help="Where to.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    mode: Annotated[str, typer.Option(help="wheeled, tracked or foot.")] = "wheeled",
    leave: Annotated[float, typer.Option(help="Hour of the day of leaving, 0 to 24.")] = 6.0,
    night: Annotated[bool, typer.Option("--night", help="The convoy may move in the dark.")] = False,
    roads: Annotated[Path | None, typer.Option(help="GeoJSON file of roads.")] = None,
    closed: Annotated[list[str] | None, typer.Option(help="Keep out of lon,lat,km; may be given again.")] = None,
    checkpoint: Annotated[list[str] | None, typer.Option(help="lon,lat,hours that it costs.")] = None,
    by_hour: Annotated[str, typer.Option(help="24 factors of the hazard, one an hour from midnight.")] = "",
    straight: Annotated[bool, typer.Option("--straight", help="Leave the mission's ground out.")] = False,
    legs: Annotated[int, typer.Option(help="Legs of the card, 1 to 40.")] = 6,
    others: Annotated[int, typer.Option(help="Other ways to look for, 0 to 10.")] = 2,
    most_time: Annotated[float, typer.Option(help="The way chosen takes at most so many times the fastest's.")] = 2.0,
    card: Annotated[Path | None, typer.Option(help="Write the convoy's card (HTML, to print).")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    language: Annotated[
        str | None, typer.Option("--lang", help="Of the card: en, fr or ar. Default: the mission's.")
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the ways between two places: fastest, safest and between, with a card for the convoy."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.plan.corridors.actions import Asked, plan_corridor
    from tocsin.plan.corridors.said import APART
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(language or home.language)  # a language that is not there is said before the work
    discs = numbers(closed, "longitude,latitude,km")
    stops = numbers(checkpoint, "longitude,latitude,hours")
    factors = numbers([by_hour], "24 factors", 24)[0] if by_hour else ()
    asked = Asked(start, end, mode, leave, night, roads, discs, stops, factors, legs, others, straight, most_time)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        done = plan_corridor(connection, home, utc_now(), asked, month, tuple(operation or ()), tell)
    s = done.summary
    talk.show(
        f"{s['from']['name']} to {s['to']['name']}, {s['mode']}, {s['season']} season, as of {s['as_of']}, over "
        f"{s['over']}"
    )
    named = (("fastest", s["fastest"]), ("chosen", s["chosen"]), ("safest", s["safest"]))
    rows = [[n, f"{w['hours']:.1f} h", f"{w['km']:.0f} km", f"{1000 * w['exposure']:.2f}"] for n, w in named]
    for o in s["others"]:
        name = f"other way by {', '.join(o['by'])}, {o['shared']:.0%} shared"
        rows.append([name, f"{o['hours']:.1f} h", f"{o['km']:.0f} km", f"{1000 * o['exposure']:.2f}"])
    talk.table(
        f"Ways ({s['front_size']} that no other beats)", ["way", "time", "length", "events near a 1,000 passages"], rows
    )
    if not s["others"] and others:
        talk.show(f"No other way that keeps {APART} km away from half of this one takes at most twice its time")
    rests = {r["after_leg"]: (r["hours"], r["exposure"]) for r in s["rests"]}
    rows = []
    for number, leg in enumerate(s["legs"]):
        if number in rests:
            rows.append([f"rest {rests[number][0]:.0f} h", "", "", f"{1000 * rests[number][1]:.2f}", "", "", ""])
        near = "; ".join(f"{h['name']}, {h['hours']:.1f} h" for h in leg["helpers"][:2]) or "nobody"
        time, near_us = f"{leg['hours']:.1f} h", f"{1000 * leg['exposure']:.2f}"
        trouble = ("turn back" if leg["turn_back"] else "go on") + (", dark" if leg["dark"] else "")
        met = "; ".join(f"{c['name']}, {c['hours']:g} h" for c in leg["checkpoints"])
        rows.append([leg["end"], time, _clock(leg["clock"]), near_us, met, near, trouble])
    talk.table(
        "Card",
        ["to", "time", "at", "events near a 1,000 passages", "checkpoints", "who can reach it", "in trouble"], rows,
    )  # fmt: skip
    if s["turn_back"]:
        talk.show(f"Up to {s['turn_back']['name']} ({s['turn_back']['after_hours']:.1f} h of driving) turning back is "
                  "shorter than going on")  # fmt: skip
    rows = [
        [_clock(row["leave"]), f"{row['arrive_after_hours']:.1f} h", f"{1000 * row['chosen']:.2f}",
         f"{1000 * row['least']['exposure']:.2f}", f"{row['least']['arrive_after_hours']:.1f} h"]
        for row in s["by_hour"][::3]
    ]  # fmt: skip
    talk.table(
        "By hour of leaving, rests included", ["leave", "there after", "events near a 1,000 passages",
                                               "of the least exposed way then", "which is there after"], rows,
    )  # fmt: skip
    best = min(s["by_hour"], key=lambda row: row["chosen"])
    worst = max(s["by_hour"], key=lambda row: row["chosen"])
    talk.show(f"Least exposed when leaving at {_clock(best['leave'])} ({1000 * best['chosen']:.2f}), most at "
              f"{_clock(worst['leave'])} ({1000 * worst['chosen']:.2f} events near a 1,000 passages)")  # fmt: skip
    if card:
        from tocsin.plan.corridors.printed import printed_card

        card.write_text(printed_card(s, words), encoding="utf-8")
        talk.show(f"Card: {card}")
    for line in s["assumes"]:
        talk.show(f"Assumes: {line}")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    talk.give(s)


def _clock(hour: float) -> str:
    minutes = round(hour * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
