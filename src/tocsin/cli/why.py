"""The command that says why."""

from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("why")(why)


def why(
    context: typer.Context,
    cell: Annotated[int, typer.Argument(metavar="CELL", help="Number of a PRIO-GRID cell, as `tocsin assess` shows.")],
    against: Annotated[int | None, typer.Option("--against", help="Another cell: why here and not there.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Last month whose data may be seen, YYYY-MM. Default: the newest.")
    ] = None,
    ahead: Annotated[int, typer.Option("--ahead", help="Months ahead, 1 to 36.")] = 1,
    target: Annotated[str, typer.Option(help="civilians, os, sb, ns or deaths (all).")] = "civilians",
    model: Annotated[
        str | None, typer.Option(help="What another model's forecast rests on: conflictology, country, analogues …")
    ] = None,
    language: Annotated[str | None, typer.Option("--lang", help="en, fr or ar. Default: the mission's.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what a cell's forecast rests on, and how far to trust it."""
    from tocsin.assess.rests import Rests, goes_by, rests_on
    from tocsin.assess.rests import in_words as told
    from tocsin.assess.why import Answer, in_words, seen_by
    from tocsin.assess.why import answer as reasons
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month
    from tocsin.core.words import translator
    from tocsin.store import reading

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(language or home.language)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, reading(records(home)) as connection:
        panel, land = seen_by(connection, home, (cell, against), month, ahead, target, tell)
        at = int(panel.gids.searchsorted(cell))
        other = None if against is None else int(panel.gids.searchsorted(against))
        by = model or goes_by(panel)
        found: Answer | Rests
        if by is None:
            found = reasons(panel, target, at, ahead, land.area_names[at], other, tell)
        else:
            found = rests_on(panel, target, at, ahead, by)
    lines = told(found, words) if isinstance(found, Rests) else in_words(found, words)
    talk.show(f"{cell} {land.area_names[at]}".rstrip())
    for line in lines:
        talk.show(line)
    talk.give(found.as_dict() | {"text": lines})
