"""Plans for one objective under a mission's demands, and what one objective costs in another."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer, records

Objective = Annotated[
    str, typer.Argument(help="harm, worst-draws, worst-area, equity, cost, flying-hours or disruption.")
]
RequestOption = Annotated[
    Path | None, typer.Option("--request", help="TOML file of demands: budget, no-go areas, safe size, supply reach …")
]


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    app.command("front")(front)
    app.command("months")(months)


def front(
    context: typer.Context,
    one: Objective,
    other: Objective,
    points: Annotated[int, typer.Option(help="How many plans between the two ends, at most.")] = 6,
    request: RequestOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month of the posture, YYYY-MM.")] = None,
    additional: Annotated[int, typer.Option(help="How many new temporary bases could be found.")] = 3,
    moves: Annotated[int, typer.Option(help="How many existing units may move.")] = 3,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what one objective costs in another: plans of which none is better in both."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.objectives import Wish, between
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    wish = Wish(request, additional, moves, hours)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = between(connection, home, utc_now(), one, other, wish, points, month, tuple(operation or ()), tell).summary
    rows = [[f"{p['aims'][one]:.3g}", f"{p['aims'][other]:.3g}", _words(p["changes"])] for p in s["front"]]
    rows.append([f"{s['aims_now'][one]:.3g}", f"{s['aims_now'][other]:.3g}", "as it stands"])
    talk.table(f"{one} against {other}, as of {s['as_of']} (less is better)", [one, other, "plan"], rows)
    talk.give(s)


def months(
    context: typer.Context,
    ahead: Annotated[int, typer.Option(help="How many months ahead, 1 to 12.")] = 6,
    moves: Annotated[int, typer.Option(help="How many units may move in a month.")] = 1,
    lost: Annotated[float, typer.Option(help="Share of its month that a move costs, 0 to 1.")] = 0.25,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    request: RequestOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month of the posture, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show which unit should move where in which month ahead, season by season."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.months import months_ahead
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = months_ahead(connection, home, utc_now(), ahead, moves, lost, hours, month, tuple(operation or ()),
                         tell=tell, request=request).summary  # fmt: skip
    rows = [[m["month"], m["unit"], m["near"] or "", m["area"] or ""] for m in s["moves"]]
    talk.table("Moves", ["month", "unit", "to", "area"], rows)
    talk.show(f"Expected deaths within {s['limit_hours']:g} h, summed over the months: {s['before']:.1f} if nobody "
              f"moves, {s['value']:.1f} with these moves, no plan above {s['bound']:.1f}")  # fmt: skip
    talk.show(f"Places tried: {s['candidate_cells']} of {s['cells']} cells; {len(s['units_that_stay'])} units stay")
    talk.give(s)


def show_best(talk: Answer, s: dict[str, Any]) -> None:
    """A plan for one objective, for people."""
    talk.show(f"{s['units']} units as of {s['as_of']}; least {s['objective']}, arrival within {s['limit_hours']:g} h")
    rows = [[name, f"{s['aims_now'][name]:.3g}", f"{value:.3g}"] for name, value in s["aims"].items()]
    talk.table("Aims (less is better)", ["aim", "now", "then"], rows)
    rows = [[c["what"], c["unit"], c["near"] or "", c["area"] or ""] for c in s["changes"]]
    talk.table("Changes", ["what", "unit", "to", "area"], rows)
    talk.show(f"Value {s['value']:.4g}, no plan below {s['bound']:.4g} ({s['method']}); "
              f"places tried: {s['candidate_cells']} of {s['cells']} cells")  # fmt: skip
    for name in s["broken_now"]:
        talk.show(f"The posture as it stands breaks: {name}")
    for name in s["binding"]:
        talk.show(f"Binds: {name}")
    for shadow in s["shadow_values"]:
        talk.show(f"Easing '{shadow['demand']}' by {shadow['eased_by']:g} would bring {shadow['gain']:.4g}")
    if s["second_best"]:
        second = s["second_best"]
        but = "" if second["without"] is None else f"with nobody sent to cell {second['without']}, "
        talk.show(f"Second best: {second['value']:.4g}, {but}{_words(second['changes'])}")
    axes = s["axes"]
    if axes["worse"]:
        less = [f"{a['area']} ({a['within']:.1f} to {a['within_after']:.1f})" for a in axes["by_area"]
                if a["within_after"] < a["within"] - 0.05]  # fmt: skip
        talk.show(f"Could get worse: {len(axes['worse'])} cells would be reached later or no longer; fewer expected "
                  f"deaths within reach: {', '.join(less) or 'in no area'}")  # fmt: skip
    talk.give(s)


def _words(changes: list[dict[str, Any]]) -> str:
    said = [f"{c['what']} {c['unit']}" + (f" to {c['near']}" if c["near"] else "") for c in changes]
    return ", ".join(said) or "nothing changes"
