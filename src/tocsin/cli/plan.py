"""The command that plans."""

from typing import Annotated

import typer

from tocsin.cli import corridors, drawdown, liaison, objectives, partners, patrols, people, posture, scenario
from tocsin.cli.objectives import RequestOption, show_best
from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, group, records


def register(app: typer.Typer) -> None:
    """Add this room's commands: ``tocsin plan`` alone plans the posture, with a word behind it something else."""
    more = group(app, "plan", plan)
    for part in (posture, objectives, corridors, drawdown, patrols, people, partners, liaison, scenario):
        part.register(more)


def plan(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Month of the posture, YYYY-MM. Default: of the newest assessment.")
    ] = None,
    additional: Annotated[int, typer.Option(help="How many new temporary bases could be found.")] = 3,
    moves: Annotated[int, typer.Option(help="How many existing units may move.")] = 3,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    straight: Annotated[bool, typer.Option("--straight", help="As the crow flies, though roads are known.")] = False,
    danger: Annotated[bool, typer.Option("--danger", help="Slow down where deaths are forecast.")] = False,
    night: Annotated[bool, typer.Option("--night", help="The order comes at dusk: most helicopters stay.")] = False,
    payload: Annotated[float, typer.Option(help="Share of its load a helicopter carries, 0 to 1.")] = 0.0,
    objective: Annotated[
        str | None,
        typer.Option(help="harm, worst-draws, worst-area, equity, cost, flying-hours or disruption: the one to lower."),
    ] = None,
    request: RequestOption = None,
    season: Annotated[
        str | None, typer.Option(help="With an objective or request: plan for the 'dry' or 'wet' months ahead alone.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 1,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show who is out of reach and which few units would change that most."""
    from tocsin.core.errors import BadInput
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.actions import plan as work
    from tocsin.plan.posture.request import SEASONS
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    if season and season not in SEASONS:
        raise BadInput("--season is dry or wet")
    if season and not (objective or request):
        raise BadInput("--season goes with --objective or --request")
    if objective or request:
        from tocsin.plan.objectives import Wish, best

        wish = Wish(request, additional, moves, hours, straight, night, payload, seed, danger, season=season or "")
        with talk.progress() as tell, calculating(records(home)) as connection:
            found = best(connection, home, utc_now(), objective or "harm", wish, month, tuple(operation or ()), tell)
        show_best(talk, found.summary)
        return
    with talk.progress() as tell, calculating(records(home)) as connection:
        done = work(connection, home, utc_now(), month, additional, moves, hours, tuple(operation or ()), seed,
                    straight, danger, night, payload, tell)  # fmt: skip
    s = done.summary
    maps = f", oldest map {s['oldest_map']}" if s["oldest_map"] else ""
    sources = ", ".join(s["unit_sources"]) + maps
    talk.show(f"{home.name} as of {s['as_of']}: {s['units']} units ({sources}), {s['season']} season")
    over = ", ".join(f"{g['kind']} ({g['source']}, known {g['known_on']})" for g in s["ground"])
    talk.show(
        f"Travel over {over}" if over else "Travel as the crow flies: no roads are known (tocsin plan ground add)"
    )
    rows = [
        [f"{c['limit_hours']:g} h", _share(c["risk_share"]), _share(c["people_share"]), _share(after["risk_share"])]
        for c, after in zip(s["covered"], s["covered_after"], strict=True)
    ]
    talk.table("Within reach", ["within", "of expected deaths", "of people", "after the changes below"], rows)
    rows = [
        [str(g["gid"]), g["area"] or "", f"{g['risk']:.1f}",
         "nobody" if g["nearest_hours"] is None else f"{g['nearest_hours']:.0f} h, {g['nearest_unit']}"]
        for g in s["gaps"]
    ]  # fmt: skip
    talk.table(f"Out of reach (more than {s['limit_hours']:g} h)", ["cell", "area", "expected deaths", "nearest"], rows)
    rows = [[m["what"], m["unit"] or m["kind"], m["area"] or "", str(m["gid"]), f"{m['gain']:.1f}"] for m in s["moves"]]
    talk.table("What would change that most", ["what", "unit", "to", "cell", "gain"], rows)
    bound = f"value {s['value']:.2f}, bound {s['bound']:.2f} ({s['method']})"
    talk.show(f"Expected deaths within {s['limit_hours']:g} h, over the seasons ahead: {s['before']:.1f} now, {bound}")
    for loss in s["worse"][:5]:
        after = "nobody" if loss["hours_after"] is None else f"{loss['hours_after']:.1f} h"
        talk.show(f"Could get worse: cell {loss['gid']}, {loss['hours_before']:.1f} h now, then {after}")
    for more in s["one_more"]:
        talk.show(f"{more['what'].capitalize()} would bring {more['brings']:.1f} more within reach")
    if s["second_best"]:
        second = s["second_best"]
        talk.show(f"Without cell {second['without']} the best is {second['value']:.1f} (second best)")
    for road in s["lifelines"]:
        talk.show(
            f"One road: {len(road['lost'])} cells ({road['risk']:.1f} expected deaths) hang on road {road['road']}"
        )
    if s["unreachable"]:
        talk.show(f"Nobody gets to {len(s['unreachable'])} cells: {', '.join(map(str, s['unreachable'][:8]))} …")
    talk.show(s["association"]["words"])
    talk.give(s)


def _share(value: float | None) -> str:
    """A share for people; unknown, or a share of nothing, is said so."""
    return "unknown" if value is None else f"{value:.0%}"
