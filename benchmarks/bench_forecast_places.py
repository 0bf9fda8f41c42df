"""Where in a cell: shares of H3 cells (resolution 5) in the killing of their PRIO-GRID cell, in the CAR.

One-sided events placed at a point (where_prec 1 or 2), 2015 to 2020, each against shares from events of the years
before. The two weights were chosen on events of 2005 to 2014.
"""

import csv

import numpy as np

from benchmarks.cells import FILES, cell_panel
from benchmarks.results import SHARED, Figure, Peer
from tocsin.assess.levels import LAND_WEIGHT, TOWN_WEIGHT, place_shares

RESOLUTION = 5


def points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Year, longitude and latitude of events placed at a point."""
    with (SHARED / "data" / "ucdp_ged" / FILES["CAF"][0]).open(newline="") as opened:
        rows = [r for r in csv.DictReader(opened) if r["type_of_violence"] == "3" and int(r["where_prec"]) <= 2]
    return tuple(np.array([float(r[c]) for r in rows]) for c in ("year", "longitude", "latitude"))


def gain(years: range, towns: float, land: float, memory: float = 1.0) -> tuple[float, float, int]:
    """Bits an event gains over equal shares, share of events in the place with the largest share, and their number."""
    import h3

    year, lon, lat = points()
    gids = cell_panel(SHARED / "data", "CAF").gids
    bits, top, n = 0.0, 0, 0
    for now in years:
        past, new = year < now, year == now
        weight = memory * 0.5 ** ((now - year[past]) / 10)
        found = place_shares(gids, RESOLUTION, lon[past], lat[past], weight, towns, land)
        of = {id: i for i, id in enumerate(found.ids.tolist())}
        many = np.bincount(found.cell, minlength=len(gids))
        best = np.zeros(len(gids))
        np.maximum.at(best, found.cell, found.share)
        for x, y in zip(lon[new], lat[new], strict=True):
            at = of.get(h3.str_to_int(h3.latlng_to_cell(y, x, RESOLUTION)))
            if at is not None:
                share = found.share[at]
                bits += float(np.log2(share * many[found.cell[at]]))
                top += int(share == best[found.cell[at]])
                n += 1
    return bits / n, top / n, n


def run() -> list[Figure]:
    """Measure."""
    bits, top, n = gain(range(2015, 2021), TOWN_WEIGHT, LAND_WEIGHT)
    people, town_top, _ = gain(range(2015, 2021), TOWN_WEIGHT, LAND_WEIGHT, memory=0.0)
    note = f"{n} events, 12 to 13 places a cell"
    return [
        Figure("place in the cell: bits gained over equal shares", bits, "bits", 0, "higher",
               Peer("towns alone", people), note),
        Figure("events in the likeliest place of their cell", 100 * top, "%", None, "higher",
               Peer("towns alone", 100 * town_top)),
    ]  # fmt: skip


if __name__ == "__main__":
    for towns in (0.3, 1.0, 3.0, 10.0):
        for land in (0.1, 0.5, 1.0, 2.0):
            print(towns, land, gain(range(2005, 2015), towns, land))
