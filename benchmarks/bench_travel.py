"""Travel time over a million cells: speed of many fields, and the error against exact solutions."""

import time

import numpy as np

from benchmarks.results import Figure
from tocsin.plan.mobility import Fields, Grid

SIZE = 1000


def land(size: int, seed: int = 0) -> np.ndarray:
    """Speeds of 1 to 6 km/h in patches, roads of 20 to 60 km/h, walls of 0.2 km/h."""
    rng = np.random.default_rng(seed)
    kmh = rng.uniform(1, 6, (size // 20 + 1, size // 20 + 1)).repeat(20, 0).repeat(20, 1)[:size, :size].copy()
    for _ in range(40):
        if rng.random() < 0.5:
            kmh[rng.integers(size), :] = rng.uniform(20, 60)
        else:
            kmh[:, rng.integers(size)] = rng.uniform(20, 60)
    for _ in range(30):
        row, col = rng.integers(size, size=2)
        kmh[row : row + 3, col : col + 150] = 0.2
    return kmh


def worst_error() -> dict[str, float]:
    """Worst relative error, %, for constant speed, a linear gradient and a straight road."""
    n = 401
    grid = Grid(0.0, float(n), 1.0, n, n, plane=True)
    rows, cols = np.mgrid[0:n, 0:n]
    middle = n // 2
    away = np.hypot(rows - middle, cols - middle).astype(float)
    away[middle, middle] = np.nan
    found = {}
    times = Fields(grid, np.full((n, n), 5.0)).field(middle + 0.5, middle + 0.5)
    found["constant speed"] = float(np.nanmax(np.abs(times * 5 - away) / away))
    y, ys = n - 0.5 - rows, n - 0.5 - middle
    exact = np.arccosh(1 + 0.05**2 * away**2 / (2 * (5 + 0.05 * y) * (5 + 0.05 * ys))) / 0.05
    times = Fields(grid, 5 + 0.05 * y).field(middle + 0.5, middle + 0.5)
    found["linear gradient"] = float(np.nanmax(np.abs(times - exact) / exact))
    fast, slow, fine = 40.0, 5.0, 0.1  # cells of 100 m, a road of one cell, targets 2 km and more from it
    kmh = np.full((n, n), slow)
    kmh[middle] = fast
    times = Fields(Grid(0.0, n * fine, fine, n, n, plane=True), kmh).field(fine / 2, (middle + 0.5) * fine)
    angle = np.arccos(slow / fast)
    x, y = cols * fine, (middle - rows) * fine
    leave = x - y / np.tan(angle)
    exact = np.where(leave > 0, x / fast + y * np.sin(angle) / slow, np.hypot(x, y) / slow)
    far = (y >= 2) & (x > 0)
    found["straight road"] = float((np.abs(times - exact)[far] / exact[far]).max())
    return {name: 100 * error for name, error in found.items()}


def run() -> list[Figure]:
    grid = Grid(0.0, float(SIZE), 1.0, SIZE, SIZE, plane=True)
    kmh = land(SIZE)
    Fields(Grid(0.0, 9.0, 1.0, 9, 9, plane=True), np.ones((9, 9))).field(1, 1)  # compile
    rng = np.random.default_rng(1)
    places = [(float(x), float(y)) for x, y in rng.uniform(0, SIZE, (50, 2))]
    figures = []
    for cutoff, goal, name in ((np.inf, 6, "in full"), (12.0, 3, "cutoff 12 h"), (6.0, None, "cutoff 6 h")):
        begun = time.perf_counter()
        fields = Fields(grid, kmh, cutoff_hours=cutoff)
        ready = time.perf_counter() - begun
        begun, cpu = time.perf_counter(), time.process_time()
        fields.fields(places)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        note = f"CPU {cpu:.1f} s; the friction surface once: {ready:.2f} s"
        figures.append(Figure(f"50 fields over 1 M cells, 16 neighbours, {name}", wall, "s", goal, "lower", None, note))
    for name, error in worst_error().items():
        figures.append(Figure(f"worst error, {name}", error, "%", 2.75, "lower"))
    return figures
