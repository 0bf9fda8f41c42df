"""The order of leaving 40 bases in 12 steps: gap after 30 s, and what the usual orders keep."""

import os
import time

import numpy as np

from benchmarks.results import Figure, Peer
from tocsin.plan.drawdown.order import Closing, close_in_order, greedy_order, protection


def mission(seed: int, bases: int = 40, places: int = 300, steps: int = 12) -> Closing:
    """Made-up country of 1,000 km: harm in clusters that move a little every step, bases near it, reach 120 km."""
    rng = np.random.default_rng(seed)
    hot = rng.uniform(0, 1000, (8, 2))
    place = hot[rng.integers(8, size=places)] + rng.normal(0, 90, (places, 2))
    base = place[rng.choice(places, bases, replace=False)] + rng.normal(0, 20, (bases, 2))
    reach = np.hypot(*(place[:, None, :] - base[None, :, :]).transpose(2, 0, 1)) <= 120
    weight = rng.gamma(0.5, 2.0, places) * np.exp(np.cumsum(rng.normal(0, 0.15, (steps, places)), axis=0))
    stay = np.round(np.linspace(bases - 2, 4, steps)).astype(int)
    return Closing(reach, weight, stay, np.zeros(bases, dtype=int), np.full(bases, steps))


def run() -> list[Figure]:
    gaps, walls, cpus, above, random = [], [], [], [], []
    for seed in range(3):
        asked = mission(seed)
        wall, cpu = time.perf_counter(), time.process_time()
        found = close_in_order(asked, seconds=30)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        gaps.append(100 * found.gap)
        greedy = protection(asked, greedy_order(asked)).sum()
        above.append(float(100 * (found.value - greedy) / greedy))
        rng = np.random.default_rng(seed)  # contract dates: an order unrelated to harm
        order = rng.permutation(asked.reach.shape[1])
        closes = np.array([int(np.argmax(np.r_[asked.stay, -1] <= np.flatnonzero(order == j)[0])) for j in range(40)])
        random.append(100 * (found.value - protection(asked, closes).sum()) / found.value)
    note = (
        f"3 made-up missions; wall worst {max(walls):.0f} s, CPU worst {max(cpus):.0f} s, load {os.getloadavg()[0]:.1f}"
    )
    return [
        Figure("order of 40 bases in 12 steps: gap left after 30 s, worst", max(gaps), "%", 0.5, "lower", None, note),
        Figure("above the greedy order, least of 3", min(above), "%", 0.0, "higher"),
        Figure("kept more than an order by contract date, mean", float(np.mean(random)), "%", None, "higher",
               Peer("contract date", 0.0)),
    ]  # fmt: skip
