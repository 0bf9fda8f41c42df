"""The spine on the whole world: import 400,000 events, build the panel, forecast twelve months by the benchmark family.

Every stage runs in a process of its own, so that time and memory are those a user sees. The peer is the same work done
the obvious way with pandas (read_csv, to_sql, groupby, reindex to the dense grid, rolling means).
"""

import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from benchmarks.results import SHARED, Figure, Peer
from benchmarks.worldgen import write_world

FAMILY = ("zero", "last", "conflictology", "conflictology_n")
STAGES = """
    import json, resource, sys, time
    import datetime as dt
    from pathlib import Path
    import numpy as np
    folder, stage = Path(sys.argv[1]), sys.argv[2]
    start = time.perf_counter()
    from tocsin.core.mission import load
    from tocsin.store import open_store, reading, writing
    said = {}
    now = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
    home = load(folder / "world")
    engine = open_store(home.store_url)
    if stage == "import":
        from tocsin.listen.imports import import_file
        with writing(engine) as connection:
            done = import_file(connection, home, folder / "world_v25_1.csv", now)
        said["added"] = done.counts.added
        said["rejected"] = done.counts.rejected
    else:
        from tocsin.assess.actions import make_panel
        from tocsin.assess.forecast import forecast
        from tocsin.assess.ground import land_of
        from tocsin.assess.panel.build import write_panel, write_parquet
        from tocsin.listen.events.reads import newest_month, vintage
        clock = time.perf_counter()
        with reading(engine) as connection:
            month = newest_month(connection, None)
            land = land_of(connection, home, month)
            said["land"] = time.perf_counter() - clock
            clock = time.perf_counter()
            panel, facts = make_panel(connection, land, vintage(connection, month, None), month)
        said["panel"] = time.perf_counter() - clock
        said["months"], said["cells"] = panel.n_months, len(panel.gids)
        said["deaths"] = float(sum(np.nansum(panel.counts[t], dtype=np.float64) for t in ("sb", "ns", "os")))
        clock = time.perf_counter()
        write_panel(panel, folder / "panel.parquet")
        said["write_panel"] = time.perf_counter() - clock
        clock = time.perf_counter()
        for target in panel.counts:
            for model in FAMILY:
                made = forecast(panel, target, model, 12, 1).table()
                said["rows"] = said.get("rows", 0) + len(made["month"])
        said["forecast"] = time.perf_counter() - clock
    said["seconds"] = time.perf_counter() - start
    said["gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(said))
"""
PANDAS = """
    import json, resource, sqlite3, sys, time
    from pathlib import Path
    import numpy as np, pandas as pd
    folder = Path(sys.argv[1])
    said, clock = {}, time.perf_counter()
    table = pd.read_csv(folder / "world_v25_1.csv", parse_dates=["date_start", "date_end"])
    with sqlite3.connect(folder / "pandas.db") as db:
        table.to_sql("event", db, index=False)
    said["import"] = time.perf_counter() - clock
    clock = time.perf_counter()
    cells = pd.read_csv(folder / "cells.csv")["gid"]
    month = (table.date_start.dt.year - 1980) * 12 + table.date_start.dt.month
    table["civilians"] = np.where(table.type_of_violence == 3, table.best, table.deaths_civilians)
    grid = pd.MultiIndex.from_product([cells, np.arange(month.min(), month.max() + 1)], names=["gid", "month"])
    planes = {}
    for name, kinds, value in (("sb", [1], "best"), ("ns", [2], "best"), ("os", [3], "best"),
                               ("civilians", [1, 2, 3], "civilians")):
        part = table[table.type_of_violence.isin(kinds)]
        sums = part.groupby([part.priogrid_gid, month[part.index]])[value].sum()
        sums.index.names = ["gid", "month"]
        planes[name] = sums.reindex(grid, fill_value=0).astype("float32")
    said["panel"] = time.perf_counter() - clock
    clock = time.perf_counter()
    levels = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
    for name, plane in planes.items():
        last = plane.unstack("month").iloc[:, -12:]
        out = pd.DataFrame({"mean": last.mean(axis=1), "p_any": (last > 0).mean(axis=1)})
        out["p_25"] = (last >= 25).mean(axis=1)
        out[levels] = last.quantile(levels, axis=1).T
        pd.concat([out] * 12, keys=range(1, 13))
    said["forecast_one_model"] = time.perf_counter() - clock
    said["gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(said))
"""


def _run(code: str, *arguments: str) -> dict:
    text = textwrap.dedent(code).replace("FAMILY", repr(FAMILY))
    run = subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    return json.loads(run.stdout.strip().splitlines()[-1])


def run() -> list[Figure]:
    """Measure the spine."""
    import csv
    import gzip

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_world(folder / "world_v25_1.csv")
        with gzip.open(SHARED / "data" / "prio_grid_cells" / "priogrid_land_cells.csv.gz", "rt") as text:
            gids = [row["gid"] for row in csv.DictReader(text)]
        (folder / "cells.csv").write_text("gid\n" + "\n".join(gids) + "\n")
        tocsin = [sys.executable, "-m", "tocsin"]
        made = subprocess.run([*tocsin, "init", folder / "world", "--area", folder / "cells.csv", "-q"], check=False)
        if made.returncode:
            raise RuntimeError("tocsin init failed")
        intake = _run(STAGES, scratch, "import")
        work = _run(STAGES, scratch, "assess")
        peer = _run(PANDAS, scratch)
        size = (folder / "world" / "tocsin.db").stat().st_size / 2**20
    assert intake["added"] + intake["rejected"] == 400_000
    obvious = "pandas, the obvious way"
    share = f"{work['cells']:,} cells × {work['months']} months × 4 targets"
    whole = intake["seconds"] + work["seconds"]
    return [
        Figure("import 400,000 events", intake["seconds"], "s", 20, "lower", Peer(obvious, peer["import"]),
               f"validated, versioned, {size:.0f} MiB database; pandas does neither"),
        Figure("import, peak memory", intake["gib"], "GiB", 1, "lower", Peer(f"{obvious}, all stages", peer["gib"])),
        Figure("cells, countries and people of the land", work["land"], "s", None, "lower"),
        Figure("panel from the store", work["panel"], "s", 5, "lower", Peer(obvious, peer["panel"]),
               f"{share}, imprecise events shared; pandas puts them on one cell"),
        Figure("panel written as Parquet", work["write_panel"], "s", None, "lower"),
        Figure("benchmark forecasts", work["forecast"], "s", 10, "lower",
               Peer(f"{obvious}, one of the four models", peer["forecast_one_model"]),
               f"{work['rows']:,} rows with nine quantiles; 4 models × 4 targets × 12 months"),
        Figure("end to end", whole, "s", None, "lower"),
        Figure("end to end, peak memory", max(intake["gib"], work["gib"]), "GiB", 3, "lower",
               Peer(f"{obvious}, all stages", peer["gib"])),
    ]  # fmt: skip
