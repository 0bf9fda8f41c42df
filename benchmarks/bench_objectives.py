"""Plans for one objective, the front between two and several months, on the real Central African Republic of 2018."""

import datetime as dt
import tempfile
import time
from pathlib import Path

from benchmarks.results import SHARED, Figure
from tocsin.core.mission import load
from tocsin.core.time import parse_month
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.plan.actions import latest_assessment
from tocsin.plan.months import months_ahead
from tocsin.plan.objectives import Wish, best, between
from tocsin.store import open_store, writing

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DATA = SHARED / "data"


def run() -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch) / "car", "CAF", None, (5, 6, 7, 8, 9, 10), "")
        mission = load(Path(scratch) / "car")
        engine = open_store(mission.store_url)
        with writing(engine) as connection:
            for file in ("ucdp_ged/GEDEvent_v23_1_CAF_1991_2020.csv", "geo_pko/Geo_PKO_v.2.1.csv.gz"):
                import_file(connection, mission, DATA / file, NOW)
            latest_assessment(connection, mission, NOW, parse_month("2018-12"))
            for objective in ("harm", "worst-area", "worst-draws"):
                begun, worked = time.perf_counter(), time.process_time()
                told = best(connection, mission, NOW, objective, Wish(), parse_month("2018-12")).summary
                spent, cpu = time.perf_counter() - begun, time.process_time() - worked
                note = (
                    f"{told['aims_now'][objective]:.3f} now, {told['aims'][objective]:.3f} then, no plan below "
                    f"{told['bound']:.3f}; with second best and shadow values {spent:.1f} s, {cpu:.1f} CPU s"
                )
                name = f"least {objective}, 17 units, 3 moves, 3 new bases: proven within"
                gap = 100 * (told["value"] - told["bound"]) / told["value"]
                figures.append(Figure(name, gap, "%", None, "lower", None, note))
            begun = time.perf_counter()
            found = between(connection, mission, NOW, "harm", "worst-area", Wish(), 4, parse_month("2018-12")).summary
            note = "; ".join(f"{p['aims']['harm']:.3f}/{p['aims']['worst-area']:.3f}" for p in found["front"])
            spent = time.perf_counter() - begun
            figures.append(
                Figure("front of harm and worst-off area, up to 6 points", spent, "s", None, "lower", None, note)
            )
            begun = time.perf_counter()
            plan = months_ahead(connection, mission, NOW, 6, as_of=parse_month("2018-12")).summary
            spent = time.perf_counter() - begun
            note = f"expected deaths within 6 h: {plan['before']:.1f} if nobody moves, {plan['value']:.1f} with the "
            note += f"moves, at most {plan['bound']:.1f}"
            figures.append(Figure("six months, one move in each: time", spent, "s", None, "lower", None, note))
        engine.dispose()
    return figures
