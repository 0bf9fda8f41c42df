"""The command that places community liaison assistants."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records
from tocsin.cli.people import WORSE

SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin plan``."""
    app.command("liaison")(liaison)


def liaison(
    context: typer.Context,
    further: Annotated[int, typer.Option(help="How many more assistants there could be.")] = 3,
    villages_each: Annotated[int, typer.Option(help="Villages one assistant can serve well.")] = 8,
    hours: Annotated[float, typer.Option(help="Farthest a village may be, one way.")] = 2.0,
    mode: Annotated[str, typer.Option(help="wheeled, tracked or foot.")] = "wheeled",
    villages: Annotated[Path | None, typer.Option(help="Table of villages. Default: the forecast's places.")] = None,
    assistants: Annotated[Path | None, typer.Option(help="Table of those there. Default: units of kind cla.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="AREA=LANGUAGE;LANGUAGE of its villages.")] = None,
    speak: Annotated[list[str] | None, typer.Option(help="Language every further assistant speaks.")] = None,
    seconds: Annotated[float, typer.Option(help="Longest to look for each number of assistants.")] = 10.0,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Place liaison assistants among villages within travel and language; what each further one would bring."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.plan.liaison.actions import Liaison, plan_liaison
    from tocsin.plan.liaison.model import read_assistants, read_villages
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(home.language)
    asked = Liaison(
        further, villages_each, hours, mode, tuple(read_villages(villages)) if villages else (),
        tuple(read_assistants(assistants)) if assistants else None, area_languages(language),
        frozenset(s.strip().casefold() for s in speak or ()), seconds,
    )  # fmt: skip
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_liaison(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    who = f"{len(s['assistants'])} assistants and {len(s['further'])} further ones"
    share = f"{s['value'] / s['worth']:.0%} of the forecast in {s['villages']} villages"
    talk.show(f"{home.name} as of {s['as_of']}: {who} serve {share} ({s['season']})")
    if s["forecast_elsewhere"]:
        talk.show(
            f"{s['forecast_elsewhere']:.1f} deaths a month are forecast elsewhere, where no further village is known"
        )
    rows = [[f["assistant"], f["place"], f.get("area") or "", str(len(f["serves"])),
             ", ".join(v["village"] for v in f["serves"][:4])]
            for f in [*s["assistants"], *s["further"]]]  # fmt: skip
    talk.table("Who serves what", ["assistant", "lives", "area", "villages", "the first of them"], rows)
    rows = [[str(g["further"]), f"{g['share']:.0%}", "" if g["gain"] is None else f"{g['gain']:.2f}",
             "best" if g["proven"] else f"at most {g['at_most']:.2f}"] for g in s["gains"]]  # fmt: skip
    talk.table("Gain of each", ["further", "served", "gain", "proof"], rows)
    for v in s["not_served"][:SHOWN]:
        talk.show(f"Not served: {v['village']} ({v['worth']:.2f}): {v['why']}")
    if s["languages_not_known"]:
        talk.show(f"The languages of {s['languages_not_known']} villages are not known: --language or --villages")
    for line in s["worse"]:
        talk.show(words(WORSE, line=words(line)))
    talk.give(s)


def area_languages(texts: list[str] | None) -> dict[str, frozenset[str]]:
    """Options of the form ``AREA=sango;fulfulde`` as languages by area."""
    from tocsin.core.errors import BadInput

    found = {}
    for text in texts or ():
        area, equals, names = text.partition("=")
        spoken = frozenset(n.strip().casefold() for n in names.split(";") if n.strip())
        if not equals or not area.strip() or not spoken:
            raise BadInput("'{text}' is not an area and its languages, such as Ouaka=sango;fulfulde", text=text)
        found[area.strip()] = spoken
    return found
