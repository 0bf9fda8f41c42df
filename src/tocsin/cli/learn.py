"""Commands that learn: ``tocsin learn backtest`` and ``tocsin learn hindsight``."""

from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    room = typer.Typer(help="How good were forecasts and plans?", no_args_is_help=True, rich_markup_mode=None)
    room.callback()(lambda: None)
    room.command("backtest")(backtest)
    room.command("hindsight")(hindsight)
    app.add_typer(room, name="learn")


def backtest(
    context: typer.Context,
    until: Annotated[
        str | None, typer.Option(help="Last month used for judging, YYYY-MM. Default: the newest.")
    ] = None,
    origins: Annotated[int, typer.Option(help="Number of monthly origins before it.")] = 24,
    horizon: Annotated[int, typer.Option(help="Months ahead that are judged.")] = 12,
    target: Annotated[list[str] | None, typer.Option(help="civilians, os, sb, ns; may be repeated.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Model; may be repeated. Default: all.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same record.")] = 1,
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
                      tuple(model) if model else None, seed, tell)  # fmt: skip
    s = done.summary

    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    names = ("crps", "crps_events", "ign", "mis", "ap", "mean_ratio", "top_10")
    rows = [
        [r["target"], r["model"], r["months_ahead"], *(cell(r[n]) for n in names)]
        for r in s["table"]
        if r["months_ahead"] in ("all", "1")
    ]
    talk.show(f"{home.name}: {s['origins']} origins from {s['first_origin']}, judged to {s['until']}")
    talk.table("Record (crps, ign, mis: lower is better; ap, top_10: higher; mean_ratio: 1)",
               ["target", "model", "months ahead", *names], rows)  # fmt: skip
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
    model: Annotated[str, typer.Option(help="Forecast the plan goes by.")] = "conflictology_n",
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
