"""A whole world of events in the layout of UCDP GED, for benchmarks only: plausible in size and shape, true in nothing.

    python -m benchmarks.worldgen world.csv --events 400000 --seed 1

Land cells come from the shared folder's list of PRIO-GRID cells; 432 months from 1989-01 to 2024-12. Events gather in
a few thousand cells and in bursts, as real ones do; about 14 % are placed only in an area (where_prec 4 to 6) and about
10 % dated only to a month or year (date_prec 4 and 5). Text fields are about as long as those of GED 23.1.
"""

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED

# fmt: off
COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id",
    "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a",
    "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office", "source_date",
    "source_headline", "source_original", "where_prec", "where_coordinates", "where_description", "adm_1", "adm_2",
    "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region", "event_clarity",
    "date_prec", "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best",
    "high", "low", "gwnoa", "gwnob",
)
# fmt: on
MONTHS = 432
FIRST = np.datetime64("1989-01", "M")
REGIONS = ("Americas", "Europe", "Middle East", "Africa", "Asia")
STORY = (
    "rebels killed civilians in attack on village near the border army says clashes left soldiers dead after ambush "
    "convoy witnesses report militants stormed market troops repelled assault police station gunmen opened fire"
)


def land_cells() -> np.ndarray:
    """Numbers of the world's land cells, ascending."""
    path = SHARED / "data" / "prio_grid_cells" / "priogrid_land_cells.csv.gz"
    with gzip.open(path, "rt", newline="") as opened:
        return np.sort(np.array([int(row["gid"]) for row in csv.DictReader(opened)]))


def _where_and_when(cells: np.ndarray, events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cell and day (from 1989-01-01) of each event: hot spots with tails, active in bursts of months."""
    spots = rng.choice(len(cells), size=4_000, replace=False)
    weight = 1.0 / np.arange(1, len(spots) + 1) ** 0.8
    spot = rng.choice(len(spots), size=events, p=weight / weight.sum())
    # Neighbours in the list are neighbours on the ground in the same row: a step or two east or west.
    index = np.clip(spots[spot] + np.rint(rng.normal(0, 1.2, events)).astype(int), 0, len(cells) - 1)
    starts = rng.uniform(0, MONTHS, size=(len(spots), 6))
    start = starts[spot, rng.integers(0, 6, events)]
    month = np.floor((start + rng.exponential(7.0, events)) % MONTHS).astype(int)
    first = (FIRST + month.astype("m8[M]")).astype("datetime64[D]")
    length = ((FIRST + (month + 1).astype("m8[M]")).astype("datetime64[D]") - first).astype(int)
    day = first + np.floor(rng.random(events) * length).astype("m8[D]")
    return cells[index], day


def write_world(path: Path, events: int = 400_000, seed: int = 1) -> Path:
    """Write `events` events as CSV with a header row; the same arguments and numpy version give the same file."""
    rng = np.random.default_rng(seed)
    gid, day = _where_and_when(land_cells(), events, rng)
    order = np.argsort(day, kind="stable")
    gid, day = gid[order], day[order]
    # A ten-thousandth of a degree inside the cell's edges, so that rounding never moves an event to its neighbour.
    lon = ((gid - 1) % 720) / 2 - 180 + rng.integers(1, 5_000, events) / 10_000
    lat = ((gid - 1) // 720) / 2 - 90 + rng.integers(1, 5_000, events) / 10_000
    where_prec = rng.choice([1, 2, 3, 4, 5, 6], size=events, p=[0.55, 0.22, 0.09, 0.09, 0.02, 0.03])
    date_prec = rng.choice([1, 2, 3, 4, 5], size=events, p=[0.74, 0.11, 0.05, 0.07, 0.03])
    start, end = _span(day, date_prec, rng)
    kind = rng.choice([1, 2, 3], size=events, p=[0.69, 0.14, 0.17])
    dead = np.minimum(np.floor(rng.pareto(1.4, size=(4, events))), 3_000).astype(int)
    dead[3] = np.where(rng.random(events) < 0.15, dead[3], 0)
    dead[2, kind == 3] += 1
    dead[0, kind == 3] = dead[1, kind == 3] = 0
    best = dead.sum(axis=0)
    low = best - np.floor(best * rng.random(events) * 0.4).astype(int)
    high = best + np.floor(best * rng.random(events) * 0.6).astype(int)
    # About 200 countries, numbered by blocks of the map; 900 dyads, each at home in a few of them.
    country = 2 + ((gid - 1) // 720 // 24 * 14 + (gid - 1) % 720 // 52) % 900
    dyad = country * 5 + rng.integers(0, 5, events)
    words = STORY.split()
    stories = [" ".join(rng.choice(words, size=n)) for n in rng.integers(8, 22, 5_000)]
    story = rng.integers(0, len(stories), events)
    sources = rng.integers(1, 6, events)
    rows = zip(
        *(
            v.tolist()
            for v in (gid, start, end, kind, where_prec, date_prec, best, low, high, country, dyad, story, sources)
        ),
        lon.round(4).tolist(),
        lat.round(4).tolist(),
        *(row.tolist() for row in dead),
        strict=True,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(number, stories, *row) for number, row in enumerate(rows, start=1))
    return path


def _span(day: np.ndarray, date_prec: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First and last day that a coder would give for each event, inside one calendar year."""
    around = np.where(date_prec == 2, 2, np.where(date_prec == 3, 6, 0))
    start = day - np.floor(rng.random(len(day)) * (around + 1)).astype("m8[D]")
    end = day + np.where(around > 0, np.floor(rng.random(len(day)) * (around + 1)).astype(int), 0).astype("m8[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    one = np.timedelta64(1, "D")
    start = np.where(date_prec == 4, month.astype("datetime64[D]"), start)
    end = np.where(date_prec == 4, (month + np.timedelta64(1, "M")).astype("datetime64[D]") - one, end)
    start = np.where(date_prec == 5, year.astype("datetime64[D]"), start)
    end = np.where(date_prec == 5, (year + np.timedelta64(1, "Y")).astype("datetime64[D]") - one, end)
    return np.maximum(start, year.astype("datetime64[D]")), np.minimum(
        end, (year + np.timedelta64(1, "Y")).astype("datetime64[D]") - one
    )


def _row(number, stories, gid, start, end, kind, where_prec, date_prec, best, low, high, country, dyad, story, sources,
         lon, lat, deaths_a, deaths_b, civilians, unknown):  # fmt: skip
    year = start.year
    side_a = f"Government of Country {country}" if kind == 1 else f"Front {dyad} for Renewal"
    side_b = "Civilians" if kind == 3 else f"Movement {dyad}"
    names = f"{side_a} - {side_b}"
    conflict = f"Country {country}: Government" if kind == 1 else names
    headline = stories[story]
    town = f"Town {gid}-{dyad % 7}"
    exact = where_prec < 3
    return (
        number, f"C{country}-{year}-{kind}-{dyad}-{number}", year, 1, "Clear", kind, 200_000 + dyad, 200_000 + dyad,
        conflict, 300_000 + dyad, 300_000 + dyad, names, 400_000 + country, 400_000 + country, side_a,
        9999 if kind == 3 else 500_000 + dyad, 1 if kind == 3 else 500_000 + dyad, side_b, sources,
        f'"Invented Press Agency, {end}, {headline}"', "Invented Press Agency", end, headline, "local officials",
        where_prec, f"{town} town" if exact else f"District {gid % 97}",
        f"{town} town (in the north of the district)" if exact else f"a village in District {gid % 97}",
        f"Province {gid % 29}", f"District {gid % 97}" if where_prec < 4 else "", lat, lon, f"POINT ({lon} {lat})", gid,
        f"Country {country}", country, REGIONS[country % 5], 1 if date_prec < 4 else 2, date_prec,
        f"{start} 00:00:00.000", f"{end} 00:00:00.000", deaths_a, deaths_b, civilians, unknown, best, high, low,
        country if kind == 1 else "", "",
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a generated world of events in GED layout.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(write_world(given.path, given.events, given.seed))
