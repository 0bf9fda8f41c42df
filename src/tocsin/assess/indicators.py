"""What else is known of the mission's cells: alerts it has heard, and files of indicators in its folder.

``indicators/*.csv`` (or .xlsx, .csv.gz) holds displaced people, prices, access, whatever the mission gets: columns
``indicator``, ``priogrid_gid``, ``month`` (YYYY-MM, what the value is about), ``value`` (blank = not known) and
``published`` (the day it became known). A forecast as of a month sees no row published later.

A mission may also ask for season, borders, its capital, roads and peacekeepers present (``[assess] also`` in its
settings; `features.ground`).
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from tocsin.assess.features import ground
from tocsin.assess.features.reported import Values, alert_planes, as_known
from tocsin.assess.ground import country_of_cells
from tocsin.assess.panel.model import Panel
from tocsin.core import lattice
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.ground import features_in, is_trunk, layers
from tocsin.core.mission import Mission
from tocsin.core.time import first_day, month_of, parse_month
from tocsin.listen.alerts.heard import heard
from tocsin.listen.deployments.reads import postures
from tocsin.listen.files.columns import days, numbers_of, whole_numbers
from tocsin.listen.files.rows import open_sheet

Ints = npt.NDArray[np.int64]

COLUMNS = ("indicator", "priogrid_gid", "month", "value", "published")
NAME = re.compile(r"[a-z][a-z0-9_ ]{0,39}")
RESERVED = ("alerts", *ground.OWN_WORDS)
ROADS_WITHIN_DEG = 2.0  # of the mission's cells; a road further off is not seen


def known_planes(
    connection: sa.Connection, mission: Mission, gids: npt.NDArray[np.int64], first_month: int, as_of: int
) -> dict[str, npt.NDArray[np.float32]]:
    """Planes of alerts, indicators and what the mission asks for, as known at the end of each month (`Panel.also`).

    Empty if there are none; what is never known is left out.
    """
    n_months = as_of - first_month + 1
    found = {}
    until = dt.datetime.combine(first_day(as_of + 1), dt.time(), dt.UTC)
    month, gid = heard(connection, until)
    if np.isin(gid[month >= first_month], gids).any():
        found.update(alert_planes(month, gid, gids, first_month, n_months))
    for name, values in sorted(read_indicators(mission.folder / "indicators").items()):
        plane = as_known(values, gids, first_month, n_months)
        if not np.isnan(plane).all():
            found[name] = plane
    for word in mission.also:
        made = asked_planes(connection, mission, word, gids, first_month, n_months)
        found.update({name: plane for name, plane in made.items() if not np.isnan(plane).all()})
    return found


def asked_planes(
    connection: sa.Connection, mission: Mission, word: str, gids: Ints, first_month: int, n_months: int
) -> dict[str, npt.NDArray[np.float32]]:
    """Planes of one word of ``[assess] also`` (`core.mission.ALSO`); NaN where and when it is not known.

    Presence follows violence: what a model says of it is never the effect of presence.
    """
    if word == "season":
        return ground.season_planes(len(gids), first_month, n_months)
    if word == "border":
        return {"km to border": ground.always(ground.km_to_border(gids, country_of_cells(mission, gids)), n_months)}
    if word == "capital":
        return {"km to capital": ground.always(ground.km_to_capital(gids, country_of_cells(mission, gids)), n_months)}
    if word == "road":
        return {"km to trunk road": ground.since(_roads(mission, gids, first_month, n_months), len(gids), n_months)}
    months = range(first_month, first_month + n_months)
    known = [None if one is None else one.units for one in postures(connection, months, gids)]
    return ground.presence_planes(known, gids)


def unknown_words(mission: Mission, also: Iterable[str]) -> list[str]:
    """Words that the mission asks for and of which nothing is known."""
    begin = {"season": "season", "border": "km to border", "capital": "km to capital", "road": "km to trunk road",
             "presence": "presence"}  # fmt: skip
    names = list(also)
    return [word for word in mission.also if not any(name.startswith(begin[word]) for name in names)]


def _roads(mission: Mission, gids: Ints, first_month: int, n_months: int) -> dict[int, npt.NDArray[np.float64]]:
    """Distances to the nearest trunk road by the layers of the ground, each from the month it was known in."""
    lon, lat = lattice.centre(gids)
    box = shapely.box(*(np.array([lon.min(), lat.min()]) - ROADS_WITHIN_DEG),
                      *(np.array([lon.max(), lat.max()]) + ROADS_WITHIN_DEG))  # fmt: skip
    found = {}
    for layer in layers(mission):  # oldest first
        row = max(month_of(layer.known_on) - first_month, 0)
        if layer.kind == "roads" and row < n_months:
            roads = [line for about, line in features_in(layer, box) if is_trunk(about)]
            found[row] = ground.km_to(gids, roads)
    return found


def with_known(panel: Panel, connection: sa.Connection, mission: Mission) -> Panel:
    """The panel with what else was known."""
    also = known_planes(connection, mission, panel.gids, panel.first_month, panel.as_of)
    return replace(panel, also=also)


def read_indicators(folder: Path) -> dict[str, Values]:
    """Every indicator of the folder's files; nothing if there is no folder.

    Raises
    ------
    BadFile
        If a file lacks a column or a row cannot be used; says which. Unlike events, one wrong row stops the file: an
        indicator with a hole that nobody sees is worse than none.
    """
    parts: dict[str, list[tuple[int, int, float, np.datetime64]]] = {}
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        with open_sheet(path) as sheet:
            names = [name.lower() for name in sheet.first]
            missing = [name for name in COLUMNS if name not in names]
            if missing:
                raise BadFile("{name} has no column {missing}; an indicator file needs {columns}", name=path.name,
                              missing=", ".join(missing), columns=", ".join(COLUMNS))  # fmt: skip
            at = [names.index(name) for name in COLUMNS]
            for line, fields in sheet.rows:
                row = [fields[i].strip() if i < len(fields) else "" for i in at]
                try:
                    name, found = _row(row)
                except (ValueError, BadInput) as problem:
                    raise BadFile("{name}, line {line}: {why} cannot be read; correct it and try again",
                                  name=path.name, line=line, why=str(problem)) from problem  # fmt: skip
                parts.setdefault(name, []).append(found)
    return {name: Values(*(np.array(column) for column in zip(*rows, strict=True))) for name, rows in parts.items()}


def _row(row: list[str]) -> tuple[str, tuple[int, int, float, np.datetime64]]:
    name, gid, month, value, published = row
    if not NAME.fullmatch(name.lower()) or name.lower().split()[0] in RESERVED:
        raise ValueError(f"the indicator '{name}'")
    (number,), (whole,) = whole_numbers([gid], 1, 259_200)
    (day,), (dated,) = days([published])
    (amount,), (clean,) = numbers_of([value]) if value else ([np.nan], [True])
    if not whole:
        raise ValueError(f"the cell '{gid}'")
    if not dated:
        raise ValueError(f"the day '{published}'")
    if not clean or np.isinf(amount):
        raise ValueError(f"the value '{value}'")
    if not re.fullmatch(r"\d{4}-\d{2}", month):
        raise ValueError(f"the month '{month}'")
    return name.lower(), (parse_month(month), int(number), float(amount), day)
