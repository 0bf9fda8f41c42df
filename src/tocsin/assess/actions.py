"""From events to forecasts: one call makes the panel and the forecasts of a month, or returns those made before."""

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.assess.drivers import MOST_REFITTED, table
from tocsin.assess.forecast import MODELS, fit_and_forecast, main_model, stream, usual_models
from tocsin.assess.forecast.cells import MOST_CELLS, Cells, FittedCells
from tocsin.assess.forecast.reasons import refits
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.assess.indicators import known_planes, unknown_words
from tocsin.assess.levels import WHOLE, Places, area_sums, at_places, place_shares
from tocsin.assess.panel import ASKED, TOTAL, Panel
from tocsin.assess.panel.build import build, count, read_parquet, write_panel, write_parquet
from tocsin.assess.panel.dated import dated, sides
from tocsin.assess.panel.placement import place
from tocsin.assess.reporting import reporting
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.spread import way_of
from tocsin.core.time import first_day, last_day, month_text
from tocsin.listen.events.reads import Vintage, known_events, newest_month, vintage
from tocsin.store import finish_run, run_of
from tocsin.store.runs import run_id

LONGEST_HORIZON = 36
TOP = 10
EXACT_PLACE = 2  # where_prec: within 25 km
SHOWN = ("civilians", "sb", "ns", "os", TOTAL)  # in the order people choose from


@dataclass(frozen=True)
class Assessed:
    """What an assessment made.

    Parameters
    ----------
    run : str
        Its id.
    summary : dict
        Documented keys: as_of, horizon, target, model, cells, months, events, outside, sources, vintage, top, areas,
        reporting (what sources covered in each area), files, also (names of alert planes, indicators and what the
        mission asked for), also_unknown (what it asked for and nothing is known of) …
    """

    run: str
    summary: dict[str, Any]

    def forecast_file(self, mission: Mission) -> Path:
        """Parquet file of the forecasts."""
        return mission.folder / str(self.summary["files"]["forecast"])

    def panel_file(self, mission: Mission) -> Path:
        """Parquet file of the panel."""
        return mission.folder / str(self.summary["files"]["panel"])

    def reasons_file(self, mission: Mission) -> Path | None:
        """Parquet file of what its forecasts rest on; None where nothing was kept, or it is gone."""
        name = self.summary["files"].get("reasons")
        path = None if name is None else mission.folder / str(name)
        return path if path and path.exists() else None


def assess(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    as_of: int | None = None,
    horizon: int = 12,
    target: str = "civilians",
    models: tuple[str, ...] | None = None,
    seed: int = 1,
    tell: Progress = silent,
    h3: int | None = None,
    how: str = "no",
) -> Assessed:
    """Build the panel and forecast every cell and month of the horizon.

    Parameters
    ----------
    connection : Connection
    mission : Mission
    now : datetime
    as_of : int, optional
        Last month whose data may be seen; the newest covered month if not given.
    horizon : int
        Months ahead, 1 to 36.
    target : str
        What the summary's top places rank by; sb, ns, os and civilians are all
        forecast, and ``deaths`` (all of them) if it is asked for.
    models : tuple of str, optional
        Names in `MODELS`; `usual_models` if not given.
    seed : int
    tell : Progress
    h3 : int, optional
        Also forecast H3 cells of this resolution, 4 to 7, by the main model.
    how : str
        Where the models for cells walk over a large panel (`core.spread`). The figures are the same.

    Raises
    ------
    BadInput
        If horizon, target, resolution, a model or a way to spread work does not exist.
    NoData
        If no imported file covers the month.
    """
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise BadInput("a horizon of {n} months is not possible: choose 1 to {top}", n=horizon, top=LONGEST_HORIZON)
    if target not in ASKED:
        raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(ASKED))
    for name in models or ():
        if name not in MODELS:
            raise BadInput("'{name}' is not a model; there are: {known}", name=name, known=", ".join(MODELS))
    way_of(how)
    gw = gw_of(mission)
    month = newest_month(connection, gw) if as_of is None else as_of
    land = land_of(connection, mission, month)
    seen = vintage(connection, month, gw)
    first = first_month(seen, month)
    names = models or usual_models(month - first + 1, len(land.ground.gids))
    also = known_planes(connection, mission, land.ground.gids, first, month)
    inputs = {
        "files": [[f["layout"], f["sha256"]] for f in seen.files],
        "cells": hashlib.sha256(land.ground.gids.tobytes() + land.ground.weight.tobytes()).hexdigest(),
        "as_of": month,
        "horizon": horizon,
        "target": target,
        "models": list(names),
        "seed": seed,
        **({} if h3 is None else {"h3": h3}),
        **({"also": {n: hashlib.sha256(p.tobytes()).hexdigest() for n, p in also.items()}} if also else {}),
    }
    id = run_id("assess", inputs)
    earlier = run_of(connection, id)
    apart = any(isinstance(MODELS[name](), Cells) for name in names) and len(land.ground.gids) <= MOST_CELLS
    if (
        earlier
        and (not apart or "reasons" in earlier["files"])  # one made before reasons were kept
        and all((mission.folder / f).exists() for f in earlier["files"].values())
    ):
        return Assessed(id, earlier)

    panel, facts = make_panel(connection, land, seen, month, tell)
    panel = replace(panel.with_total() if target == TOTAL else panel, also=also)
    stem = f"{month_text(month)}-{id}"
    panel_file = mission.panels / f"panel-{stem}.parquet"
    write_panel(panel, panel_file)
    tables: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    sums: list[dict[str, Any]] = []
    spots: list[dict[str, Any]] = []
    drivers: list[dict[str, Any]] = []
    main = main_model(names)
    places = None if h3 is None else known_places(connection, land, seen, month, h3)
    total = len(panel.counts) * len(names)
    for what in panel.counts:
        for name in names:
            tell("Forecasting", len(tables), total)
            fitted, made = fit_and_forecast(panel, what, name, horizon, seed, how)
            tables.append(made.table())
            sums.append(_by_area(area_sums(made, land.ground).table(), land))
            if places is not None and name == main:
                fine = at_places(made, places, stream(seed, "places", what, month)).table()
                spots.append({"h3": fine["priogrid_gid"], **fine})
            if apart and isinstance(fitted, FittedCells):
                asked = what == target and name == main and len(panel.gids) <= MOST_REFITTED
                drivers.append(table(fitted, made.known, horizon, refits(fitted) if asked else []))
            if what == target and name == main:
                top = _top(tables[-1], land, horizon)
                area_top = _area_top(sums[-1], horizon)
    columns = {key: np.concatenate([t[key] for t in tables]) for key in tables[0]}
    about = {**panel.about, "run": id, "horizon": horizon, "models": list(names), "seed": seed}
    forecast_file = mission.panels / f"forecast-{stem}.parquet"
    write_parquet(columns, forecast_file, about)
    extra = {"areas": sums, **({"h3": spots} if spots else {}), **({"reasons": drivers} if drivers else {})}
    for kind, blocks in extra.items():
        joined = {key: np.concatenate([t[key] for t in blocks]) for key in blocks[0]}
        write_parquet(joined, mission.panels / f"{kind}-{stem}.parquet", about)
    tell("Forecasting", total, total)
    summary = {
        "run": id,
        "as_of": month_text(month),
        "horizon": horizon,
        "target": target,
        "targets": [name for name in SHOWN if name in panel.counts],
        "model": main,
        "models": list(names),
        "cells": len(panel.gids),
        "months": panel.n_months,
        "first_month": month_text(panel.first_month),
        "rows": len(columns["month"]),
        **({"also": sorted(also)} if also else {}),
        **({"also_unknown": lacking} if (lacking := unknown_words(mission, also)) else {}),
        **facts,
        "top": top,
        "areas": area_top,
        "reporting": [one.as_dict() for one in reporting(panel, land.ground)],
        "files": {
            "panel": str(panel_file.relative_to(mission.folder)),
            "forecast": str(forecast_file.relative_to(mission.folder)),
            **{kind: f"{mission.panels.name}/{kind}-{stem}.parquet" for kind in extra},
        },
    }
    finish_run(connection, id, "assess", inputs, summary, now)
    return Assessed(id, summary)


def known_panel(
    connection: sa.Connection, mission: Mission, land: Land, seen: Vintage, as_of: int, target: str
) -> Panel:
    """The panel a forecast of this target is made from, with what else was known: what `assess` itself uses."""
    panel, _ = make_panel(connection, land, seen, as_of)
    panel = panel.with_total() if target == TOTAL else panel
    return replace(panel, also=known_planes(connection, mission, panel.gids, panel.first_month, as_of))


def make_panel(
    connection: sa.Connection, land: Land, seen: Vintage, as_of: int, tell: Progress = silent
) -> tuple[Panel, dict[str, Any]]:
    """The panel as of a month and the facts a summary tells of it."""
    tell("Reading events", 0, 3)
    events = known_events(connection, seen, as_of)
    first = first_month(seen, as_of)
    tell("Placing events", 1, 3)
    placed = place(events, land.ground, as_of)
    counted = count(placed)
    covered = _covered(land, seen, first, as_of)
    about = {
        "as_of": month_text(as_of),
        "source": seen.source,
        "vintage": seen.day.isoformat(),
        "vintage_kind": "reconstructed" if seen.reconstructed else "as published",
        "files": [
            {"name": f["name"], "release": f["release"], "sha256": f["sha256"], "licence": f["licence"],
             "citation": f["citation"]}
            for f in seen.files
        ],
        "people": land.people.source,
    }  # fmt: skip
    panel = build(counted, land.ground.gids, first, as_of, covered, about)
    if len(panel.gids) <= MOST_CELLS:
        start = np.datetime64(first_day(first), "D")
        inside = events.take(np.isin(events.gid, panel.gids))
        to_the_day = dated(inside, panel.gids, start, panel.n_days, sides(connection, inside))
        panel = replace(panel, dated=to_the_day)
    tell("Placing events", 3, 3)
    facts = {
        "events": len(events),
        "events_outside": placed.outside,
        "imprecise_share": panel.about["imprecise_share"],
        "months_without_data": int((~covered.reshape(len(covered), -1).any(axis=1)).sum()),
        "source": seen.source,
        "vintage": seen.day.isoformat(),
        "vintage_kind": about["vintage_kind"],
    }
    return panel, facts


def first_month(seen: Vintage, as_of: int) -> int:
    """First month of the panel that these files make."""
    starts = [f["covers_from"] for f in seen.files if f["covers_from"] is not None]
    if not starts:
        raise NoData("the files as of {month} cover no month", month=month_text(as_of))
    return int(min(starts))


def _covered(land: Land, seen: Vintage, first: int, as_of: int) -> np.ndarray:
    """Which months some file speaks of: (n_months,), or (n_months, n_cells) where the area lies in several countries.

    A cell whose country is not known (a coast, an island) counts as covered when any file speaks of the month.
    """
    ground = land.ground
    if ground.gw is not None or not ground.country_of_cell.any():
        return seen.covered(ground.gw, first, as_of)
    plane = np.empty((as_of - first + 1, len(ground.gids)), dtype=bool)
    for number in np.unique(ground.country_of_cell).tolist():
        plane[:, ground.country_of_cell == number] = seen.covered(number or None, first, as_of)[:, None]
    return plane


def known_places(connection: sa.Connection, land: Land, seen: Vintage, as_of: int, resolution: int) -> Places:
    """Shares of H3 cells from events placed at a point, half as much every ten years."""
    events = known_events(connection, seen, as_of)
    exact = (events.where_prec <= EXACT_PLACE) & np.isin(events.gid, land.ground.gids)
    years = (np.datetime64(last_day(as_of)) - events.first_day[exact].astype("datetime64[D]")).astype(float) / 365.25
    return place_shares(land.ground.gids, resolution, events.lon[exact], events.lat[exact], 0.5 ** (years / 10))


def _by_area(table: dict[str, np.ndarray], land: Land) -> dict[str, np.ndarray]:
    """A table of area sums with the level and name of each area in place of a cell."""
    names = np.array([*(a.name for a in land.ground.areas), ""], dtype=object)
    index = table.pop("priogrid_gid")
    level = np.where(index == WHOLE, "whole", "area").astype(object)
    return {"level": level, "area": names[index], **table}


def _area_top(table: dict[str, np.ndarray], horizon: int) -> list[dict[str, Any]]:
    """The whole and every area by what is expected over the horizon; next month's chance and 80 % interval."""
    rows = []
    first = table["month"] == table["month"].min()
    for level, area in dict.fromkeys(zip(table["level"], table["area"], strict=True)):
        mine = (table["level"] == level) & (table["area"] == area)
        now = np.flatnonzero(mine & first)[0]
        if np.isnan(table["mean"][now]):
            continue
        rows.append({
            "level": str(level),
            "area": str(area) or None,
            "mean": round(float(table["mean"][mine].sum()), 3),
            "p_any_next_month": round(float(table["p_any"][now]), 3),
            "low_80": round(float(table["q10"][now]), 2),
            "high_80": round(float(table["q90"][now]), 2),
        })  # fmt: skip
    return sorted(rows, key=lambda r: (r["level"] != "whole", -float(r["mean"])))


def _top(table: dict[str, np.ndarray], land: Land, horizon: int) -> list[dict[str, Any]]:
    """The places with the highest forecast over the horizon."""
    risk = cell_risk(table, land.ground.gids, horizon)
    order = np.argsort(-np.nan_to_num(risk["mean"]), kind="stable")[:TOP]
    names = land.area_names
    return [
        {
            "rank": rank,
            "priogrid_gid": int(land.ground.gids[i]),
            "area": names[i] or None,
            "mean": round(float(risk["mean"][i]), 3),
            "p_any_next_month": round(float(risk["p_any_next"][i]), 3),
            "low_80": round(float(risk["low_80"][i]), 2),
            "high_80": round(float(risk["high_80"][i]), 2),
        }
        for rank, i in enumerate(order, start=1)
        if np.nan_to_num(risk["mean"][i]) > 0
    ]


def cell_risk(table: dict[str, np.ndarray], gids: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
    """Per cell: expected deaths over the horizon, and of the next month the probability of any and the 80 % interval.

    Parameters
    ----------
    table : dict of columns
        Rows of one target and one model, any order.
    gids : ndarray, shape (n_cells,)
        Ascending.
    """
    at = np.searchsorted(gids, table["priogrid_gid"])
    mean = np.zeros(len(gids))
    np.add.at(mean, at, table["mean"].astype(np.float64))
    next_month = table["month"] == table["month"].min()
    found = {"mean": mean}
    for name, column in (("p_any_next", "p_any"), ("low_80", "q10"), ("high_80", "q90")):
        values = np.full(len(gids), np.nan)
        values[at[next_month]] = table[column][next_month]
        found[name] = values
    return found


def read_forecast(path: Path, target: str, model: str) -> dict[str, np.ndarray]:
    """Rows of one target and model out of a forecast file, as columns."""
    table = read_parquet(path)
    keep = (table["target"] == target) & (table["model"] == model)
    if not keep.any():
        raise NoData("{file} holds no forecast of {target} by {model}", file=path.name, target=target, model=model)
    return {name: column[keep] for name, column in table.items()}
