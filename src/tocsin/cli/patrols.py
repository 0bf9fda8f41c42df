"""The commands of patrols: routes and the lot among them, and what was driven against what was planned."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    app.command("patrols")(patrols)
    app.command("track")(track)


def patrols(
    context: typer.Context,
    base: Annotated[list[str] | None, typer.Option(help="Unit that sends patrols; may be given again.")] = None,
    each: Annotated[int, typer.Option(help="Patrols of each base.")] = 1,
    days: Annotated[int, typer.Option(help="1 to 5, with nights at bases.")] = 1,
    leave: Annotated[float, typer.Option(help="Hour of the day of leaving.")] = 6.0,
    back: Annotated[float, typer.Option(help="Hour of the day to be back by.")] = 18.0,
    stay: Annotated[float, typer.Option(help="Hours at each place.")] = 1.0,
    mode: Annotated[str, typer.Option(help="wheeled, tracked or foot.")] = "wheeled",
    must: Annotated[list[str] | None, typer.Option(help="Place that must be visited every time.")] = None,
    visited: Annotated[
        list[str] | None, typer.Option(help="PLACE=DAYS since the last visit, or =1,6 of several.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="PLACE=2/7: visit it at least twice in any seven days.")
    ] = None,
    range_hours: Annotated[float | None, typer.Option(help="Hours of driving on full tanks.")] = None,
    fuel_at: Annotated[list[str] | None, typer.Option(help="Unit with fuel; may be given again. Default: all.")] = None,
    litres: Annotated[float | None, typer.Option(help="Fuel of a patrol in an hour of driving, to be told.")] = None,
    tasks: Annotated[Path | None, typer.Option(help="Escorts, visits with hours or companions (TOML).")] = None,
    plans: Annotated[int, typer.Option(help="Plans to draw from.")] = 12,
    guess: Annotated[float, typer.Option(help="Cap on an observer's best guess, times blind chance.")] = 1.5,
    cards: Annotated[Path | None, typer.Option(help="Write the cards of a plan drawn by lot (HTML, to print).")] = None,
    gpx: Annotated[Path | None, typer.Option(help="Folder for the routes of that plan as GPX.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plans; the lot for the cards is free.")] = 1,
    language: Annotated[
        str | None, typer.Option("--lang", help="Of the cards: en, fr or ar. Default: the mission's.")
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Plan patrols that visit what is worth most, and a lot among good routes that nobody can learn."""
    import secrets

    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.core.words import translator
    from tocsin.plan.patrols.actions import plan_patrols
    from tocsin.plan.patrols.asked import Out, read_tasks
    from tocsin.plan.patrols.cards import cards_html, told
    from tocsin.plan.patrols.draw import draw_cards
    from tocsin.plan.patrols.track import Stop, write_gpx
    from tocsin.plan.printed import clock
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    english, words = translator("en"), translator(language or home.language)
    asked = Out(tuple(base or ()), each, days, leave, back, stay, mode, tuple(must or ()),
                _numbers(visited, ",", "Bria=3 or Bria=1,6"), plans, guess, seed, _often(keep), range_hours,
                tuple(fuel_at or ()), litres, **(read_tasks(tasks) if tasks else {}))  # fmt: skip
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_patrols(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    mix = s["mix"]
    talk.show(f"{home.name} as of {s['as_of']}: patrols from {', '.join(s['bases'])} ({s['mode']}, {s['season']})")
    rows = [
        [
            p["patrol"],
            " - ".join(t["name"] for t in p["stops"]),
            clock(p["back"], english) + (f" at {p['end']['name']}" if s["days"] > 1 else ""),
            told(p, english),
        ]
        for p in s["best"]
    ]
    talk.table(f"Worth most (value {s['value']:.2f}, no plan above {s['bound']:.2f})",
               ["patrol", "stops", "back", "takes"], rows)  # fmt: skip
    rows = [[g["patrol"], str(g["routes"]), f"{g['best_guess']:.0%}", f"{g['times_chance']:.2f}", f"{g['entropy']:.2f}",
             f"{g['entropy_floor']:.2f}"] for g in mix["guess"]]  # fmt: skip
    talk.table("What an observer can guess", ["patrol", "routes", "best guess", "times chance", "entropy", "at least"],
               rows)  # fmt: skip
    talk.show(f"Drawn among {len(mix['plans'])} plans: {mix['loss']:.1%} of the value is given up, entropy "
              f"{mix['entropy']:.2f}; two routes of a patrol share {mix['overlap']:.0%} of their places")  # fmt: skip
    if mix["least_loss"] is not None:
        talk.show(f"Any lot as hard to guess gives up at least {mix['least_loss']:.1%}")
    for g in mix["guess"]:
        if g["routes"] == 1:
            talk.show(f"{g['patrol']} has one good route only: whoever watches it knows it. Widen its hours or places")
    for k in s["keep"]:
        when = "overdue" if k["due_in_days"] < 0 else f"due in {k['due_in_days']} days"
        talk.show(f"{k['place']}: {k['visits']} in {k['in_days']} days; the next is {when}; visited with chance "
                  f"{k['chance']:.0%}, at least {k['at_least']:.0%}")  # fmt: skip
    for e in s["escorts"]:
        talk.show(f"Escort {e['name']}: {e['hours']:.1f} hours; made with chance {e['chance']:.0%}")
    for c in s["companions"]:
        talk.show(
            f"{c['name']} goes with {', '.join(c['with'])}"
            if c["with"]
            else f"{c['name']} is not needed or fits no patrol"
        )
    if s["out_of_reach"]:
        talk.show(f"No patrol can visit: {', '.join(s['out_of_reach'][:8])}")
    for line in s["assumes"]:
        talk.show(f"Assumes: {line}")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    if cards or gpx:
        # The lot must not follow from a seed that somebody else may know.
        drawn = draw_cards(s, secrets.SystemRandom())
        if cards:
            cards.write_text(cards_html(s, drawn, words), encoding="utf-8")
            talk.show(f"Cards: {cards}")
        if gpx:
            gpx.mkdir(parents=True, exist_ok=True)
            for number, p in enumerate(drawn, 1):
                stops = [Stop(t["name"], t["lon"], t["lat"]) for t in (p["start"], *p["stops"], p["end"])]
                (gpx / f"patrol-{number}.gpx").write_text(write_gpx(p["patrol"], stops), encoding="utf-8")
            talk.show(f"Routes: {gpx}")
    talk.give(s)


def _numbers(texts: list[str] | None, between: str, example: str) -> dict[str, tuple[float, ...]]:
    """Options of the form ``NAME=1,6`` as numbers by name."""
    from tocsin.core.errors import BadInput

    found = {}
    for text in texts or ():
        name, _, numbers = text.rpartition("=")
        try:
            found[name.strip()] = tuple(float(n) for n in numbers.split(between))
        except ValueError:
            name = ""
        if not name.strip():
            raise BadInput("'{text}' is not a place and numbers, such as {example}", text=text, example=example)
    return found


def _often(texts: list[str] | None) -> dict[str, tuple[int, int]]:
    """Options of the form ``NAME=2/7`` as visits and days by name."""
    from tocsin.core.errors import BadInput

    found = {}
    for text, (name, numbers) in zip(texts or (), _numbers(texts, "/", "Bria=2/7").items(), strict=True):
        if len(numbers) != 2 or any(n != int(n) for n in numbers):
            raise BadInput("'{text}' is not a place and numbers, such as {example}", text=text, example="Bria=2/7")
        found[name] = (int(numbers[0]), int(numbers[1]))
    return found


def track(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="GPX file of the track driven.")],
    patrol: Annotated[str, typer.Argument(help="Name of the patrol.")],
    plan: Annotated[int, typer.Option(help="Plan of the mix, from 1; 0 is the one followed best.")] = 0,
    run: Annotated[str | None, typer.Option(help="Run of the patrols. Default: the newest.")] = None,
    within: Annotated[float, typer.Option(help="Kilometres within which a place counts as reached.")] = 2.0,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare the track a patrol drove with its plan: what was reached, in which order, how far off."""
    from tocsin.core.errors import BadInput, NotFound
    from tocsin.core.mission import find
    from tocsin.plan.patrols.actions import patrols_run
    from tocsin.plan.patrols.track import Stop, follow, read_gpx
    from tocsin.store import reading

    talk = answer(context, mission, as_json, quiet)
    with reading(records(find(talk.folder()))) as connection:
        summary = patrols_run(connection, run)
    try:
        driven = read_gpx(file.read_bytes())
    except OSError as wrong:
        raise BadInput("the track {file} cannot be read: {why}", file=str(file), why=wrong.strerror or "") from None
    found = []
    for number, one in enumerate(summary["mix"]["plans"], 1):
        for p in one["patrols"]:
            if p["patrol"] == patrol and p["stops"] and plan in (0, number):
                stops = [Stop(t["name"], t["lon"], t["lat"]) for t in (p["start"], *p["stops"], p["end"])]
                found.append((number, stops, follow(stops, driven, within)))
    if not found:
        raise NotFound("there is no patrol '{name}' in that plan", name=patrol)
    number, stops, best = max(found, key=lambda f: (f[2].share, -f[2].off_plan_km))
    rows = [[s.name, "yes" if ok else "no", f"{km:.1f} km"]
            for s, ok, km in zip(stops, best.reached, best.nearest_km, strict=True)]  # fmt: skip
    talk.table(f"{patrol}, plan {number}", ["place", "reached", "nearest"], rows)
    order = "in the order planned" if best.in_order else "in another order"
    talk.show(f"{best.share:.0%} reached, {order}; {best.km:.0f} km driven, {best.off_plan_km:.0f} km off the plan")
    talk.give({"run": summary["run"], "patrol": patrol, "plan": number, "stops": [s.name for s in stops],
               **best.__dict__})  # fmt: skip
