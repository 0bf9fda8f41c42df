"""Maximal covering: made-up countries, real cities, a known optimum; spopt on the same work where it is installed.

spopt is measured through the Python named by TOCSIN_PEER_PYTHON (any environment that holds spopt); without it the
peer is left out.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, save_npz
from scipy.spatial import cKDTree

from benchmarks.results import SHARED, Figure, Peer
from tocsin.plan.location import Located, maximal_cover

SETS = SHARED / "data" / "benchmarks"

SPOPT = """
import sys, time, numpy, pulp
from scipy.sparse import load_npz
from spopt.locate import MCLP
cover, weight, most = load_npz(sys.argv[1]), numpy.load(sys.argv[2]), int(sys.argv[3])
begun = time.perf_counter()
costs = 1.0 - cover.toarray()
model = MCLP.from_cost_matrix(costs, weight, 0.5, p_facilities=most)
model.solve(pulp.PULP_CBC_CMD(msg=False))
print(time.perf_counter() - begun)
"""


def country(cells: int, sites: int, radius_km: float, seed: int) -> tuple[csr_matrix, np.ndarray]:
    """Clustered cells in a 5,000 km box with heavy-tailed weights; sites drawn from the cells."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 5000, (60, 2))
    points = np.clip(centres[rng.integers(60, size=cells)] + rng.normal(0, 250, (cells, 2)), 0, 5000)
    weight = np.round(rng.pareto(1.2, cells) * 100 + 1)
    spots = points[rng.choice(cells, sites, replace=False)]
    near = cKDTree(points).sparse_distance_matrix(cKDTree(spots), radius_km, output_type="ndarray")
    return csr_matrix((np.ones(len(near), np.int8), (near["i"], near["j"])), shape=(cells, sites)), weight


def city(name: str, radius_m: float) -> tuple[csr_matrix, np.ndarray]:
    """Census points of a city, covered by the rule of the set's README."""
    lines = (SETS / "mclp-city" / f"{name}.txt").read_text().splitlines()
    size = int(lines[3].split(":")[1])
    lat, lon = np.radians(np.array([[float(v) for v in line.split()] for line in lines[5 : 5 + size]])).T
    begin = next(i for i, line in enumerate(lines) if line.startswith("DEMAND")) + 1
    weight = np.array([float(line) for line in lines[begin : begin + size]])
    angle = np.cos(lat)[:, None] * np.cos(lat) * np.cos(lon[:, None] - lon) + np.sin(lat)[:, None] * np.sin(lat)
    metres = 6378100.0 * np.arccos(np.clip(angle, -1, 1)).astype(np.float32).astype(np.float64)
    np.fill_diagonal(metres, 0)
    return csr_matrix((metres <= radius_m).astype(np.int8)), weight


def table(folder: str) -> list[list[str]]:
    """Rows of the table of values in a set's README."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (SETS / folder / "README.md").read_text().splitlines()
        if line.startswith("|")
    ]
    return rows[2:]


def timed(*args: object, **kwargs: object) -> tuple[Located, float]:
    begun = time.perf_counter()
    found = maximal_cover(*args, **kwargs)  # type: ignore[arg-type]
    return found, time.perf_counter() - begun


def spopt_seconds(cover: csr_matrix, weight: np.ndarray, most: int) -> float | None:
    python = os.environ.get("TOCSIN_PEER_PYTHON")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        save_npz(Path(folder) / "cover.npz", cover)
        np.save(Path(folder) / "weight.npy", weight)
        args = [python, "-W", "ignore", "-c", SPOPT, f"{folder}/cover.npz", f"{folder}/weight.npy", str(most)]
        run = subprocess.run(args, capture_output=True, text=True, check=False)
    return float(run.stdout.split()[-1]) if run.returncode == 0 else None


def run() -> list[Figure]:
    maximal_cover(*country(2000, 300, 400, 9), 10, seconds=1)  # compile
    maximal_cover(*country(13_000, 1000, 250, 9), 50, seconds=60)  # and the loops of branch and bound
    figures = []
    for sites, most, goal in ((200, 20, 0.2), (1000, 50, 3.0)):
        spent, proven, peer = [], 0, None
        for seed in (1, 2, 3):
            cover, weight = country(13_000, sites, 250, seed)
            found, seconds = timed(cover, weight, most, seconds=60)
            spent.append(seconds)
            proven += found.proven
            if seed == 2:
                peer = spopt_seconds(cover, weight, most)
                ours = seconds
        note = f"{proven} of 3 proven; seconds {', '.join(f'{s:.2f}' for s in spent)}"
        there = Peer("spopt with CBC, on the second of the three", peer) if peer else None
        name = f"covering 13,000 cells x {sites} sites, 250 km: median time to the proven optimum"
        figures.append(Figure(name, float(np.median(spent)), "s", goal, "lower", there, note))
        if peer and sites == 1000:
            figures.append(Figure("times faster than spopt on the same", peer / ours, "x", 50, "higher"))
    cover, weight = country(13_000, 1000, 250, 9)
    found, seconds = timed(cover, weight, 50, seconds=60)
    note = f"{'proven' if found.proven else 'not proven'} in {seconds:.0f} s: a draw on which the bound does not close"
    figures.append(Figure("the same, seed 9: certified gap", 100 * found.gap, "%", None, "lower", None, note))
    cover, weight = country(13_000, 1000, 500, 1)
    found, seconds = timed(cover, weight, 50, seconds=20, gap=5e-4)
    note = f"{seconds:.1f} s, asked to stop at 0.05 %; {found.method}"
    figures.append(Figure("13,000 x 1,000 at 500 km: certified gap", 100 * found.gap, "%", 0.25, "lower", None, note))
    figures.append(Figure("13,000 x 1,000 at 500 km: time", seconds, "s", 20, "lower"))

    for limit, goal, what in ((10, 0.1, "in 10 s"), (60, None, "in 60 s")):
        below, equal, longest = [], 0, 0.0
        for name, _, most, radius, best in table("mclp-city"):
            cover, weight = city(name, float(radius))
            found, seconds = timed(cover, weight, int(most), seconds=limit)
            below.append(100 * (float(best) - found.value) / float(best))
            equal += below[-1] <= 1e-9
            longest = max(longest, seconds)
        note = f"worst {max(below):.3f} %, best {min(below):.3f} %; {equal} of {len(below)} equal or better"
        note += f"; longest {longest:.1f} s"
        name = f"12 city instances {what}: mean below best known"
        figures.append(Figure(name, float(np.mean(below)), "%", goal, "lower", None, note))
        if limit == 60:
            figures.append(Figure("city instances equal to best known in 60 s", equal, "of 12", 7, "higher"))
    right, spent_all = 0, 0.0
    rows = table("mclp-sjc")
    for name, radius, most, best, *_ in rows:
        points = np.loadtxt(SETS / "mclp-sjc" / f"{name}.txt", skiprows=1)
        weight = np.loadtxt(SETS / "mclp-sjc" / f"demand-{name}.dat")
        away = np.hypot(points[:, None, 0] - points[None, :, 0], points[:, None, 1] - points[None, :, 1])
        found, seconds = timed(csr_matrix((away <= float(radius)).astype(np.int8)), weight, int(most), seconds=30)
        right += found.proven and abs(found.value - float(best)) < 0.5
        spent_all += seconds
    note = f"{spent_all:.1f} s for all"
    figures.append(
        Figure("mclp-sjc proven at the listed optimum", right, f"of {len(rows)}", len(rows), "higher", None, note)
    )
    return figures
