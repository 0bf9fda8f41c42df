"""What a mission may ask its forecasts to look at besides events: season, borders, the capital, roads, peacekeepers.

Planes for `Panel.also`, months × cells, NaN where not known; row t never holds what was not known at the end of month
t. Borders, capitals and towns are those that ship with the program and are taken to have been there always. None of
these is on by default: on real events they brought nothing (docs/methods/forecasting-indicators.md).

**Presence follows violence: troops go where killing is. A tree that sees both learns that troops bring killing, and
what it says of presence must never be read as the effect of presence.**
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tocsin.core import areas, lattice
from tocsin.core.codes import UnitKind
from tocsin.core.geometry import distance_km
from tocsin.core.time import year_month
from tocsin.listen.deployments import Unit

Plane = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

KM_A_DEGREE = 111.2
# First words of the planes made here; indicators of a mission's own cannot begin with them.
OWN_WORDS = ("season", "km", "presence")
# What counts as which kind of presence: the unit itself, or what a source says is there with it.
PRESENCE: dict[str, tuple[frozenset[UnitKind], frozenset[str]]] = {
    "presence troops": (frozenset({UnitKind.BASE, UnitKind.TOB, UnitKind.QRF}), frozenset({"infantry"})),
    "presence police": (frozenset({UnitKind.FPU, UnitKind.IPO}), frozenset({"fpu", "police"})),
    "presence observers": (frozenset({UnitKind.OBSERVER}), frozenset({"observers"})),
}


def season_planes(n_cells: int, first_month: int, n_months: int) -> dict[str, Plane]:
    """Month of the year as a point on a circle, so that December lies next to January.

    >>> found = season_planes(1, 1, 4)
    >>> found["season sine"].ravel().astype(float).round(3).tolist()
    [0.5, 0.866, 1.0, 0.866]
    """
    month = np.array([year_month(m)[1] for m in range(first_month, first_month + n_months)])
    angle = 2 * np.pi * month / 12
    waves = {"season sine": np.sin(angle), "season cosine": np.cos(angle)}
    return {name: np.repeat(wave[:, None], n_cells, axis=1).astype(np.float32) for name, wave in waves.items()}


def km_to(gids: Ints, shapes: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Distance in km from the centre of each cell to the nearest of some shapes; 0 inside one, NaN if there is none.

    Measured on a plane of about the cell's latitude: within 1 % up to a few hundred km. Not across the antimeridian.
    """
    out = np.full(len(gids), np.nan)
    if not len(shapes):
        return out
    drawn = np.array(shapes, dtype=object)
    lon, lat = lattice.centre(gids)
    narrow = np.cos(np.radians(lat))
    alike = np.round(np.log(narrow) / 0.01)  # drawing many roads anew for every latitude would be slow
    for one in np.unique(alike):
        here = np.flatnonzero(alike == one)
        scale = np.array([narrow[here].mean(), 1.0])
        tree = shapely.STRtree(shapely.transform(drawn, lambda points, by=scale: points * by))
        centres = shapely.points(lon[here] * scale[0], lat[here])
        (cell, _), away = tree.query_nearest(centres, return_distance=True, all_matches=False)
        out[here[cell]] = away * KM_A_DEGREE
    return out


def km_to_border(gids: Ints, gw: Ints) -> npt.NDArray[np.float64]:
    """To the nearest land of a country next to each cell's own, `gw` its Gleditsch-Ward number; NaN for an island."""

    def there(country: areas.Country) -> list[Any]:
        return areas.country_polygons([code for code in country.neighbours if code in areas.countries()])

    return _by_country(gids, gw, lambda country, cells: km_to(cells, there(country)))


def km_to_capital(gids: Ints, gw: Ints) -> npt.NDArray[np.float64]:
    """To the capital of each cell's own country, placed by GeoNames; NaN where it is not found."""

    def away(country: areas.Country, cells: Ints) -> npt.NDArray[np.float64]:
        place = capital_at(country)
        lon, lat = lattice.centre(cells)
        return np.full(len(cells), np.nan) if place is None else distance_km(lon, lat, *place)

    return _by_country(gids, gw, away)


def capital_at(country: areas.Country) -> tuple[float, float] | None:
    """Longitude and latitude of a capital: the largest town of that name in the country; None if there is none."""
    import duckdb

    asked = (
        "SELECT lon, lat FROM read_parquet(?) WHERE iso2 = ? AND "
        "(name = ? OR list_contains(string_split(alternates, '|'), ?)) ORDER BY population DESC, geonameid LIMIT 1"
    )
    name = country.capital.strip()
    with duckdb.connect() as db:
        found = db.execute(asked, [str(areas.places_file()), country.iso2, name, name]).fetchone()
    return None if found is None or not name else (float(found[0]), float(found[1]))


def _by_country(gids: Ints, gw: Ints, away: Any) -> npt.NDArray[np.float64]:
    out = np.full(len(gids), np.nan)
    for number in np.unique(gw[gw > 0]).tolist():
        country = areas.country_of_gw(number)
        if country is not None:
            out[gw == number] = away(country, gids[gw == number])
    return out


def always(values: npt.NDArray[np.floating], n_months: int) -> Plane:
    """One value a cell, in every month."""
    return np.repeat(np.asarray(values, dtype=np.float32)[None], n_months, axis=0)


def since(values: Mapping[int, npt.NDArray[np.floating]], n_cells: int, n_months: int) -> Plane:
    """One value a cell from each of some rows on, until the next; NaN before the first.

    >>> since({1: np.array([5.0]), 3: np.array([4.0])}, 1, 4).ravel().tolist()
    [nan, 5.0, 5.0, 4.0]
    """
    out = np.full((n_months, n_cells), np.nan, dtype=np.float32)
    for row in sorted(values):
        out[row:] = values[row]
    return out


def presence_planes(postures: Sequence[Sequence[Unit] | None], gids: Ints) -> dict[str, Plane]:
    """Places with peacekeepers of each kind in a cell and its ring, month by month as known; NaN where nobody says.

    Presence follows violence: see the module. A month with a list or a map in which a kind is nowhere near is 0.

    Parameters
    ----------
    postures : sequence of (sequence of Unit, or None), one a month
    gids : ndarray of int64, shape (C,)
        Ascending.
    """
    around = lattice.adjacency(gids, include_self=True)
    out = {name: np.full((len(postures), len(gids)), np.nan, dtype=np.float32) for name in PRESENCE}
    for row, units in enumerate(postures):
        if units is None:
            continue
        gid = lattice.gid_at([u.lon for u in units], [u.lat for u in units])
        at = np.minimum(np.searchsorted(gids, gid), len(gids) - 1)
        for name, (kinds, things) in PRESENCE.items():
            there = np.array([u.kind in kinds or bool(things & u.has) for u in units], dtype=bool)
            counted = np.bincount(at[there & (gids[at] == gid)], minlength=len(gids))
            out[name][row] = around @ counted
    return out
