"""The command that assesses."""

from typing import Annotated

import typer

from tocsin.cli.learn import VERDICTS
from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records

LIKELY = 0.05  # chance from which an area is listed
WATCHED = 6  # months of forecasts made before that are judged whenever a new one is made
REPORTING = {
    "dark": "no data for most of the year",
    "silent": "reports stopped",
    "fewer": "half as many, or fewer",
    "as before": "",
}


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("assess")(assess)


def assess(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Last month whose data may be seen, YYYY-MM. Default: the newest.")
    ] = None,
    horizon: Annotated[int, typer.Option(help="Months ahead, 1 to 36.")] = 12,
    target: Annotated[
        str, typer.Option(help="What to rank places by: civilians, os, sb, ns or deaths (all).")
    ] = "civilians",
    model: Annotated[list[str] | None, typer.Option(help="Model; may be repeated. Default: all.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same file.")] = 1,
    h3: Annotated[int | None, typer.Option("--h3", help="Also H3 cells of this resolution, 4 to 7.")] = None,
    days: Annotated[
        list[int] | None,
        typer.Option("--days", help="Instead: chances within so many days, 1 to 56; may be repeated. Writes nothing."),
    ] = None,
    how: Annotated[
        str,
        typer.Option(help="Where large panels are worked on: no, processes, spark or spark:MASTER. The same figures."),
    ] = "no",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build the panel and forecast every cell and month; with --days, the next days and weeks."""
    from tocsin.assess.actions import assess as work
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.learn.record.actions import drift
    from tocsin.store import reading, writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    if days:
        from tocsin.assess.days import days_ahead

        with talk.progress() as tell, reading(records(home)) as connection:
            found = days_ahead(connection, home, tuple(days), month, target, tell, h3, seed)
        ahead = [str(n) for n in found["days"]]
        talk.show(f"{home.name} after {found['as_of']}: {found['events']:,} events of {found['source'].upper()}; "
                  f"last year {found['level']:.2f} times what the process expected")  # fmt: skip
        rows = [
            [str(t["rank"]), str(t["priogrid_gid"]), t["area"] or "", *(f"{t['chances'][n]:.1%}" for n in ahead),
             max(t["parts"], key=t["parts"].get)]
            for t in found["top"]
        ]  # fmt: skip
        header = ["", "cell", "area", *(f"any in {n} days" for n in ahead), "mostly from"]
        talk.table(f"Most at risk soon ({found['target']})", header, rows)
        last = max(w["weeks"] for w in found["weeks"])
        rows = [
            [w["area"] or f"all, {w['weeks']} weeks", f"{w['p_any']:.0%}", f"{w['p_25']:.1%}", f"{w['mean']:.1f}",
             f"{w['low_80']:.0f} to {w['high_80']:.0f}"]
            for w in found["weeks"]
            if w["area"] is None or (w["weeks"] == last and w["p_any"] >= LIKELY)
        ]  # fmt: skip
        talk.table(f"Deaths: the whole by week, areas within {last} weeks",
                   ["", "any", "25 or more", "expected", "80 %"], rows)  # fmt: skip
        rows = [[f"{p['h3']:x}", f"{p['p_any']:.1%}", f"{p['mean']:.2f}"] for p in found.get("places", [])]
        if rows:
            talk.table(f"Places within {last} weeks", ["H3 cell", "any", "deaths expected"], rows)
        talk.give(found)
        return
    with talk.progress() as tell, writing(records(home)) as connection:
        done = work(
            connection, home, utc_now(), month, horizon, target, tuple(model) if model else None, seed, tell, h3, how
        )
    s = done.summary
    talk.show(
        f"{home.name} as of {s['as_of']}: {s['cells']} cells, {s['months']} months of {s['source'].upper()}, "
        f"{s['events']:,} events ({s['events_outside']:,} outside the cells)"
    )
    talk.show(f"Data as of {s['vintage']} ({s['vintage_kind']}); {s['imprecise_share']:.1%} of deaths placed by area")
    if s.get("also_unknown"):
        talk.show(f"Asked for in tocsin.toml and not known: {', '.join(s['also_unknown'])}. Forecasts do without.")
    rows = [
        [str(t["rank"]), str(t["priogrid_gid"]), t["area"] or "", f"{t['mean']:.1f}", f"{t['p_any_next_month']:.0%}",
         f"{t['low_80']:.0f} to {t['high_80']:.0f}"]
        for t in s["top"]
    ]  # fmt: skip
    header = ["", "cell", "area", f"expected, {s['horizon']} months", "any next month", "80 % next month"]
    talk.table(f"Most at risk ({s['target']}, {s['model']})", header, rows)
    rows = [
        [t["area"] or "all", f"{t['mean']:.1f}", f"{t['p_any_next_month']:.0%}",
         f"{t['low_80']:.0f} to {t['high_80']:.0f}"]
        for t in s.get("areas", [])
    ]  # fmt: skip
    talk.table("Areas", ["", *header[3:]], rows)
    rows = [
        [r["area"] or "all", *("–" if r[n] is None else f"{r[n]:.0%}" for n in ("data_now", "data_before")),
         str(r["reports_now"]), str(r["reports_before"]), REPORTING[r["state"]]]
        for r in s.get("reporting", [])
        if r["area"] is None or r["state"] != "as before"
    ]  # fmt: skip
    talk.table("What sources covered and heard of, last year and the year before: silence is not peace",
               ["", "covered", "before", "months with reports", "before", ""], rows)  # fmt: skip
    with reading(records(home)) as connection:
        judged = drift(connection, home, parse_month(s["as_of"]), WATCHED, s["target"])
    if judged["months"]:
        newest = judged["months"][-1]
        talk.show(
            f"Forecasts made before, judged to {newest['month']}: {newest['cells_expected']:.1f} places with killing "
            f"expected, {newest['cells_counted']:.0f} counted. {VERDICTS[judged['verdict']]}"
        )
    for name in s["files"].values():
        talk.show(f"wrote {name}")
    talk.give(s | {"watch": judged})
