"""The command that says what police did."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records
from tocsin.cli.people import WORSE

COLUMNS = ("patrol", "escort", "contact", "training", "referral", "investigation", "other")


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin learn``."""
    app.command("police")(police)


def police(
    context: typer.Context,
    log: Annotated[Path | None, typer.Option(help="Table of what police did, a line a thing and day.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM. Default: of the log.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM. Default: of the log.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what police did by tier, area, skill and month, what they faced, and the share of formed units."""
    from tocsin.act.notify import PROGRAM
    from tocsin.cli.act import TOKEN, asker
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.learn.policing.actions import what_police_did
    from tocsin.learn.policing.model import read_log
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(home.language)
    begin, end = parse_month(first) if first else None, parse_month(last) if last else None
    done = read_log(log) if log else []
    with writing(records(home)) as connection:
        who = asker(connection) if os.environ.get(TOKEN) else PROGRAM
        s = what_police_did(connection, home, utc_now(), who, done, begin, end, tuple(operation or ()))

    def share(value: float | None) -> str:
        return "not known" if value is None else f"{value:.0%}"

    def row(part: dict[str, Any]) -> list[str]:
        counts = ["hidden" if part["counts"].get(c, 0) is None else str(part["counts"].get(c, 0)) for c in COLUMNS]
        return [part["name"], *counts, f"{part['officer_days']:.0f}", share(part["formed_share"])]

    tasks = "few" if s["tasks"]["all"] is None else s["tasks"]["all"]
    talk.show(f"{home.name}, {s['first']} to {s['last']}: {s['lines']} lines of the log, {tasks} tasks")
    for title, parts in (("By tier", s["by_tier"]), ("By month", s["by_month"]), ("By area", s["by_area"]),
                         ("By skill", s["by_skill"]), ("By kind of unit", s["by_kind"])):  # fmt: skip
        if s["lines"]:
            talk.table(title, ["", *COLUMNS, "officer-days", "formed"], [row(p) for p in parts])
    a = s["all"]
    women = f"women {share(a['women_share'])} of those counted"
    talk.show(f"Of {a['officer_days']:.0f} officer-days {share(a['formed_share'])} were of formed units; {women}; "
              f"{a['not_counted']} lines do not say how many went")  # fmt: skip
    for gap in s["area_gaps"]:
        if gap["short"]:
            talk.show(f"Short: {gap['name']} has {share(gap['faced_share'])} of the civilians killed and "
                      f"{share(gap['days_share'])} of the officer-days")  # fmt: skip
    for gap in s["skill_gaps"]:
        if gap["short"]:
            talk.show(f"Short: {gap['name']} would answer {share(gap['faced_share'])} of the alerts and has "
                      f"{share(gap['days_share'])} of the officer-days")  # fmt: skip
    for d in s["deployed"]:
        talk.show(f"Deployed {d['month']}: formed units at {d['formed_at']} places, other police at {d['others_at']}; "
                  f"formed {share(d['formed_share'])} of those whose number is known")  # fmt: skip
    for line in s["worse"]:
        talk.show(words(WORSE, line=words(line)))
    talk.give(s)
