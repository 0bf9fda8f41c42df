"""Gathering what a brief says, from the newest plan and the assessment it rests on."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from babel import Locale, UnknownLocaleError

from tocsin.assess.actions import assess, known_panel
from tocsin.assess.forecast import forecast
from tocsin.assess.ground import Land, land_of
from tocsin.assess.panel import Panel
from tocsin.assess.panel.placement import plain_name
from tocsin.assess.risk import Risk, horizon_risk
from tocsin.brief import content as c
from tocsin.brief.why import RecentEvents, reasons_of
from tocsin.brief.write import write
from tocsin.core import areas as world
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import parse_month
from tocsin.listen.events.reads import Vintage, event_texts, known_events, vintage
from tocsin.listen.places.reads import Gazetteer, gazetteer
from tocsin.listen.sources.tables import source_file
from tocsin.plan.actions import plan, units_of
from tocsin.plan.cover import best_hours, coverage
from tocsin.plan.mobility import hours, responders

PLACES = 10


def write_brief(
    connection: sa.Connection,
    mission: Mission,
    path: Path,
    now: dt.datetime,
    language: str | None = None,
    as_of: int | None = None,
    tell: Progress = silent,
) -> c.BriefContent:
    """Write the brief of a month to a file; its suffix chooses the format.

    Assessment and plan of the month are made if they do not exist yet.
    """
    tell("Gathering", 0, 2)
    spoken = language or mission.language
    found = gather(connection, mission, now, as_of, spoken, tell)
    tell("Writing", 1, 2)
    write(found, path, spoken)
    tell("Writing", 2, 2)
    return found


def gather(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    as_of: int | None = None,
    language: str = "en",
    tell: Progress = silent,
) -> c.BriefContent:
    """All facts of a brief; `language` is that of the country's name, everything else is worded by the writers.

    Raises
    ------
    NoData
        If there are no events or no units to speak of.
    """
    made = plan(connection, mission, now, as_of, tell=tell).summary
    month = parse_month(made["as_of"])
    assessed = assess(connection, mission, now, month, made["horizon"], made["target"], tell=tell).summary
    land = land_of(connection, mission, month)
    names = gazetteer(connection)
    seen = vintage(connection, month, land.ground.gw)
    panel, risk = _risk(connection, mission, land, seen, month, made)
    before = _risk_before(connection, mission, land, month, made)
    gids = land.ground.gids
    lon, lat = lattice.centre(gids)
    stand = units_of(connection, land, month)
    able = responders(stand.units)
    here = [u for u, a in zip(stand.units, able, strict=True) if a]
    reach_hours = float(made["limit_hours"])
    events = RecentEvents.read(known_events(connection, seen, month), month)
    texts = event_texts(connection, events.recent_ids())
    nearest = _nearest_units(here, lon, lat, month, mission)
    chosen = top_cells(gids, risk.mean, PLACES)
    change = None if before is None else risk.mean - before[0].mean
    places = []
    for rank, i in enumerate(chosen, start=1):
        near = names.nearest(float(lon[i]), float(lat[i]))
        name, time = nearest[i]
        places.append(
            c.Place(
                rank=rank,
                anchor=near.name if near else f"cell {gids[i]}",
                area=land.area_names[i],
                lon=float(lon[i]),
                lat=float(lat[i]),
                expected=c.Estimate(float(risk.mean[i]), float(risk.low_80[i]), float(risk.high_80[i])),
                p_any=float(risk.p_any[i]),
                nearest=c.NearestUnit(name, time),
                km=near.distance_km if near else 0.0,
                bearing=near.bearing if near else 0.0,
                reasons=reasons_of(i, gids, panel, made["target"], events, texts),
                change=None if change is None else float(change[i]),
            )
        )
    return c.BriefContent(
        mission=mission.name,
        area=_country_name(mission, language),
        as_of=month,
        horizon=made["horizon"],
        known_on=dt.date.fromisoformat(assessed["vintage"]),
        reconstructed=assessed["vintage_kind"] == "reconstructed",
        model=made["model"],
        total=c.Estimate(risk.total_mean, risk.total_low_80, risk.total_high_80),
        outline=mission.area(),
        areas=tuple(c.Area(a.name, a.polygon) for a in land.ground.areas),
        cells=_cells(gids, lon, lat, risk, change),
        units=tuple(c.MapUnit(u.name, u.kind, u.lon, u.lat, u.strength) for u in stand.units),
        places=tuple(places),
        reach=tuple(c.Reach(r["limit_hours"], r["risk_share"]) for r in made["covered"] if r["risk_share"] is not None),
        reach_hours=reach_hours,
        gaps=_gaps(made, names),
        moves=_moves(made, names, risk.total_mean),
        figures=_figures(made, risk, land),
        changes=_changes(connection, mission, land, panel, month, made, names, chosen, before),
        unknowns=_unknowns(made, assessed, stand.units, month, risk),
        sources=_sources(connection, land, seen, stand.sources),
    )


def _country_name(mission: Mission, language: str) -> str:
    """The country's name in a language, as CLDR has it; the mission's own name for an area of one's own."""
    if mission.iso3 not in world.countries():
        return mission.name
    country = world.country(mission.iso3)
    try:
        return str(Locale.parse(language).territories.get(country.iso2, country.name))
    except (UnknownLocaleError, ValueError):
        return country.name


def _gaps(made: dict[str, Any], names: Gazetteer) -> tuple[c.Gap, ...]:
    """Gaps by the name of the nearest place, each name once, with its highest cell."""
    found: dict[tuple[str, str], c.Gap] = {}
    for g in made["gaps"][:PLACES]:
        name = _name_at(names, g["lon"], g["lat"])
        found.setdefault((name, g["area"] or ""), c.Gap(name, g["area"] or "", g["risk"], g["nearest_hours"], g["gid"]))
    return tuple(found.values())


def top_cells(gids: np.ndarray, risk: np.ndarray, most: int) -> list[int]:
    """Cells with the highest risk, one for each cluster: a cell beside a higher one already chosen is passed over."""
    chosen: list[int] = []
    taken: set[int] = set()
    for i in np.argsort(-np.nan_to_num(risk), kind="stable").tolist():
        if len(chosen) == most or not risk[i] > 0:
            break
        if int(gids[i]) not in taken:
            chosen.append(i)
            taken |= {int(g) for g in lattice.neighbours(gids[i])[0]}
    return chosen


def _risk(
    connection: sa.Connection, mission: Mission, land: Land, seen: Vintage, month: int, made: dict[str, Any]
) -> tuple[Panel, Risk]:
    panel = known_panel(connection, mission, land, seen, month, made["target"])
    ahead = forecast(panel, made["target"], made["model"], made["horizon"], seed=1)
    return panel, horizon_risk(ahead, np.random.default_rng([1, month]))


def _risk_before(
    connection: sa.Connection, mission: Mission, land: Land, month: int, made: dict[str, Any]
) -> tuple[Risk, list[int]] | None:
    """Last month's forecast, from what was known then; None where there was nothing, or too little."""
    try:
        seen = vintage(connection, month - 1, land.ground.gw)
        _, risk = _risk(connection, mission, land, seen, month - 1, made)
    except (NoData, BadInput):
        return None
    return risk, top_cells(land.ground.gids, risk.mean, PLACES)


def _nearest_units(
    units: list[Any], lon: np.ndarray, lat: np.ndarray, month: int, mission: Mission
) -> list[tuple[str, float | None]]:
    if not units:
        return [("", None)] * len(lon)
    time = hours(units, lon, lat, month, wet_months=mission.wet_months)
    first = np.argmin(time, axis=0)
    best = time[first, np.arange(len(lon))]
    return [(units[u].name, float(t) if np.isfinite(t) else None) for u, t in zip(first, best, strict=True)]


def _name_at(names: Gazetteer, lon: float, lat: float) -> str:
    near = names.nearest(lon, lat)
    return near.name if near else f"{lat:.2f}, {lon:.2f}"


def _cells(
    gids: np.ndarray, lon: np.ndarray, lat: np.ndarray, risk: Risk, change: np.ndarray | None
) -> tuple[c.Cell, ...]:
    found = []
    for i, gid in enumerate(gids.tolist()):
        known = np.isfinite(risk.mean[i])
        told = c.Estimate(float(risk.mean[i]), float(risk.low_80[i]), float(risk.high_80[i])) if known else None
        moved = None if change is None or not np.isfinite(change[i]) else float(change[i])
        p_any = float(risk.p_any[i]) if known else None
        found.append(c.Cell(gid, float(lon[i]), float(lat[i]), told, p_any, moved, lattice.SIZE_DEG))
    return tuple(found)


def _moves(made: dict[str, Any], names: Gazetteer, total: float) -> tuple[c.Move, ...]:
    """Recommended changes; a place that loses reach is told with the move whose unit stood nearest to it."""
    leaving = [m for m in made["moves"] if m["from"]]
    lost: dict[int, list[c.Harm]] = {}
    for loss in made["worse"]:
        if loss["loses_reach"] and leaving:
            away = [abs(m["from"][0] - loss["lon"]) + abs(m["from"][1] - loss["lat"]) for m in leaving]
            harm = c.Harm(c.HarmKind.LOSES_REACH, _name_at(names, loss["lon"], loss["lat"]), loss["risk"])
            told = lost.setdefault(id(leaving[int(np.argmin(away))]), [])
            if harm.place not in [h.place for h in told]:
                told.append(harm)
    found = []
    for m in made["moves"]:
        harms = [*lost.get(id(m), [])[:2], c.Harm(c.HarmKind.SHIFTS)]
        origin = _name_at(names, *m["from"]) if m["from"] else None
        found.append(
            c.Move(
                unit="" if origin is None or plain_name(m["unit"]) == plain_name(origin) else m["unit"],
                destination=_name_at(names, m["lon"], m["lat"]),
                gain=m["gain"] / total if total else 0.0,
                hours=float(made["limit_hours"]),
                origin=origin,
                expected=m["gain"],
                harms=tuple(harms),
                kind=UnitKind(m["kind"]),
            )
        )
    return tuple(found)


def _figures(made: dict[str, Any], risk: Risk, land: Land) -> tuple[c.AreaFigures, ...]:
    dark = np.isnan(risk.mean)
    names = np.array(land.area_names)
    return tuple(
        c.AreaFigures(
            area=r["area"],
            expected=r["risk"],
            troops=r["troops"],
            population=None if r["people"] is None else round(r["people"]),
            cells_without_data=int((dark & (names == r["area"])).sum()),
            unknown_units=r["unknown_units"],
        )
        for r in made["ratios"]
        if r["area"]
    )


def _changes(
    connection: sa.Connection,
    mission: Mission,
    land: Land,
    panel: Panel,
    month: int,
    made: dict[str, Any],
    names: Gazetteer,
    chosen: list[int],
    before: tuple[Risk, list[int]] | None,
) -> c.Changes:
    plane = panel.counts[made["target"]]
    recorded = np.nansum(plane, axis=1)
    lon, lat = lattice.centre(land.ground.gids)

    def label(i: int) -> str:
        return _name_at(names, float(lon[i]), float(lat[i]))

    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    reach_before: tuple[c.Reach, ...] = ()
    if before is not None:
        now_names, old_names = [label(i) for i in chosen], [label(i) for i in before[1]]
        entered = tuple(dict.fromkeys(n for n in now_names if n not in old_names))
        left = tuple(dict.fromkeys(n for n in old_names if n not in now_names))
        reach_before = _reach_before(connection, mission, land, month - 1, before[0])
    return c.Changes(
        total_before=before[0].total_mean if before else None,
        entered=entered,
        left=left,
        recorded_last_month=float(recorded[-1]),
        recorded_monthly_mean=float(recorded[-13:-1].mean()) if len(recorded) > 12 else None,
        reach_before=reach_before,
    )


def _reach_before(
    connection: sa.Connection, mission: Mission, land: Land, month: int, risk: Risk
) -> tuple[c.Reach, ...]:
    lon, lat = lattice.centre(land.ground.gids)
    try:
        units = units_of(connection, land, month).units
    except NoData:
        return ()
    able = responders(units)
    time = hours(units, lon, lat, month, wet_months=mission.wet_months)[able]
    if not len(time) or not np.isfinite(best_hours(time)).any():
        return ()
    found = coverage(time, risk.mean)
    return tuple(c.Reach(r.limit_hours, r.risk_share) for r in found if r.risk_share is not None)


def _unknowns(
    made: dict[str, Any], assessed: dict[str, Any], units: list[Any], month: int, risk: Risk
) -> tuple[c.Unknown, ...]:
    found = [c.Unknown(c.GapKind.ONLY_LETHAL)]
    if assessed["vintage_kind"] == "reconstructed":
        found.append(c.Unknown(c.GapKind.RECONSTRUCTED))
    if assessed["imprecise_share"]:
        found.append(c.Unknown(c.GapKind.IMPRECISE, share=assessed["imprecise_share"]))
    if assessed["months_without_data"]:
        n, of = assessed["months_without_data"], assessed["months"]
        found.append(c.Unknown(c.GapKind.MONTHS_WITHOUT_DATA, count=n, of=of))
    if dark := int(np.isnan(risk.mean).sum()):
        found.append(c.Unknown(c.GapKind.CELLS_WITHOUT_DATA, count=dark))
    if unsure := sum(u.strength is None for u in units):
        found.append(c.Unknown(c.GapKind.UNITS_UNKNOWN, count=unsure))
    if made["oldest_map"] and parse_month(made["oldest_map"]) < month:
        age = month - parse_month(made["oldest_map"])
        found.append(c.Unknown(c.GapKind.STALE, name="Geo-PKO", month=month - age, count=age))
    if not made.get("ground"):
        found.append(c.Unknown(c.GapKind.STRAIGHT_LINE))
    return tuple(found)


def _sources(connection: sa.Connection, land: Land, seen: Vintage, units: list[str]) -> tuple[c.Source, ...]:
    """Files the brief rests on: the events it could see, the units, the people."""
    rest = sa.or_(source_file.c.layout.in_(units), source_file.c.name == land.people.source)
    used = sa.or_(source_file.c.id.in_([f["id"] for f in seen.files]), rest)
    rows = connection.execute(sa.select(source_file).where(used).order_by(source_file.c.id))
    found = [c.Source(r.name, r.licence, r.citation, r.covers_until) for r in rows]
    if land.people.is_estimate:
        found.append(c.Source("GeoNames", "CC BY 4.0", "geonames.org"))
    found.append(c.Source("Natural Earth", "public domain", "naturalearthdata.com"))
    return tuple(found)
