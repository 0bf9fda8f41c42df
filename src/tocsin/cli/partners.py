"""The command that pairs partners: who fills which gap of whom."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records
from tocsin.cli.people import WORSE


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin plan``."""
    app.command("partners")(partners)


def partners(
    context: typer.Context,
    forces: Annotated[Path, typer.Argument(help="Table of forces and their due diligence assessments.")],
    offers: Annotated[Path, typer.Argument(help="Table of what they could lend.")],
    gaps: Annotated[Path, typer.Argument(help="Table of what they lack.")],
    months: Annotated[int, typer.Option(help="Months ahead.")] = 6,
    seconds: Annotated[float, typer.Option(help="Longest to look.")] = 30.0,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Pair partners' gaps (air, medical, ISR, interpreters, demining) with what others have; safeguards come first."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.plan.partners.actions import Pairing, plan_partners
    from tocsin.plan.partners.model import read_forces, read_needs, read_offers
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(home.language)
    known = read_forces(forces)
    asked = Pairing(known, read_offers(offers, known), read_needs(gaps, known), months, seconds)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_partners(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    talk.show(f"{home.name} as of {s['as_of']}: {s['value']:.1f} of {s['wanted']:.1f} of the weight of gaps is filled")
    rows = [[p["giver"], p["receiver"], f"{p['quantity']} {p['capability']} {p['detail'] or ''}".rstrip(),
             p["place"] or "", f"{p['from']} to {p['until']}"] for p in s["passings"]]  # fmt: skip
    talk.table("Who lends what to whom", ["from", "to", "what", "where", "months"], rows)
    for g in s["gaps"]:
        if g["why"]:
            talk.show(
                f"Not filled: {g['gap']} ({sum(g['met'])} of {sum(g['wanted'])} months): {'; '.join(g['why'][:3])}"
            )
    for stop in s["stopped"]:
        talk.show(f"Stopped by safeguards: {stop['giver']} to {stop['receiver']}: {stop['why']}")
    for pair in s["both_ways"]:
        talk.show(f"Complete each other: {pair['one']} ({', '.join(pair['one_gives'])}) and {pair['other']} "
                  f"({', '.join(pair['other_gives'])})")  # fmt: skip
    for one in s["sets"]:
        months_met = ", ".join(one["months_met"]) or "in no month"
        talk.show(f"Set {one['set']}: met {months_met} by {', '.join(one['forces']) or 'nobody'}")
    for one in s["without"]:
        talk.show(f"Without {one['force']} {one['loses']:.1f} less is filled")
    for line in s["worse"]:
        talk.show(words(WORSE, line=words(line)))
    talk.give(s)
