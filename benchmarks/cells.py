"""Event files of one country as cell panels, every event at its own cell, as the published anchors count them."""

import csv
from pathlib import Path

import numpy as np

from tocsin.assess.panel import TARGETS, Panel
from tocsin.assess.panel.dated import Dated, on_campaign
from tocsin.core import areas, lattice
from tocsin.core.time import first_day, month_id

FILES = {
    "CAF": ("GEDEvent_v23_1_CAF_1991_2020.csv", month_id(1991, 1), month_id(2020, 12)),
    "SDN": ("GEDEvent_Sudan_2018_2023.csv", month_id(2018, 1), month_id(2023, 12)),
}
KINDS = {"1": "sb", "2": "ns", "3": "os"}


def events_of(folder: Path, iso3: str) -> dict[str, np.ndarray]:
    """Events as columns: kind, day (datetime64), gid, best, civilian deaths, actors."""
    with (folder / "ucdp_ged" / FILES[iso3][0]).open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    days = [r["date_start"][:10] for r in rows]
    iso = [f"{d[6:]}-{d[3:5]}-{d[:2]}" if "/" in d else d for d in days]
    return {
        "kind": np.array([KINDS[r["type_of_violence"]] for r in rows]),
        "day": np.array(iso, dtype="datetime64[D]"),
        "gid": np.array([int(r["priogrid_gid"]) for r in rows]),
        "best": np.array([float(r["best"]) for r in rows]),
        "civilian": np.array([float(r["deaths_civilians"]) for r in rows]),
        # Both sides by UCDP's numbers; the civilians attacked are nobody.
        "actors": np.array(
            [[int(r["side_a_new_id"]), -1 if r["type_of_violence"] == "3" else int(r["side_b_new_id"])] for r in rows]
        ),
        "precise": np.array([int(r["date_prec"]) <= 2 for r in rows]),
    }


def cell_panel(folder: Path, iso3: str) -> Panel:
    """Months × cells of a country: all cells that touch it at 1:50m, and those with events."""
    _, first, last = FILES[iso3]
    events = events_of(folder, iso3)
    touching, _ = lattice.cells_touching(areas.country_polygon(iso3))
    gids = np.union1d(touching, events["gid"])
    month = events["day"].astype("datetime64[M]").astype(int) - 119 - first
    cell = np.searchsorted(gids, events["gid"])
    counts = {t: np.zeros((last - first + 1, len(gids)), dtype=np.float32) for t in TARGETS}
    for kind in ("sb", "ns", "os"):
        own = events["kind"] == kind
        np.add.at(counts[kind], (month[own], cell[own]), events["best"][own])
    harmed = np.where(events["kind"] == "os", events["best"], events["civilian"])
    np.add.at(counts["civilians"], (month, cell), harmed)
    day = (events["day"] - np.datetime64(first_day(first))).astype(int)
    own = {kind: events["kind"] == kind for kind in ("sb", "ns", "os")}
    own |= {"civilians": own["os"] | (events["civilian"] > 0), "deaths": np.ones(len(day), dtype=bool)}
    dated = Dated(day, cell, own, on_campaign(day, events["actors"]))
    return Panel(gids, first, counts, {"iso3": iso3}, dated=dated)
