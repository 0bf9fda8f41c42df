"""The command that compares what-ifs."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin plan``."""
    app.command("scenario")(scenario)


def scenario(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML or JSON file of named scenarios.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    additional: Annotated[int, typer.Option(help="How many new temporary bases could be found.")] = 3,
    moves: Annotated[int, typer.Option(help="How many existing units may move.")] = 3,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plans.")] = 1,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare named what-ifs with things as they are: who would be out of reach, and what would help most."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.scenarios import read_scenarios
    from tocsin.plan.scenarios.actions import compare_scenarios
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    asked = read_scenarios(file)
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = compare_scenarios(connection, home, utc_now(), asked, month, additional, moves, hours,
                              tuple(operation or ()), seed, tell).summary  # fmt: skip
    rows = [
        [r["name"], str(r["units"]), r["season"], f"{r['risk']:.1f}", f"{r['within_now']:.1f}",
         f"{r['within_planned']:.1f}", r["worst_off"] or "", ", ".join(m["area"] or str(m["gid"]) for m in r["moves"])]
        for r in s["scenarios"]
    ]  # fmt: skip
    talk.table(
        f"{home.name} as of {s['as_of']}: expected deaths, and within {hours:g} h",
        ["scenario", "units", "season", "forecast", "within now", "with moves", "worst off", "moves to"], rows,
    )  # fmt: skip
    for line in s["assumes"]:
        talk.show(line)
    talk.give(s)
