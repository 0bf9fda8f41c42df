"""Tiles of 100,000 open reports: the first one, any other one, and while reports come in; on both databases.

Asked through the whole application (guard, rights, routes) inside one process, so that no network is measured. The
budgets of requests are raised, or the guard would refuse this many at a time.
"""

import dataclasses
import datetime as dt
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.web.access.driver import ask

from benchmarks.intake_house import Served, mission
from benchmarks.results import Figure
from benchmarks.tile_reports import put_reports
from tocsin.core import lattice, mvt
from tocsin.core.points import FINEST
from tocsin.web.app import make_app
from tocsin.web.budgets import budgets

REPORTS, TILES, ARRIVALS = 100_000, 1_000, 100
GOAL_MS = 50


def run() -> list[Figure]:
    return [figure for kind in ("sqlite", "postgres") for figure in _measure(kind)]


def _measure(kind: str) -> Iterator[Figure]:
    with mission(kind) as house:
        now = dt.datetime.now(dt.UTC)
        put_reports(house.engine, house.mission, REPORTS, now)
        app = make_app(house.mission)
        app.state.house = dataclasses.replace(app.state.house, budgets=budgets(1e6, 1e6))
        app.state.house.budgets.account.rate = app.state.house.budgets.account.burst = 1e6
        try:
            yield from _figures(kind, house, app, now)
        finally:
            app.state.house.engine.dispose()


def _figures(kind: str, house: Served, app: Any, now: dt.datetime) -> Iterator[Figure]:
    wanted = _tiles(house)
    name = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[kind]
    first, _ = _ask(app, house, *next(at for at in wanted if at[0] == 6))
    yield Figure(f"{name}: first tile after a start", round(first), "ms", 2_000, "lower",
                 note=f"reads {REPORTS:,} reports through the rights; {_load()}")  # fmt: skip
    begun = time.process_time()
    spent, sizes = zip(*(_ask(app, house, *at) for at in wanted), strict=True)
    cpu = 1000 * (time.process_time() - begun) / len(wanted)
    yield _p99(f"{name}: tile, none asked before", spent,
               f"{TILES:,} different tiles of zoom 0 to {FINEST}, largest {max(sizes) / 1000:.0f} kB, "
               f"{cpu:.1f} ms of a processor each")  # fmt: skip
    spent = tuple(_ask(app, house, *at)[0] for at in wanted[:300])
    yield _p99(f"{name}: tile asked before", spent, "kept by rights, layer and state of the records")
    spent = ()
    for n, at in enumerate(wanted[:ARRIVALS]):
        put_reports(house.engine, house.mission, 2, now, seed=100 + n)
        spent += (_ask(app, house, *at)[0],)
    yield _p99(f"{name}: tile after new reports", spent, f"two reports came in before each of {ARRIVALS} tiles")


def _ask(app: Any, house: Served, z: int, x: int, y: int) -> tuple[float, int]:
    begun = time.perf_counter()
    said = ask(app, "GET", f"/ogc/collections/reports/tiles/WebMercatorQuad/{z}/{y}/{x}", house.token)
    spent = 1000 * (time.perf_counter() - begun)
    if said.status not in (200, 204):
        raise RuntimeError(f"tile {z}/{x}/{y}: {said.status} {said.text[:200]}")
    return spent, len(said.body)


def _tiles(house: Served) -> list[tuple[int, int, int]]:
    """Tiles a person who looks around would ask for: every zoom, where reports are and beside."""
    rng = np.random.default_rng(3)
    world = np.column_stack(mvt.to_world(*lattice.centre(house.mission.cells())))
    found: dict[tuple[int, int, int], None] = {}
    while len(found) < TILES:
        z = int(rng.integers(0, FINEST + 1))
        x, y = (int(v) for v in world[rng.integers(0, len(world))] * 2**z + rng.integers(-1, 2, 2))
        if min(x, y) >= 0 and max(x, y) < 2**z:
            found[z, x, y] = None
    return list(found)


def _p99(name: str, spent: tuple[float, ...], note: str) -> Figure:
    middle, high = (float(np.percentile(spent, q)) for q in (50, 99))
    return Figure(
        f"{name}, p99", round(high, 1), "ms", GOAL_MS, "lower", note=f"median {middle:.1f} ms; {note}; {_load()}"
    )


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.1f}"
