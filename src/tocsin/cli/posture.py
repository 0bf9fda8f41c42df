"""Commands beside the plan: the ground one moves on, who gets where, one unit moved by hand, plans side by side."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records

AsOf = Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM. Default: of the newest assessment.")]
Operations = Annotated[
    list[str] | None, typer.Option("--operation", help="Only units of this operation, e.g. MINUSCA.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    room = typer.Typer(help="Roads, rivers and rasters one moves on.", no_args_is_help=True, rich_markup_mode=None)
    room.command("add")(ground_add)
    room.command("list")(ground_list)
    app.add_typer(room, name="ground")
    app.command("reach")(reach)
    app.command("move")(move)
    app.command("compare")(compare)


def ground_add(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(help="roads, rivers, water, barriers, crossings, checkpoints, land-speed, elevation.")
    ],
    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, FlatGeobuf, shapefile; GeoTIFF for the last two.")],
    known: Annotated[str | None, typer.Option(help="Known since, YYYY-MM-DD. Default: today.")] = None,
    licence: Annotated[str, typer.Option(help="Licence and source, kept with it.")] = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take a file of roads, rivers, lakes, crossings, checkpoints, speeds or heights into the mission."""
    import datetime as dt

    from tocsin.core.errors import BadInput
    from tocsin.core.mission import find
    from tocsin.core.time import utc_now
    from tocsin.plan.mobility.ground import add_layer

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    try:
        day = dt.date.fromisoformat(known) if known else utc_now().date()
    except ValueError:
        raise BadInput("'{text}' is not a day; write YYYY-MM-DD", text=known) from None
    made = add_layer(home, kind, file, day, licence)
    talk.show(f"{made.kind}: {made.features:,} of {made.source}, known since {made.known_on}")
    talk.give(_layer(made))


def ground_list(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List what the mission knows of its ground."""
    from tocsin.core.ground import layers
    from tocsin.core.mission import find

    talk = answer(context, mission, as_json, quiet)
    found = layers(find(talk.folder()))
    rows = [[f.kind, f.known_on.isoformat(), f"{f.features:,}", f.source] for f in found]
    talk.table("Ground", ["layer", "known since", "features", "from"], rows)
    if not found:
        talk.show("Nothing: travel is measured as the crow flies. Add roads with `tocsin plan ground add roads FILE`.")
    talk.give({"ground": [_layer(f) for f in found]})


def _layer(made: Any) -> dict[str, Any]:
    return {"kind": made.kind, "known_on": made.known_on.isoformat(), "source": made.source,
            "features": made.features, "sha256": made.sha256, "file": made.path.name}  # fmt: skip


def reach(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="GeoJSON (areas), GeoTIFF or Esri ASCII grid (hours) to write.")],
    hours: Annotated[
        list[float] | None, typer.Option(help="Limit of an area; may be repeated. Default 2, 6, 12.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Only this unit; may be repeated. Default: all.")] = None,
    night: Annotated[bool, typer.Option("--night", help="The order comes at dusk: most helicopters stay.")] = False,
    payload: Annotated[float, typer.Option(help="Share of its load a helicopter carries, 0 to 1.")] = 0.0,
    as_of: AsOf = None,
    operation: Operations = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write where the first unit arrives within how many hours, over the roads known of."""
    import numpy as np

    from tocsin.core.mission import find
    from tocsin.core.time import month_text, parse_month, utc_now
    from tocsin.plan.reach import check_reach_file, write_reach
    from tocsin.plan.reach import reach as work
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    limits = hours or [2.0, 6.0, 12.0]
    check_reach_file(file, limits)
    with talk.progress() as tell, calculating(records(home)) as connection:
        found = work(
            connection, home, utc_now(), month, tuple(unit or ()), tuple(operation or ()), night, payload, tell
        )
    write_reach(found, file, limits)
    share = {f"{limit:g}": float(np.mean(found.field <= limit)) for limit in sorted(limits)}
    talk.show(f"{file}: {len(found.names)} units as of {month_text(found.month)}, {found.season} season")
    if found.left_out:
        talk.show(f"{len(found.left_out)} units cannot respond and are left out")
    talk.give({"file": str(file), "as_of": month_text(found.month), "season": found.season, "units": found.names,
               "left_out": found.left_out, "share_of_raster_within": share})  # fmt: skip


def move(
    context: typer.Context,
    unit: Annotated[str, typer.Argument(help="Name of the unit.")],
    to: Annotated[str, typer.Argument(help="Where to: lon,lat, a place or a unit.")],
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    as_of: AsOf = None,
    operation: Operations = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what would change if one unit stood elsewhere; nothing is kept."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.board import what_if
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = what_if(connection, home, utc_now(), unit, to, month, hours, tuple(operation or ()), tell).summary
    now, then = s["covered"][0]["risk_share"], s["covered_after"][0]["risk_share"]
    talk.show(f"{s['unit']} to {s['to']['name']}, over {s['over']}, {s['season']} season, as of {s['as_of']}")
    talk.show(f"Within {s['limit_hours']:g} h of expected deaths: {_percent(now)} now, {_percent(then)} then")
    rows = [[what, str(c["gid"]), c["area"] or "", f"{c['risk']:.1f}", _hours(c["hours_before"]),
             _hours(c["hours_after"])]
            for what, cells in (("gains", s["gains"]), ("loses", s["loses"])) for c in cells[:10]]  # fmt: skip
    talk.table("Who gains, who loses", ["what", "cell", "area", "expected deaths", "now", "then"], rows)
    rows = [[n["unit"], n["near"], n["area"] or "", f"{n['gain']:+.1f}"] for n in s["next_best"]]
    talk.table("Best moves after it", ["unit", "to", "area", "expected deaths within reach"], rows)
    talk.give(s)


def compare(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(help="Two to four plans, by run (`tocsin plan --json` gives it).")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show plans side by side: reach, proof, changes, who gains and who loses."""
    from tocsin.core.mission import find
    from tocsin.plan.reach import compare_plans
    from tocsin.store import reading

    talk = answer(context, mission, as_json, quiet)
    with reading(records(find(talk.folder()))) as connection:
        found = compare_plans(connection, runs)
    rows = [
        [f["run"][:10], f["as_of"], f"{f['limit_hours']:g} h", f["over"], str(f["adds"]), str(f["moves"]),
         f"{f['before']:.1f}", f"{f['value']:.1f}", "–" if f["bound"] is None else f"{f['bound']:.1f}",
         f["gains_most"] or "–", f["loses_most"] or "–",
         f["worst_off"] or "–"] for f in found
    ]  # fmt: skip
    talk.table("Plans (expected deaths within reach)", ["run", "as of", "limit", "over", "new", "moved", "now", "then",
               "at most", "gains most", "loses most", "worst off then"], rows)  # fmt: skip
    for f in found:
        if f["association"]:
            talk.show(f"{f['run'][:10]}: {f['association']['words']}")
    talk.give({"plans": found})


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"


def _hours(value: float | None) -> str:
    return "nobody" if value is None else f"{value:.1f} h"
