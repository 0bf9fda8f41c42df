"""Time to write a brief of a large country (26 areas, 900 cells, 120 units) in each format; words, map and file."""

import dataclasses
import datetime as dt
import time

from shapely.geometry import box

from benchmarks.results import Figure
from tocsin.brief import content as facts
from tocsin.brief import render
from tocsin.core.codes import UnitKind

RUNS = 5
GOALS = {".html": 1.0, ".pdf": 2.0, ".docx": 2.0}


def large() -> facts.BriefContent:
    """A country of 15° by 15° as one picture of a large mission; numbers are made up and only their amount matters."""
    cells = tuple(
        facts.Cell(
            n, 15.25 + n % 30 / 2, -4.75 + n // 30 / 2, facts.Estimate(n % 37, n % 7, 2 * n % 90) if n % 11 else None
        )
        for n in range(900)
    )
    areas = tuple(
        facts.Area(f"Area {n}", box(15 + n % 5 * 3, -5 + n // 5 * 2.5, 18 + n % 5 * 3, -2.5 + n // 5 * 2.5))
        for n in range(26)
    )
    kinds = tuple(UnitKind)
    units = tuple(
        facts.MapUnit(f"Camp {n}", kinds[n % len(kinds)], 15.3 + n * 7 % 29 / 2, -4.6 + n * 5 % 29 / 2, n * 10 or None)
        for n in range(120)
    )
    why = (
        facts.RecentViolence(5, 40, 6, dt.date(2018, 12, 1), ("A", "B")),
        facts.NearbyViolence(9, 6),
        facts.Trend(40, 9, 6),
    )
    places = tuple(
        facts.Place(
            n + 1,
            f"Town {n}",
            "Area 3",
            16 + n,
            n,
            facts.Estimate(40 - n, 9, 90),
            0.9,
            facts.NearestUnit("Camp 4", 5),
            9,
            40,
            why,
        )
        for n in range(10)
    )
    rows = tuple(facts.AreaFigures(a.name, 12.0, 650, 900_000, 2, 1) for a in areas)
    move = facts.Move("one company", "Town 3", 0.05, 6, None, 20, (facts.Harm(facts.HarmKind.RAINS, "Town 3"),))
    return facts.BriefContent(
        mission="MISSION",
        area="Large country",
        as_of=468,
        horizon=12,
        known_on=dt.date(2019, 1, 15),
        reconstructed=False,
        model="conflictology",
        total=facts.Estimate(900, 500, 1500),
        outline=box(15, -5, 30, 10),
        areas=areas,
        cells=cells,
        units=units,
        places=places,
        reach=(facts.Reach(6, 0.5),),
        figures=rows,
        moves=(move,) * 5,
    )


def run() -> list[Figure]:
    """Median seconds over five briefs that differ in one number, after one to warm up."""
    content, found = large(), []
    for suffix, goal in GOALS.items():
        render(content, suffix)
        spent = []
        for number in range(RUNS):
            changed = dataclasses.replace(content, total=facts.Estimate(900 + number, 500, 1500))
            start = time.perf_counter()
            made = render(changed, suffix)
            spent.append(time.perf_counter() - start)
        name = f"brief.{suffix[1:]}.seconds"
        found.append(Figure(name, sorted(spent)[RUNS // 2], "s", goal, "lower", note=f"{len(made) / 1024:.0f} KiB"))
    return found
