"""Our scores against those of the package `views-evaluation` on the same draws, where definitions agree.

It needs scikit-learn and pandas and is no part of our environment: make one of its own (``python -m venv DIR`` and
``DIR/bin/pip install views-evaluation``) and set TOCSIN_VIEWS_EVALUATION to its ``bin/python``; without that there
is nothing to measure. Two of its faults are known and not copied: ignorance stops with an error from 1,000.5 deaths
on, and its threshold-weighted CRPS has threshold 0, so that on counts it is the plain one.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.results import Figure
from tocsin.assess.forecast import Forecast
from tocsin.learn.record import score, summary
from tocsin.learn.record.scores import BIN_EDGES

THEIRS = """
import json, sys
import numpy as np
from views_evaluation.evaluation import native_metric_calculators as n
d = np.load(sys.argv[1])
y, x, bins = d["y"], d["x"].astype(float), list(d["bins"])
said = {
    "crps": n.calculate_crps_native(y, x),
    "mis": n.calculate_mean_interval_score_native(y, x, alpha=0.1),
    "ign": n.calculate_ignorance_score_native(y, x, bins=bins, low_bin=0, high_bin=10000),
    "coverage": n.calculate_coverage_native(y, x, alpha=0.1),
}
try:
    n.calculate_ignorance_score_native(np.array([1500.0]), x[:1], bins=bins, low_bin=0, high_bin=10000)
    said["large"] = "scored"
except Exception as problem:
    said["large"] = type(problem).__name__
said = {k: v if isinstance(v, str) else float(v) for k, v in said.items()}
print(json.dumps(said))
"""


def run() -> list[Figure]:
    """Measure."""
    python = os.environ.get("TOCSIN_VIEWS_EVALUATION")
    if not python:
        print("set TOCSIN_VIEWS_EVALUATION to a Python with views-evaluation", file=sys.stderr)
        return []
    rng = np.random.default_rng(7)
    cells, n = 500, 1000
    rate = rng.beta(0.2, 2, cells)[:, None]
    x = np.where(rng.random((cells, n)) < rate, rng.geometric(0.05, (cells, n)), 0).astype(np.float32)
    y = np.where(rng.random(cells) < rate[:, 0], rng.geometric(0.05, cells), 0).astype(np.float64)
    made = Forecast(np.arange(cells), 1, np.array([1]), "os", "random", csr_matrix(x), np.ones(cells, bool))
    ours = summary(score(made, y[None]), ["crps", "mis", "ign", "coverage"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draws.npz"
        np.savez(file, x=x, y=y, bins=np.array([0, *BIN_EDGES]))
        done = subprocess.run([python, "-c", THEIRS, str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    theirs = json.loads(done.stdout[done.stdout.rindex("{") :])
    # Theirs has ten classes up to 1,000.5, ours an eleventh above: one more in the smoothing of every share.
    theirs["ign"] += float(np.log2((n + len(BIN_EDGES) + 1) / (n + len(BIN_EDGES))))
    note = f"{cells} rows of {n} draws; an observation of 1,500 deaths: theirs {theirs['large']}, ours scored"
    return [
        Figure(f"{name}: distance from views-evaluation", abs(ours[name] - theirs[name]), "", 1e-6, "lower", None,
               f"ours {ours[name]:.6f}; {note}")
        for name in ("crps", "mis", "ign", "coverage")
    ]  # fmt: skip
