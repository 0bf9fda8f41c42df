"""The commands of people: who fills which post."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records
from tocsin.core.words import mark

SHOWN = 40
WORSE = mark("Could get worse: {line}")


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    app.command("people")(people)


def people(
    context: typer.Context,
    roster: Annotated[Path, typer.Argument(help="Table of officers, experts and teams.")],
    posts: Annotated[Path, typer.Argument(help="Table of posts to fill.")],
    rules: Annotated[Path | None, typer.Option(help="Table of rules on who fills posts together.")] = None,
    seconds: Annotated[float, typer.Option(help="Longest to look for a better assignment.")] = 60.0,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Match officers, specialised teams, surge experts and platoons to posts: skills, languages, gender, dates."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.plan.people.actions import Staffing, plan_people
    from tocsin.plan.people.rosters import read_people, read_posts, read_rules
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    words = translator(home.language)
    asked = Staffing(read_people(roster), read_posts(posts), read_rules(rules) if rules else (), seconds)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_people(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    talk.show(f"{home.name} as of {s['as_of']}: {s['filled']} of {s['posts']} posts filled from {s['people']}")
    rows = [[p["post"], p["person"], p["kind"], p["place"] or "", f"{p['fit']:.2f}", ", ".join(p["short_of"])]
            for p in s["pairs"][:SHOWN]]  # fmt: skip
    talk.table("Who goes where", ["post", "person", "kind", "place", "fit", "short of"], rows)
    if len(s["pairs"]) > SHOWN:
        talk.show(f"{len(s['pairs']) - SHOWN} more with --json")
    for v in s["vacant"][:SHOWN]:
        talk.show(f"Vacant: {v['post']}: {v['why']}")
    for r in s["rules"]:
        talk.show(f"Rule: {r['rule']}: {r['counted']:g} of {r['of']}")
    women = s["women"]
    talk.show(f"Women {women['women']}, men {women['men']}, not known {women['not_known']}; formed units fill "
              f"{s['formed']['posts']} of {s['formed']['of']}")  # fmt: skip
    if s["formed"]["in_community_posts"]:
        talk.show(f"Community posts filled by formed units, as asked: {', '.join(s['formed']['in_community_posts'])}")
    for e in s["ending"][:SHOWN]:
        talk.show(f"Ends {e['on']}: {e['what']} of {e['person']} ({e['post']})")
    proof = "no assignment is worth more" if s["proven"] else f"no assignment is worth more than {s['bound']:.2f}"
    talk.show(f"Worth {s['value']:.2f} ({proof}; {s['method']})")
    for line in s["worse"]:
        talk.show(words(WORSE, line=words(line)))
    talk.give(s)
