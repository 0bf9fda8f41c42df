"""The collections for other tools: what each holds, who may ask, and its rows as the asker may see them."""

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from shapely.geometry import box as square
from shapely.geometry import mapping

from tocsin.assess.ground import Land, land_of
from tocsin.assess.panel.placement import area_of_cells
from tocsin.assess.reads import assessed_land, grid, latest_assessed, may_see
from tocsin.brief.tables import Table
from tocsin.core import lattice
from tocsin.core.codes import VIOLENCE_BY_NUMBER, Classification, Component, Tlp, UnitKind
from tocsin.core.errors import NoData, NotFound
from tocsin.core.time import month_text, parse_month
from tocsin.listen.alerts import reads
from tocsin.listen.alerts.mapped import Mapped, marks_now, read_mapped
from tocsin.listen.deployments.tables import deployment
from tocsin.listen.events.tables import event
from tocsin.listen.places.tables import place
from tocsin.plan.actions import units_of
from tocsin.store import reading
from tocsin.store.policy import Actor, Thing, allowed, only_readable
from tocsin.store.runs import latest_run
from tocsin.store.tables import run
from tocsin.web.who import House

Columns = Mapping[str, type]
POLICE = (UnitKind.FPU, UnitKind.IPO)


@dataclass(frozen=True)
class Kind:
    """A collection: what it holds, what one must be allowed to, how it is read, and its column of time.

    `version` says how far the records are: as long as it is the same, so are the collection's rows.
    """

    title: str
    about: str
    needs: str
    columns: Columns
    read: Callable[[House, Actor], Table]
    version: Callable[[sa.Connection], Hashable]
    shape: str = "Point"
    time: str | None = None


def kind_of(name: str) -> Kind:
    """The collection of a name.

    Raises
    ------
    NotFound
    """
    if name not in KINDS:
        raise NotFound("there is no collection '{name}': {known} are", name=name[:40], known=", ".join(KINDS))
    return KINDS[name]


ALERTS: Columns = {
    "id": int, "state": str, "level": str, "priority": float, "threat": str, "imminence": str, "actor": str,
    "place": str, "area": str, "radius_km": float, "component": str, "reports": int, "independent": float,
    "reliability": str, "credibility": str, "heard_at": str, "last_at": str, "outcome": str, "tlp": str,
    "practice": bool,
}  # fmt: skip
REPORTS: Columns = {
    "id": int, "kind": str, "state": str, "threat": str, "imminence": str, "actor": str, "area": str, "alert_id": int,
    "practice": bool, "tlp": str, "received_at": str,
}  # fmt: skip
EVENTS: Columns = {
    "id": int, "source": str, "key": str, "day": str, "kind": str, "deaths": int, "civilians": int, "side_a": str,
    "side_b": str, "place": str, "area": str, "where_precision": int,
}  # fmt: skip
PLACES: Columns = {"id": int, "name": str, "population": int, "area": str, "in_area": bool, "source": str}
UNITS: Columns = {"id": str, "name": str, "kind": str, "strength": int, "as_of": str}
PLAN: Columns = {
    "id": str, "run": str, "as_of": str, "season": str, "what": str, "unit": str, "kind": str, "gid": int, "area": str,
    "gain": float,
}  # fmt: skip
RISK: Columns = {
    "id": str, "gid": int, "area": str, "month": str, "target": str, "as_of": str, "run": str, "mean": float,
    "p_any": float, "low_80": float, "high_80": float,
}  # fmt: skip


def _alerts(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        rows = reads.every_alert(connection, actor)
    return alerts_table(rows)


def alerts_table(rows: list[dict[str, Any]]) -> Table:
    """Alerts as the collection holds them."""
    return Table("alerts", ALERTS, rows, [_point(r["lon"], r["lat"]) for r in rows])


def _reports(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        found = read_mapped(connection, actor, "reports")
    return Table("reports", REPORTS, rows_of(found), _points(found))


def rows_of(found: Mapped) -> list[dict[str, Any]]:
    """Rows of what is drawn on a map, in order of their numbers."""
    words = {k: [w.values[c] if c >= 0 else None for c in w.codes.tolist()] for k, w in found.points.words.items()}
    heard = [dt.datetime.fromtimestamp(s, dt.UTC) for s in found.at.tolist()]
    ids = found.points.ids.tolist()
    columns = {"id": ids, **words, "received_at": heard}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _points(found: Mapped) -> list[dict[str, Any] | None]:
    return [_point(x, y) for x, y in zip(found.points.lon.tolist(), found.points.lat.tolist(), strict=True)]


def _events(at: House, actor: Actor) -> Table:
    c = event.c
    names = (
        "id", "source", "key", "withdrawn", "first_day", "kind", "best", "deaths_civilians", "side_a", "side_b",
        "place", "adm_1", "where_prec", "lon", "lat",
    )  # fmt: skip
    query = only_readable(sa.select(*(c[n] for n in names)).order_by(c.id), event, actor)
    with reading(at.engine) as connection:
        newest = {(r.source, r.key): r for r in connection.execute(query)}  # a later version takes the earlier's place
    kept = [r for r in newest.values() if not r.withdrawn]
    rows = [
        {"id": r.id, "source": r.source, "key": r.key, "day": r.first_day.isoformat(), "deaths": r.best,
         "kind": VIOLENCE_BY_NUMBER[r.kind].value if r.kind in VIOLENCE_BY_NUMBER else None, "side_a": r.side_a,
         "civilians": r.deaths_civilians, "side_b": r.side_b, "place": r.place, "area": r.adm_1,
         "where_precision": r.where_prec}
        for r in kept
    ]  # fmt: skip
    return Table("events", EVENTS, rows, [_point(r.lon, r.lat) for r in kept])


def _places(at: House, actor: Actor) -> Table:
    c = place.c
    query = sa.select(c.id, c.name, c.population, c.admin1.label("area"), c.in_area, c.source, c.lon, c.lat)
    with reading(at.engine) as connection:
        rows = [dict(r) for r in connection.execute(only_readable(query.order_by(c.id), place, actor)).mappings()]
    return Table("places", PLACES, rows, [_point(r["lon"], r["lat"]) for r in rows])


def _units(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        month = parse_month(done.summary["as_of"])
        land = land_of(connection, at.mission, month)
        stand = units_of(connection, land, month).units
    sees = _sees(actor, "deployment", land)
    kept = [u for u in stand if sees(u.lon, u.lat)]
    rows = [{"id": u.name, "name": u.name, "kind": u.kind.value, "strength": u.strength, "as_of": month_text(month)}
            for u in kept]  # fmt: skip
    return Table("units", UNITS, rows, [_point(u.lon, u.lat) for u in kept])


def _plan(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        found = latest_run(connection, "plan")
        if found is None:
            raise NoData("there is no plan yet: import units, then run `tocsin plan`")
    made = found[1]
    gids, layers = at.mission.cells(), at.mission.first_level_areas()
    codes = [*(a.code for a in layers), None]
    area_of = {int(g): codes[k] for g, k in zip(gids, area_of_cells(gids, layers).tolist(), strict=True)}
    rows, points = [], []
    for n, m in enumerate(made["moves"], 1):
        thing = Thing(area_of.get(int(m["gid"])), None, _component(m["kind"]), Tlp.AMBER, Classification.UNCLASSIFIED)
        if not allowed(actor, "read", "plan", thing=thing):
            continue
        named = allowed(actor, "read", "deployment", thing=thing)  # who may not see units learns where, not who
        rows.append(
            {"id": f"{found[0]}-{n}", "run": found[0], "as_of": made["as_of"], "season": made["season"],
             "what": m["what"], "unit": m["unit"] if named else None, "kind": m["kind"], "gid": m["gid"],
             "area": m["area"], "gain": round(m["gain"], 3)}
        )  # fmt: skip
        points.append(_point(m["lon"], m["lat"]))
    return Table("plan", PLAN, rows, points)


def _component(kind: str) -> str | None:
    """Whose a unit of a kind is; a kind nobody knows is nobody's."""
    if kind not in set(UnitKind) or kind == UnitKind.OTHER:
        return None
    if kind in POLICE:
        return Component.POLICE.value
    return Component.CIVILIAN.value if kind == UnitKind.CLA else Component.MILITARY.value


def _risk(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done)
        land = assessed_land(connection, at.mission, done)
    seen = np.flatnonzero(may_see(actor, land)).tolist()
    shades = []
    for k in seen:
        lon, lat = (float(v) for v in lattice.centre(found.gids[k]))
        shades.append(mapping(square(lon - 0.25, lat - 0.25, lon + 0.25, lat + 0.25)))
    names = land.area_names
    rows: list[dict[str, Any]] = []
    for step in range(found.ahead["mean"].shape[0]):
        month = month_text(found.as_of + 1 + step)
        rows += [
            {"id": f"{month}-{int(found.gids[k])}", "gid": int(found.gids[k]), "area": names[k],
             "month": month, "target": found.target, "as_of": month_text(found.as_of), "run": found.run,
             "mean": _round(found.ahead["mean"][step, k]), "p_any": _round(found.ahead["p_any"][step, k]),
             "low_80": _round(found.ahead["q10"][step, k]), "high_80": _round(found.ahead["q90"][step, k])}
            for k in seen
        ]  # fmt: skip
    return Table("risk", RISK, rows, shades * found.ahead["mean"].shape[0])


def _sees(actor: Actor, kind: str, land: Land) -> Callable[[float, float], bool]:
    """Whether a point's row may be read, by the area its cell lies in."""
    row_of = {int(g): k for k, g in enumerate(land.ground.gids)}
    codes = [*(a.code for a in land.ground.areas), None]

    def sees(lon: float, lat: float) -> bool:
        row = row_of.get(int(lattice.gid_at(lon, lat)))
        area = None if row is None else codes[int(land.ground.area_of_cell[row])]
        return allowed(actor, "read", kind, thing=Thing(area, None, None, Tlp.AMBER, Classification.UNCLASSIFIED))

    return sees


def _point(lon: float | None, lat: float | None) -> dict[str, Any] | None:
    return None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _rows_added(table: sa.Table) -> Callable[[sa.Connection], Hashable]:
    """Version of a table whose rows are added or taken away, never changed."""
    query = sa.select(sa.func.max(table.c.id), sa.func.count())

    def version(connection: sa.Connection) -> Hashable:
        return tuple(connection.execute(query).one())

    return version


def _made(connection: sa.Connection) -> Hashable:
    """Version of what is calculated: the newest runs, and the units they rest on."""
    newest = sa.select(run.c.kind, sa.func.max(run.c.made_at), sa.func.count()).group_by(run.c.kind)
    runs = tuple(sorted(str(tuple(r)) for r in connection.execute(newest)))
    return runs, _rows_added(deployment)(connection)


KINDS: dict[str, Kind] = {
    "alerts": Kind("Alerts", "What reports together say is happening or about to; points as far as the asker may "
                   "see them. Tiles hold open ones.", "alert", ALERTS, _alerts, marks_now, time="heard_at"),
    "reports": Kind("Reports", "Open reports, without their words or who told them.", "report", REPORTS, _reports,
                    marks_now, time="received_at"),
    "events": Kind("Events", "Events coded from media, newest version of each.", "event", EVENTS, _events,
                   _rows_added(event), time="day"),
    "units": Kind("Units", "Where units stand as of the newest assessment.", "deployment", UNITS, _units, _made),
    "plan": Kind("Plan", "The changes that the newest plan recommends.", "plan", PLAN, _plan, _made),
    "risk": Kind("Risk", "Forecast of each cell and month: expected killed, chance of any, 80 % interval.", "forecast",
                 RISK, _risk, _made, "Polygon", "month"),
    "places": Kind("Places", "Named places of the mission's gazetteer; null population is unknown.", "place", PLACES,
                   _places, _rows_added(place)),
}  # fmt: skip
