"""The commands of leaving: in which order, and when to come back."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    app.command("drawdown")(drawdown)
    app.command("contingency")(contingency)


def named_steps(texts: list[str] | None) -> dict[str, int]:
    """Options of the form ``NAME=3`` as steps by name."""
    from tocsin.core.errors import BadInput

    found = {}
    for text in texts or ():
        name, _, step = text.rpartition("=")
        if not name or not step.strip().isdigit():
            raise BadInput("'{text}' is not a base and a step, such as Bria=3", text=text)
        found[name.strip()] = int(step)
    return found


def named_costs(texts: list[str] | None) -> dict[str, float]:
    """Options of the form ``NAME=120000`` as costs by name."""
    from tocsin.core.errors import BadInput

    found = {}
    for text in texts or ():
        name, _, cost = text.rpartition("=")
        try:
            found[name.strip()] = float(cost)
        except ValueError:
            name = ""
        if not name:
            raise BadInput("'{text}' is not a base and its cost, such as Bria=120000", text=text)
    return found


def drawdown(
    context: typer.Context,
    steps: Annotated[int, typer.Option(help="Months over which bases close.")] = 6,
    keep: Annotated[int, typer.Option(help="Bases that still stand at the end.")] = 0,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    not_before: Annotated[list[str] | None, typer.Option(help="BASE=STEP: what must be in place is ready.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="BASE=STEP by which it must be closed.")] = None,
    contract: Annotated[list[str] | None, typer.Option(help="BASE=STEP its contract ends; only compared.")] = None,
    cost: Annotated[list[str] | None, typer.Option(help="BASE=COST a month, any one currency; only compared.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="Write bases and gaps (GeoJSON).")] = None,
    seconds: Annotated[float, typer.Option(help="Longest to look for a better order.")] = 30.0,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Order the closing of bases so that most stays within reach; what must be in place; what stays uncovered."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.drawdown.actions import Leave, plan_drawdown
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    dates = (named_steps(not_before), named_steps(by), named_steps(contract))
    asked = Leave(steps, keep, hours, *dates, named_costs(cost), seconds)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_drawdown(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    talk.show(f"{home.name} as of {s['as_of']}: {s['bases']} bases close down to {len(s['kept'])} in {steps} months")
    rows = [
        [str(t["step"]), t["month"], t["season"], ", ".join(c["unit"] for c in t["closes"]), f"{t['protection']:.1f}",
         f"{t['out_of_reach']:.1f}", "; ".join(c["near"] for c in t["loses_reach"][:3])]
        for t in s["steps"]
    ]  # fmt: skip
    talk.table(
        f"Order of leaving ({s['before']:.1f} deaths a month within reach now)",
        ["step", "month", "season", "closes", "protection", "out of reach", "loses reach"], rows,
    )  # fmt: skip
    for other in s["compared"]:
        talk.show(f"By {other['order']}: {other['value']:.1f}; this order keeps {other['kept_more']:.1%} more")
    proof = "no order keeps more" if s["proven"] else f"no order keeps more than {s['bound']:.1f}"
    talk.show(f"Kept over all months: {s['value']:.1f} ({proof}); because the closed stay closed, at most "
              f"{s['price_of_order']:.1f} is lost")  # fmt: skip
    rows = []
    for t in s["steps"]:
        last = None
        for need in t["in_place_before"]:
            there = need["there_now"]
            where = "" if need["where"] == last else ", ".join(need["where"])
            rows.append([str(t["step"]), need["who"], need["what"], where,
                         "ask" if there is None else ", ".join(there) or "nobody on the list"])  # fmt: skip
            last = need["where"]
    if rows:
        talk.table("What must be in place before each step", ["step", "who", "what", "where", "there now"], rows)
    left = s["residual"]
    if left:
        harm, whole = sum(c["deaths_a_month"] for c in left), s["steps"][-1]["out_of_reach"]
        talk.table(
            f"Out of reach at the end (more than {hours:g} h; {len(left)} cells with most, {harm:.1f} of {whole:.1f} "
            "deaths a month)",
            ["near", "area", "deaths a month", "people", "nearest"],
            [[c["near"], c["area"] or "", f"{c['deaths_a_month']:.1f}",
              "not known" if c["people"] is None else f"{c['people']:,.0f}",
              "nobody" if c["nearest_hours"] is None else f"{c['nearest_hours']:.0f} h"] for c in left[:10]],
        )  # fmt: skip
    if map_file:
        import json

        from tocsin.plan.drawdown.gapmap import gap_map

        map_file.write_text(json.dumps(gap_map(s), ensure_ascii=False), encoding="utf-8")
        talk.show(f"Map: {map_file}")
    for line in s["assumes"]:
        talk.show(f"Assumes: {line}")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    talk.give(s)


def contingency(
    context: typer.Context,
    left: Annotated[str | None, typer.Option(help="Month of leaving, YYYY-MM. Default: two years ago.")] = None,
    baseline: Annotated[int, typer.Option(help="Months up to leaving that say what quiet is.")] = 24,
    months: Annotated[int, typer.Option(help="Months the chance of a false alarm is stated for.")] = 24,
    false_alarm: Annotated[float, typer.Option(help="Chance of a false alarm in one area within them.")] = 0.1,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    floor: Annotated[float, typer.Option(help="Share of an area's expected deaths that should be within reach.")] = 0.5,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same thresholds.")] = 1,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Watch each area after leaving: has it changed, how sure, and the least that would have to come back."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.drawdown.contingency import Watch, plan_contingency
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    asked = Watch(parse_month(left) if left else None, baseline, months, false_alarm, hours, floor, seed)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = plan_contingency(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    talk.show(f"{home.name} as of {s['as_of']}, watched since {s['left']}, quiet learned from {s['baseline_from']} on")
    rows = []
    for a in s["areas"]:
        more = a["events_next_month_that_raise_it"]
        state = f"ALARM since {a['first_alarm']}" if a["alarm"] else f"{more} events next month" if more else "quiet"
        late = ", ".join(f"{d['ratio']:g}x: {d['mean']:.1f} ({d['within']:.0%} seen)" for d in a["delays"])
        rows.append([a["area"], f"{a['quiet_a_month']:.1f}", str(a["last_3_months"]), state, late])
    talk.table(
        f"Areas (false alarm within {s['months']} months: {s['false_alarm_asked']:.0%} each)",
        ["area", "quiet, a month", "last 3 months", "alarm", "months until a rise is seen"], rows,
    )  # fmt: skip
    for a in s["areas"]:
        back = a["back"]
        if not back:
            continue
        held = "nothing is forecast" if back["share_before"] is None else f"{back['share_before']:.0%}"
        if not back["bases"]:
            talk.show(f"{a['area']}: {held} within {s['limit_hours']:g} h without anybody coming back; find out what "
                      "changed")  # fmt: skip
            continue
        near = " and ".join(b["near"] for b in back["bases"])
        enough = "" if back["restores_floor"] else " (does not restore the floor)"
        least = "the least that would come back is" if back["proven"] else "the fewest found (not proven) are"
        talk.show(f"{a['area']}: {held} within {s['limit_hours']:g} h; {least} "
                  f"{len(back['bases'])} at {near}, which makes it {back['share_after']:.0%}{enough}")  # fmt: skip
    for line in s["assumes"]:
        talk.show(f"Assumes: {line}")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    talk.give(s)
