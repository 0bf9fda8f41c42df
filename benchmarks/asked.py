"""What each thing that a mission may ask its forecasts to look at adds (`[assess] also`), on cells up to 2013.

    python -m benchmarks.asked os civilians

Central African, three windows of sixty origins, none later than November 2013: nothing that is kept for scoring is
touched. Roads are those of Overture, taken to have been known always (which they were not); presence is Geo-PKO as a
mission imports it.
"""

import datetime as dt
import gzip
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.cells import cell_panel
from benchmarks.results import SHARED
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.indicators import asked_planes
from tocsin.assess.panel import Panel
from tocsin.core.mission import ALSO, load
from tocsin.core.time import month_id
from tocsin.learn.record import backtest, summary
from tocsin.listen.imports import import_file
from tocsin.plan.mobility.ground import add_layer
from tocsin.store import open_store, reading, writing

LAST_SEEN = month_id(2014, 12)
WINDOWS = (month_id(2003, 12), month_id(2006, 12), month_id(2008, 12))
STEPS = np.arange(1, 13)


def planes(folder: Path, panel: Panel) -> dict[str, dict[str, np.ndarray]]:
    """Planes of each word, made as a mission makes them."""
    subprocess.run([sys.executable, "-m", "tocsin", "init", folder / "m", "--area", "CAF", "-q"], check=True)
    mission = load(folder / "m")
    store = open_store(mission.store_url)
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with writing(store) as connection:
        import_file(connection, mission, SHARED / "data" / "geo_pko" / "Geo_PKO_v.2.1.csv.gz", now)
    lines = []
    for part in ("preview", "full_lon14_20"):
        path = SHARED / "data" / "roads_overture" / f"africa_trunk_roads_{part}.geojson.gz"
        lines += json.loads(gzip.decompress(path.read_bytes()))["features"]
    roads = folder / "roads.geojson"
    roads.write_text(json.dumps({"type": "FeatureCollection", "features": lines}))
    add_layer(mission, "roads", roads, dt.date(1990, 1, 1))
    with reading(store) as connection:
        return {
            word: asked_planes(connection, mission, word, panel.gids, panel.first_month, panel.n_months)
            for word in ALSO
        }


def measure(panel: Panel, target: str, seed: int = 1) -> str:
    """CRPS, average precision, that of step 1 and log score in each window."""
    rows = []
    for first in WINDOWS:
        found = backtest(panel, target, Cells(seed=seed), range(first, first + 60), STEPS, refit_every=12)
        whole, one = summary(found, ["crps", "ap", "ign"]), summary(found.where(found.step == 1), ["ap"])
        rows.append((whole["crps"], whole["ap"], one["ap"], whole["ign"]))
    columns = zip(("CRPS", "AP", "AP step 1", "IGN"), zip(*rows, strict=True), (5, 4, 3, 5), strict=True)
    return ", ".join(f"{name} {' / '.join(f'{v:.{n}f}' for v in values)}" for name, values, n in columns)


if __name__ == "__main__":
    history = cell_panel(SHARED / "data", "CAF").with_total().until(LAST_SEEN)
    with tempfile.TemporaryDirectory() as scratch:
        made = planes(Path(scratch), history)
    for target in sys.argv[1:] or ["os"]:
        print(target, "none:", measure(history, target), flush=True)
        print(target, "none, another seed:", measure(history, target, 2), flush=True)
        for name, words in {**{word: (word,) for word in ALSO}, "all": ALSO}.items():
            also = {k: plane for word in words for k, plane in made[word].items()}
            print(target, name + ":", measure(replace(history, also=also), target), flush=True)
