"""Country-months of UCDP as panels (deaths of all types, civilian deaths, events by kind), for benchmarks and tests."""

import csv
import gzip
from pathlib import Path

import numpy as np

from tocsin.assess.panel import Panel
from tocsin.core.time import month_id

PLANES = {
    "deaths": "ucdp_fatalities_best",
    "civilians": "ucdp_civilian_deaths",
    "events": "ucdp_event_count",
    "sb_events": "ucdp_state_based_events",
    "ns_events": "ucdp_non_state_events",
    "os_events": "ucdp_one_sided_events",
}


def country_panel(folder: Path) -> Panel:
    """123 countries × 1989-01 to 2023-12; the panel's `gids` are just numbers of the countries in ISO order."""
    path = folder / "ucdp_country_month" / "ucdp_ged251_country_month_1989_2023.csv.gz"
    with gzip.open(path, "rt", newline="") as opened:
        rows = list(csv.DictReader(opened))
    codes = sorted({r["country_iso3"] for r in rows})
    months = sorted({r["year_month"] for r in rows})
    where, when = {c: i for i, c in enumerate(codes)}, {m: i for i, m in enumerate(months)}
    place = np.array([where[r["country_iso3"]] for r in rows])
    month = np.array([when[r["year_month"]] for r in rows])
    counts = {}
    for name, column in PLANES.items():
        plane = np.full((len(months), len(codes)), np.nan, dtype=np.float32)
        plane[month, place] = [float(r[column]) for r in rows]
        counts[name] = plane
    return Panel(np.arange(1, len(codes) + 1), month_id(1989, 1), counts, {"codes": codes})
