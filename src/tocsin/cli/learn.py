"""Commands that learn: ``tocsin learn backtest`` and ``tocsin learn hindsight``."""

from typing import Annotated

import typer

from tocsin.cli import police
from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records

LOSSES = 10
VERDICTS = {
    "no forecasts": "No forecast was made before any of these months: run `tocsin assess` each month.",
    "as expected": "What came is within what was forecast.",
    "more": "More places saw killing than forecasts allowed for. A new war is not a data error: "
    "take forecasts for a floor until they have caught up.",
    "fewer": "For three months fewer than half of the places expected saw killing: a lull, or missing reports.",
    "nothing counted": "Nothing was counted where much was expected: check that the newest event file is whole.",
}


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    room = typer.Typer(help="How good were forecasts and plans?", no_args_is_help=True, rich_markup_mode=None)
    room.callback()(lambda: None)
    room.command("backtest")(backtest)
    room.command("here")(here)
    room.command("watch")(watch)
    room.command("hindsight")(hindsight)
    police.register(room)
    app.add_typer(room, name="learn")


def backtest(
    context: typer.Context,
    until: Annotated[
        str | None, typer.Option(help="Last month used for judging, YYYY-MM. Default: the newest.")
    ] = None,
    origins: Annotated[int, typer.Option(help="Number of monthly origins before it.")] = 24,
    horizon: Annotated[int, typer.Option(help="Months ahead that are judged.")] = 12,
    target: Annotated[list[str] | None, typer.Option(help="civilians, os, sb, ns, deaths; may be repeated.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Model; may be repeated. Default: those of `tocsin assess`, and a three-year climatology."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same record.")] = 1,
    how: Annotated[
        str, typer.Option(help="Where it runs: no, processes, spark or spark:MASTER. The figures are the same.")
    ] = "no",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge forecasts made month after month from what was known then, by what then happened."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.learn.record.actions import record
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(until) if until else None
    with talk.progress() as tell, writing(records(home)) as connection:
        done = record(connection, home, utc_now(), month, origins, horizon, tuple(target or ["civilians"]),
                      tuple(model) if model else None, seed, tell, how)  # fmt: skip
    s = done.summary

    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.0%}"

    names = ("crps", "crps_events", "ign", "mis", "ap", "mean_ratio", "top_10", "people_10")
    rows = [
        [r["target"], r["model"], r["months_ahead"], *(cell(r[n]) for n in names)]
        for r in s["table"]
        if r["months_ahead"] in ("all", "1", "onset", "continuation")
    ]
    talk.show(f"{home.name}: {s['origins']} origins from {s['first_origin']}, judged to {s['until']}")
    talk.table("Record (crps, ign, mis: lower is better; ap, top_10, people_10: higher; mean_ratio: 1)",
               ["target", "model", "months ahead", *names], rows)  # fmt: skip
    rows = [
        [r["target"], r["model"], str(r["mass_killings"]), *(share(r[f"share_{n}_ahead"])
         for n in ("1_month", "3_months", "6_months")), cell(r["mean_lead"])]
        for r in s["lead"]
    ]  # fmt: skip
    talk.table("Among the riskiest twentieth of cells before 25 or more were killed",
               ["target", "model", "cell-months", "1 month before", "3 months", "6 months", "mean lead, months"],
               rows)  # fmt: skip
    rows = [
        [r["target"], r["model"], r["against"], r["measure"], share(r["skill"]),
         f"{share(r['low_90'])} to {share(r['high_90'])}", cell(r["dm_p"])]
        for r in s["skill"]
        if r["measure"] == "crps" or r["model"] == s["model"]
    ]  # fmt: skip
    talk.table("Gain (90 % by year blocks; p of Diebold and Mariano)",
               ["target", "model", "against", "in", "gain", "90 %", "p"], rows)  # fmt: skip
    rows = [
        [r["target"], f"{share(r['share'])} of {r['of']}", share(r["ours"]), share(r["last_year"]),
         f"{share(r['gain'])} ({share(r['low_90'])} to {share(r['high_90'])})"]
        for r in s["reach"]
        if r["model"] == s["model"] and r["months_ahead"] == "1"
    ]  # fmt: skip
    talk.table(f"Share of next month's deaths where {s['model']} puts the highest risk, beside last year's map",
               ["target", "in the riskiest", s["model"], "last year's map", "gain (90 %)"], rows)  # fmt: skip
    few = ("crps", "brier", "ap", "mean_ratio")
    rows = [
        [r["target"], kind, str(r[key]), *(cell(r[n]) for n in few)]
        for kind, key, lines in (("months ahead", "months_ahead", s["table"]), ("country", "country", s["countries"]),
                                 ("area", "area", s["areas"]))
        for r in lines
        if r["model"] == s["model"] and r[key] not in ("all", "onset", "continuation")
    ]  # fmt: skip
    talk.table(f"Record of {s['model']} by months ahead, year and place", ["target", "by", "", *few], rows)
    rows = [
        [c["target"], f"{n:,.0f}", f"{said:.2%}", f"{came:.2%}"]
        for c in s["calibration"]
        if c["model"] == s["model"]
        for n, said, came in zip(*(c["reliability"][k] for k in ("rows", "forecast", "observed")), strict=True)
    ]
    talk.table(f"Chances given by {s['model']}, and how often it came", ["target", "forecasts", "said", "came"], rows)
    rows = [
        [r["target"], r["months_ahead"], r["measure"], cell(r["ours"]), f"{cell(r['theirs'])} ({r['model']})",
         share(r["behind"])]
        for r in s["losses"][:LOSSES]
    ]  # fmt: skip
    talk.table(f"Where {s['model']} loses, worst first ({len(s['losses'])} in all, the rest in --json)",
               ["target", "months ahead", "measure", "ours", "best", "behind"], rows)  # fmt: skip
    talk.show(f"wrote {s['file']}")
    talk.give(s)


def hindsight(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", help="First month whose posture is replayed, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month whose posture is replayed, YYYY-MM.")],
    operation: Annotated[
        list[str] | None, typer.Option(help="Only units of this peace operation (MINUSCA …); may be repeated.")
    ] = None,
    moves: Annotated[int, typer.Option(help="How many units the plan of a month may move.")] = 3,
    hours: Annotated[float, typer.Option(help="Hours within which the plan wants places reached.")] = 6.0,
    model: Annotated[
        str | None, typer.Option(help="Forecast the plan goes by. Default: the one plans of that month would go by.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Replay each month's plan, with the same units, against what happened: who of those killed was in reach."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.learn.hindsight.actions import look_back
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    with talk.progress() as tell, writing(records(home)) as connection:
        done = look_back(connection, home, utc_now(), parse_month(first), parse_month(last), tuple(operation or ()),
                         moves, plan_limit=hours, model=model, seed=seed, tell=tell)  # fmt: skip
    s = done.summary
    talk.show(
        f"{home.name}: {s['months']} months from {s['first']} to {s['last']}, judged to {s['judged_until']}; "
        f"{100 * s['left_out_share']:.0f} % of deaths are placed too coarsely and left out"
    )

    if s["months_reconstructed"]:
        talk.show(
            f"  in {s['months_reconstructed']} of them nothing was published in time: the plan saw later releases"
        )

    def points(pair: tuple[float, float]) -> str:
        return f"{100 * pair[0]:+.1f} to {100 * pair[1]:+.1f}"

    rows = [
        [g["policy"], g["perpetrator"], f"{g['limit_hours']:g}", f"{100 * g['share_as_is']:.1f}",
         f"{100 * g['share']:.1f}", f"{100 * g['gain']:+.1f}", points(g["by_months"]), points(g["by_areas"])]
        for g in s["gains"]
    ]  # fmt: skip
    talk.table(
        "Civilians killed in the 12 months after, within reach of a unit (%; 90 % intervals; association, not cause)",
        ["policy", "killed by", "hours", "as it was", "under it", "gain", "by months", "by areas"], rows,
    )  # fmt: skip
    talk.table(
        "By year of the posture",
        ["year", "policy", "hours", "as it was", "under it", "gain", "by areas"],
        [[str(g["year"]), g["policy"], f"{g['limit_hours']:g}", f"{100 * g['share_as_is']:.1f}",
          f"{100 * g['share']:.1f}", f"{100 * g['gain']:+.1f}", points(g["by_areas"])] for g in s["by_year"]],
    )  # fmt: skip
    talk.show("Did the posture follow violence?")
    for response in s["response"]:
        talk.show(f"  {response['which']}: {response['words']}")
    for sentence in s["assumes"]:
        talk.show(sentence)
    talk.give(s)


def here(
    context: typer.Context,
    cell: Annotated[int, typer.Argument(metavar="CELL", help="Number of a PRIO-GRID cell of the mission.")],
    target: Annotated[str, typer.Option(help="civilians, os, sb, ns or deaths (all).")] = "civilians",
    model: Annotated[
        str | None, typer.Option(help="Model that was judged. Default: of those judged, the one that plans go by.")
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how good forecasts have been in one cell and around it, by the newest backtest."""
    from tocsin.assess.forecast import main_model
    from tocsin.assess.panel.build import read_parquet
    from tocsin.core.mission import find
    from tocsin.learn.record.here import here as work
    from tocsin.learn.record.here import newest_record

    talk = answer(context, mission, as_json, quiet)
    table = read_parquet(newest_record(find(talk.folder())))
    found = work(table, cell, target, model or main_model(sorted(set(table["model"]))))

    def said(value: float | None) -> str:
        return "–" if value is None else f"{value:.1%}"

    rows = [
        [name, str(one["forecasts"]), str(one["months_with_killing"]), f"{one['expected']:.1f}",
         f"{one['counted']:.1f}", said(one["chance_when_killing"]), said(one["chance_when_quiet"])]
        for name, one in (("this cell", found["cell"]), ("the eight around", found["around"]))
    ]  # fmt: skip
    talk.table(f"Record of cell {cell} ({target}, {found['model']}); deaths are summed over all forecasts",
               ["", "forecasts", "months with killing", "deaths expected", "deaths counted",
                "chance given before killing", "before quiet months"], rows)  # fmt: skip
    talk.give(found)


def watch(
    context: typer.Context,
    until: Annotated[str | None, typer.Option(help="Last month to judge, YYYY-MM. Default: the newest.")] = None,
    months: Annotated[int, typer.Option(help="Number of months to look at.")] = 24,
    target: Annotated[str, typer.Option(help="civilians, os, sb, ns or deaths (all).")] = "civilians",
    model: Annotated[
        str | None, typer.Option(help="Model that was forecast with. Default: the one that plans went by.")
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge the forecasts made before by the months that came, and say when calibration breaks."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month
    from tocsin.learn.record.actions import drift
    from tocsin.store import reading

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    with reading(records(home)) as connection:
        found = drift(connection, home, parse_month(until) if until else None, months, target, model)
    rows = [
        [r["month"], r["as_of"], f"{r['cells_expected']:.1f}", f"{r['cells_counted']:.0f}",
         f"{r['deaths_expected']:.0f}", f"{r['deaths_counted']:.0f}", f"{r['z']:+.1f}"]
        for r in found["months"]
    ]  # fmt: skip
    talk.table(f"Forecasts and what came ({target}, {found['model'] or 'no model'})",
               ["month", "forecast as of", "cells expected", "cells counted", "deaths expected", "deaths counted", "z"],
               rows)  # fmt: skip
    talk.show(VERDICTS[found["verdict"]])
    talk.give(found)
