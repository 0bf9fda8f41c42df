"""The hindsight test on MINUSCA 2014 to 2019 with the real events of the Central African Republic.

The forecast here is deliberately plain (killings of the past, fading and spread over neighbours); the mission's own
forecast takes its place through the same function. Events as the yearly release has them: what was known on the day
would be a little less.
"""

import csv
import gzip
import time

import numpy as np
import shapely

from benchmarks.results import SHARED, Figure
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import NoData
from tocsin.core.geometry import distance_km
from tocsin.core.time import month_id
from tocsin.learn.hindsight import Killings, replay, responsiveness
from tocsin.listen.deployments import Unit

FIRST, LAST = month_id(2014, 9), month_id(2019, 12)
WET = (5, 6, 7, 8, 9, 10)


def country_cells() -> np.ndarray:
    """Cells of the country, from the first-level boundaries of the real data."""
    import json

    topo = json.loads((SHARED / "data" / "admin1_topojson" / "caf.topo.json").read_text())
    scale, shift = topo["transform"]["scale"], topo["transform"]["translate"]
    arcs = [np.cumsum(np.array(a), axis=0) * scale + shift for a in topo["arcs"]]
    lines = shapely.union_all([shapely.LineString(a) for a in arcs if len(a) > 1])
    inside = shapely.union_all(list(shapely.get_parts(shapely.polygonize([lines]))))
    west, _, east, _ = inside.bounds
    if not (14 < west < 15 and 27 < east < 28):
        raise ValueError("the boundary file does not hold the country expected")
    return lattice.cells_touching(inside, 0.25)[0]


def killings() -> tuple[Killings, float]:
    """Civilians killed at places known to a district or better; and the share of deaths left out."""
    rows, lost, total = [], 0.0, 0.0
    with (SHARED / "data" / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv").open(newline="") as opened:
        for row in csv.DictReader(opened):
            one_sided = row["type_of_violence"] == "3"
            killed = float(row["best"] if one_sided else row["deaths_civilians"])
            if killed <= 0:
                continue
            total += killed
            if int(row["where_prec"]) > 3:
                lost += killed
                continue
            by = "unknown"
            if one_sided:
                by = "state" if row["side_a"].startswith("Government of") else "non-state"
            year, month = (int(v) for v in row["date_start"][:7].split("-"))
            rows.append(
                (
                    float(row["longitude"]),
                    float(row["latitude"]),
                    month_id(year, month),
                    killed,
                    by,
                    row["adm_1"] or "?",
                )
            )
    lon, lat, month, killed, by, area = zip(*rows, strict=True)
    found = Killings(np.array(lon), np.array(lat), np.array(month), np.array(killed), np.array(by), np.array(area))
    return found, lost / total


def postures() -> dict[int, list[Unit]]:
    """Units of every month: the latest deployment map up to it."""
    maps: dict[int, list[Unit]] = {}
    with gzip.open(SHARED / "data" / "geo_pko" / "Geo_PKO_v.2.1.csv.gz", "rt", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["mission"] != "MINUSCA":
                continue
            month = month_id(int(row["year"]), int(row["month"]))
            try:
                lon, lat = float(row["longitude"]), float(row["latitude"])
            except ValueError:
                continue
            strength = None if row["no.troops"] in ("unknown", "NA", "") else int(float(row["no.troops"]))
            kind = UnitKind.OTHER if strength == 0 else UnitKind.BASE
            has = frozenset({"hq"} if row["hq"] == "3" else set())
            maps.setdefault(month, []).append(
                Unit(row["location"], kind, lon, lat, strength, "MINUSCA", month, has=has)
            )
    known = sorted(maps)
    found = {}
    for month in range(FIRST, LAST + 1):
        latest = [m for m in known if m <= month]
        if latest:
            found[month] = maps[latest[-1]]
    return found


def towns(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """People of towns (GeoNames, above 15,000, as they stand today) in each cell, and where the largest one lies."""
    import io
    import zipfile

    people, largest = np.zeros(len(lon)), np.zeros(len(lon))
    x, y = lon.copy(), lat.copy()
    with zipfile.ZipFile(SHARED / "data" / "geonames" / "cities15000.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode()
    for row in csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row[8] == "CF":
            cell = int(np.argmin(distance_km(float(row[5]), float(row[4]), lon, lat)))
            people[cell] += float(row[14])
            if float(row[14]) > largest[cell]:
                largest[cell], x[cell], y[cell] = float(row[14]), float(row[5]), float(row[4])
    return people, x, y


def run() -> list[Figure]:
    gids = country_cells()
    lon, lat = lattice.centre(gids)
    events, lost = killings()
    units = postures()
    place = np.argmin(distance_km(events.lon[:, None], events.lat[:, None], lon, lat), axis=1)
    spread = np.exp(-((distance_km(lon[:, None], lat[:, None], lon, lat) / 60) ** 2) / 2)
    spread /= spread.sum(axis=0)

    def past(month: int, back: int) -> np.ndarray:
        rows = (events.month <= month) & (events.month > month - back)
        return np.bincount(place[rows], events.killed[rows], len(lon))

    def forecast(month: int) -> np.ndarray:
        rows = events.month <= month
        fade = events.killed[rows] * 0.5 ** ((month - events.month[rows]) / 12)
        # square root: one massacre does not outweigh a year of killing elsewhere
        return spread @ np.sqrt(np.bincount(place[rows], fade, len(lon)))

    people, lon, lat = towns(lon, lat)  # units go to the largest town of a cell, or to its middle where there is none
    policies = {
        "plan": forecast,
        "last year's events": lambda month: past(month, 12),
        "population of towns": lambda month: people,
    }
    begun = time.perf_counter()
    figures = []
    for most_moves, how in ((3, "at most 3 units moved"), (99, "all units but headquarters free")):
        found = replay(
            units,
            events,
            policies,
            lon,
            lat,
            fixed=lambda unit: "hq" in unit.has,
            most_moves=most_moves,
            wet_months=WET,
        )
        for policy in policies:
            for limit in found.limits:
                for actor in (None, "state", "non-state"):
                    if actor is not None and (policy != "plan" or limit != 6.0):
                        continue
                    gain = found.gain(policy, limit, np.random.default_rng(1), actor=actor)
                    note = (
                        f"{100 * gain.share_as_is:.1f} % in reach as it was, {100 * gain.share:.1f} % under it; "
                        f"90 % by months {100 * gain.by_months[0]:+.1f} to {100 * gain.by_months[1]:+.1f}, "
                        f"by areas {100 * gain.by_areas[0]:+.1f} to {100 * gain.by_areas[1]:+.1f}"
                    )
                    who = f", killed by {actor}" if actor else ""
                    name = f"{policy}, {how}: gain in civilians killed within {limit:g} h{who}"
                    figures.append(Figure(name, 100 * gain.gain, "points", None, "higher", None, note))
            if policy == "plan":
                for year in range(2014, 2020):
                    months = [m for m in found.months.tolist() if (m - 1) // 12 + 1980 == year]
                    gain = found.gain("plan", 6.0, np.random.default_rng(1), months=months)
                    note = f"{gain.killed:.0f} killed in the months after (windows overlap)"
                    note += f"; {100 * gain.share_as_is:.1f} % in reach as it was"
                    figures.append(
                        Figure(
                            f"plan, {how}: gain within 6 h, postures of {year}",
                            100 * gain.gain,
                            "points",
                            None,
                            "higher",
                            None,
                            note,
                        )
                    )
    figures[0].note += f"; {100 * lost:.0f} % of deaths are placed too coarsely and left out"
    figures[0].note += f"; {time.perf_counter() - begun:.0f} s for all"

    months = np.array(sorted(units))
    presence = np.zeros((len(months), len(lon)))
    for t, month in enumerate(months):
        for unit in units[int(month)]:
            if unit.strength:
                presence[t, distance_km(unit.lon, unit.lat, lon, lat) <= 50] += unit.strength
    for actor in (None, "state", "non-state"):
        use = np.ones(len(place), dtype=bool) if actor is None else events.by == actor
        table = np.zeros(presence.shape)
        for t, month in enumerate(months):
            rows = use & (events.month == month)
            table[t] = np.bincount(place[rows], events.killed[rows], len(lon))
        try:
            answer = responsiveness(presence, table, np.random.default_rng(1))
        except NoData as problem:
            print(f"   responsiveness, killed by {actor}: {problem}")
            continue
        name = "troops within 50 km, 12 months after 5 or more killed, beyond elsewhere" + (
            f" (by {actor})" if actor else ""
        )
        figures.append(Figure(name, float(answer.change[-1]), "troops", None, "higher", None, answer.words))
    return figures
