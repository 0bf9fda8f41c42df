"""The command that writes the brief."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("brief")(brief)


def brief(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File ending in .html, .pdf or .docx. Default: in briefs/.")
    ] = None,
    language: Annotated[str | None, typer.Option("--lang", help="en, fr or ar. Default: the mission's.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Month, YYYY-MM. Default: of the newest assessment.")
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the two-page protection brief."""
    from tocsin.brief.actions import write_brief
    from tocsin.core.mission import find
    from tocsin.core.time import month_text, parse_month, utc_now
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    path = output or home.briefs / "brief.html"
    with talk.progress() as tell, writing(records(home)) as connection:
        made = write_brief(connection, home, path, utc_now(), language, month, tell)
    talk.show(f"{home.name} as of {month_text(made.as_of)}: {made.total.mean:.0f} civilians expected killed in "
              f"{made.horizon} months (80 %: {made.total.low:.0f} to {made.total.high:.0f})")  # fmt: skip
    talk.show(f"wrote {path}")
    talk.give(
        {
            "file": str(path),
            "as_of": month_text(made.as_of),
            "horizon": made.horizon,
            "language": language or home.language,
            "expected": made.total.mean,
            "low_80": made.total.low,
            "high_80": made.total.high,
            "places": [
                {"rank": p.rank, "near": p.anchor, "area": p.area, "mean": p.expected.mean} for p in made.places
            ],
            "sources": [s.name for s in made.sources],
        }
    )
