"""How long a month of forecasts takes: the world, a mission, a morning of a continent, the field's way on a slice.

The generated world has 64,818 cells, 432 months and 400,000 events. Each part runs in a process of its own, so that
time and memory are those a user sees. The field's way is one LightGBM model of 200 trees for each step on every row (as
the reference in docs/methods/forecasting.md describes it), measured for two steps on a slice of 3,000 cells and
multiplied by 18; ours is fitted and drawn for all 36 steps on the same slice with the same sources.
"""

import csv
import gzip
import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np

from benchmarks.bench_spine import STAGES
from benchmarks.results import SHARED, Figure, Peer
from benchmarks.worldgen import write_world
from tocsin.core import lattice

TARGETS = ("sb", "ns", "os")
HEAD = """
    import json, resource, sys, time
    import datetime as dt
    from pathlib import Path
    import numpy as np
    folder, home = Path(sys.argv[1]), sys.argv[2]
    start, said = time.perf_counter(), {}
    from tocsin.assess.actions import make_panel
    from tocsin.assess.forecast import MODELS, stream
    from tocsin.assess.forecast.reasons import contrast, typical
    from tocsin.assess.ground import land_of
    from tocsin.core.mission import load
    from tocsin.learn.record import outcomes, score, summary
    from tocsin.listen.events.reads import newest_month, vintage
    from tocsin.store import open_store, reading
    STEPS = np.arange(1, 37)

    def panel_of():
        mission = load(folder / home)
        with reading(open_store(mission.store_url)) as connection:
            month = newest_month(connection, None)
            land = land_of(connection, mission, month)
            begun, cpu = time.perf_counter(), time.process_time()
            panel, _ = make_panel(connection, land, vintage(connection, month, None), month)
        said["panel"], said["panel_cpu"] = time.perf_counter() - begun, time.process_time() - cpu
        said["cells"], said["months"] = len(panel.gids), panel.n_months
        return panel

    def end():
        said["seconds"], said["cpu"] = time.perf_counter() - start, time.process_time()
        said["gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(said))
"""
FEATURES = """
    from tocsin.assess.features.around import surroundings
    panel = panel_of()
    begun, cpu = time.perf_counter(), time.process_time()
    sums = [plane.sum(dtype=np.float64) for _, plane in surroundings(panel, "os")]
    said["features"], said["planes"] = time.perf_counter() - begun, len(sums)
    said["features_cpu"] = time.process_time() - cpu
    end()
"""
CYCLE = """
    panel = panel_of()
    said["train"] = said["draw"] = said["score"] = said["why"] = said["again"] = said["again_cpu"] = 0.0
    for target in TARGETS:
        begun = time.perf_counter()
        fitted = MODELS["combined"]().fit(panel, target)
        said["train"] += time.perf_counter() - begun
        begun = time.perf_counter()
        made = fitted.predict(STEPS, stream(1, "combined", target, panel.as_of))
        said["draw"] += time.perf_counter() - begun
        assert made.draws.shape == (36 * len(panel.gids), 1000)
        begun = time.perf_counter()
        happened = outcomes(panel, target, panel.as_of - 36, STEPS)
        said["crps"] = summary(score(made, happened), ["crps", "ign", "mis", "brier", "ap", "top_10"])["crps"]
        said["score"] += time.perf_counter() - begun
        begun = time.perf_counter()
        top = np.argsort(-fitted.chance(1), kind="stable")[:2000]
        parts = contrast(fitted, fitted.now[top], np.tile(typical(fitted), (len(top), 1)), 1)
        assert np.isfinite(parts).all()
        said["why"] += time.perf_counter() - begun
        del made
        if AGAIN:
            begun, cpu = time.perf_counter(), time.process_time()
            fitted.seeing(panel).predict(STEPS, stream(2, "combined", target, panel.as_of))
            said["again"] += time.perf_counter() - begun
            said["again_cpu"] += time.process_time() - cpu
    end()
"""
MORNING = """
    import csv
    from tocsin.assess.forecast.daily import Days, around, outlook
    from tocsin.assess.forecast.today import chances_today
    from tocsin.core import lattice
    gids = np.loadtxt(folder / "africa.csv", dtype=np.int64, skiprows=1)
    with (folder / "world_v25_1.csv").open(newline="") as text:
        rows = [(r["date_start"][:10], int(r["priogrid_gid"]), r["type_of_violence"]) for r in csv.DictReader(text)]
    day = (np.array([r[0] for r in rows], dtype="datetime64[D]") - np.datetime64("1989-01-01")).astype(int)
    gid, own = np.array([r[1] for r in rows]), np.array([r[2] == "3" for r in rows])
    inside = np.isin(gid, gids)
    last = int(day.max()) + 1
    days = Days(gids, last, day[inside], np.searchsorted(gids, gid[inside]), own[inside])
    patch = gids[np.argsort(-np.bincount(days.cell, minlength=len(gids)), kind="stable")[:300]]
    patch.sort()
    here = np.isin(gid, patch)
    mine = Days(patch, last, day[here], np.searchsorted(patch, gid[here]), own[here])
    view = outlook(mine, (7, 14, 28, 56))
    begun = time.perf_counter()
    ground = around(gids)
    said["ground"] = time.perf_counter() - begun
    chances_today(days, view, ground)
    spent = []
    for back in range(1, 8):
        known = days.until(last - back)
        begun = time.perf_counter()
        found = chances_today(known, view, ground)
        spent.append(time.perf_counter() - begun)
    said["refresh"], said["events"], said["cells"] = max(spent), len(days.day), len(gids)
    end()
"""
FIELD = """
    import lightgbm as lgb
    from tocsin.assess.features.around import surroundings
    from tocsin.assess.panel import Panel
    panel = panel_of()
    share = np.bincount(np.nonzero(panel.counts["os"] > 0)[1], minlength=len(panel.gids))
    # Every n-th cell, the events among them as they fall.
    pick = np.sort(np.random.default_rng(1).choice(len(panel.gids), 3000, replace=False))
    piece = Panel(panel.gids[pick], panel.first_month, {t: p[:, pick] for t, p in panel.counts.items()})
    begun, cpu = time.perf_counter(), time.process_time()
    MODELS["combined"]().fit(piece, "os").predict(STEPS, stream(1, "slice"))
    said["ours"], said["ours_cpu"] = time.perf_counter() - begun, time.process_time() - cpu
    x = np.stack([np.asarray(plane) for _, plane in surroundings(piece, "os")], axis=-1)
    y = piece.counts["os"]
    begun, cpu = time.perf_counter(), time.process_time()
    for step in (1, 12):
        rows = x[96 : len(x) - step].reshape(-1, x.shape[-1])
        label = y[96 + step :].ravel()
        data = lgb.Dataset(rows, label, free_raw_data=True)
        model = lgb.train({"objective": "regression", "verbose": -1, "num_threads": 2}, data, 200)
        model.predict(x[-1])
    said["theirs"], said["theirs_cpu"] = 18 * (time.perf_counter() - begun), 18 * (time.process_time() - cpu)
    end()
"""


def _run(code: str, *arguments: object, again: bool = False) -> dict:
    text = textwrap.dedent(code).replace("TARGETS", repr(TARGETS)).replace("AGAIN", repr(again))
    command = [sys.executable, "-c", text, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    # DuckDB may draw a progress bar before it.
    return json.loads(run.stdout[run.stdout.rindex("{") :])


def _mission(folder: Path, name: str, gids: np.ndarray) -> None:
    (folder / f"{name}.csv").write_text("gid\n" + "\n".join(map(str, gids)) + "\n")
    made = subprocess.run(
        [sys.executable, "-m", "tocsin", "init", folder / name, "--area", folder / f"{name}.csv", "-q"], check=False
    )
    if made.returncode:
        raise RuntimeError("tocsin init failed")


def _thousand(gids: np.ndarray) -> np.ndarray:
    """A thousand cells around the middle of Africa, as one mission has."""
    lon, lat = lattice.centre(gids)
    return np.sort(gids[np.argsort(np.hypot(lon - 22, lat - 5), kind="stable")[:1000]])


def run() -> list[Figure]:
    """Measure."""
    with gzip.open(SHARED / "data" / "prio_grid_cells" / "priogrid_land_cells.csv.gz", "rt") as text:
        gids = np.sort(np.array([int(row["gid"]) for row in csv.DictReader(text)]))
    lon, lat = lattice.centre(gids)
    head = textwrap.dedent(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_world(folder / "world_v25_1.csv")
        africa = gids[(lon > -18) & (lon < 52) & (lat > -36) & (lat < 38) & ((lon < 36) | (lat < 16))]
        (folder / "africa.csv").write_text("gid\n" + "\n".join(map(str, africa)) + "\n")
        _mission(folder, "world", gids)
        _run(STAGES, folder, "import")
        features = _run(head + textwrap.dedent(FEATURES), folder, "world")
        cycle = _run(head + textwrap.dedent(CYCLE), folder, "world")
        again = _run(head + textwrap.dedent(CYCLE), folder, "world", again=True)
        morning = _run(head + textwrap.dedent(MORNING), folder, "world")
        field = _run(head + textwrap.dedent(FIELD), folder, "world")
        # One mission from the file to reasons: init, import, panel, fit, 36 steps, scores, reasons.
        _mission(folder, "mission", _thousand(gids))
        taken = _run(STAGES.replace('"world"', '"mission"'), folder, "import")
        mission = _run(head + textwrap.dedent(CYCLE), folder, "mission")
    parts = ", ".join(
        f"{word} {cycle[key]:.0f} s" for word, key in
        (("panel", "panel"), ("train", "train"), ("draw", "draw"), ("score", "score"), ("explain", "why"))
    )  # fmt: skip
    return [
        Figure("world: events to panel and features", features["panel"] + features["features"], "s", 10, "lower", None,
               f"panel {features['panel']:.1f} s, {features['planes']} planes of sources {features['features']:.1f} s; "
               f"{features['cells']:,} cells × {features['months']} months; CPU {features['panel_cpu']:.1f} and "
               f"{features['features_cpu']:.1f} s"),
        Figure("world: the monthly cycle of three targets", cycle["seconds"], "s", 180, "lower", None,
               f"{parts}; 36 steps × 1,000 draws, top 2,000 cells explained; CPU {cycle['cpu']:.0f} s; "
               "scored against the last 36 months"),
        Figure("world: the monthly cycle, peak memory", cycle["gib"], "GiB", 5, "lower"),
        Figure("world: forecasts of three targets without training", again["again"], "s", 15, "lower", None,
               f"36 steps × 1,000 draws each; CPU {again['again_cpu']:.0f} s"),
        Figure("continent: daily refresh", morning["refresh"], "s", 1, "lower", None,
               f"{morning['cells']:,} cells, {morning['events']:,} events, 7, 14, 28 and 56 days; worst of seven "
               f"mornings; weights fitted on 300 cells before; distances once {morning['ground']:.1f} s"),
        Figure("mission of 1,000 cells, file to reasons", taken["seconds"] + mission["seconds"], "s", 30, "lower", None,
               f"reading the world's {taken['added']:,} events {taken['seconds']:.0f} s; "
               f"cycle of three targets {mission['seconds']:.0f} s, CPU {mission['cpu']:.0f} s; "
               f"{mission['gib']:.1f} GiB"),
        Figure("slice of 3,000 cells: CPU of one target, 36 steps", field["ours_cpu"], "s", None, "lower",
               Peer("one model per step, 200 trees, chance and size as one mean, 2 steps × 18", field["theirs_cpu"]),
               f"ratio {field['theirs_cpu'] / field['ours_cpu']:.0f}; wall {field['ours']:.0f} s against "
               f"{field['theirs']:.0f} s"),
    ]  # fmt: skip
