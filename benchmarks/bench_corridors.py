"""All ways that no other beats on time and exposure, corner to corner of networks of 100,000 stretches."""

import os
import time

import numpy as np

from benchmarks.results import Figure, Peer
from tocsin.plan.corridors import Network, pareto_front

EDGES = 100_000


def country(seed: int, kind: str) -> Network:
    """Crossings in rows with roads between neighbours: speeds of 10 to 40 km/h, forty places of danger.

    'grid' has four roads a crossing, 'dense' six; 'unrelated' draws time and exposure without any pattern.
    """
    rng = np.random.default_rng(seed)
    n = int(np.sqrt(EDGES / (4 if kind == "grid" else 6))) + 1
    at = np.arange(n * n).reshape(n, n)
    pairs = [(at[:, :-1], at[:, 1:]), (at[:-1], at[1:])] + ([] if kind == "grid" else [(at[:-1, :-1], at[1:, 1:])])
    tail = np.concatenate([a.ravel() for a, _ in pairs])
    head = np.concatenate([b.ravel() for _, b in pairs])
    km = rng.uniform(2, 8, len(tail))
    hours = km / rng.choice([10.0, 20.0, 40.0], len(tail), p=[0.5, 0.35, 0.15])
    where = np.stack(np.divmod(tail, n), 1)
    hazard = np.zeros(len(tail))
    for _ in range(40):
        away = ((where - rng.uniform(0, n, 2)) ** 2).sum(1)
        hazard += rng.gamma(1) * np.exp(-away / (2 * (n / 25) ** 2))
    exposure = rng.uniform(1, 10, len(tail)) if kind == "unrelated" else hours * hazard * 0.01 + 1e-6
    both = [np.concatenate(v) for v in ((tail, head), (head, tail), (hours,) * 2, (exposure,) * 2, (km,) * 2)]
    return Network(*both, np.zeros(n * n), np.zeros(n * n))


def dijkstra_sweep(net: Network, start: int, end: int, times: int = 50) -> float:
    """The obvious way: weighted sums of both costs; finds only ways on the lower hull. Seconds."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    begin = time.perf_counter()
    for share in np.linspace(0, 1, times):
        cost = (1 - share) * net.hours / net.hours.mean() + share * net.exposure / net.exposure.mean()
        graph = coo_matrix((cost, (net.tail, net.head)), shape=(net.nodes,) * 2).tocsr()
        assert np.isfinite(dijkstra(graph, indices=start)[end])
    return time.perf_counter() - begin


def run() -> list[Figure]:
    figures = []
    warm = country(0, "grid")
    pareto_front(warm, 0, 3)
    for kind in ("grid", "dense", "unrelated"):
        walls, cpus, sizes = [], [], []
        for seed in range(5):
            net = country(seed, kind)
            wall, cpu = time.perf_counter(), time.process_time()
            front = pareto_front(net, 0, net.nodes - 1)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            sizes.append(len(front.corridors))
            assert front.complete
        seconds = dijkstra_sweep(net, 0, net.nodes - 1)
        figures.append(
            Figure(
                f"all ways corner to corner, {len(net.tail):,} stretches, {kind}, worst of 5",
                max(walls),
                "s",
                2.0,
                "lower",
                Peer("50 weighted sums (at most 50 ways)", seconds),
                f"mean {np.mean(walls):.2f} s, CPU worst {max(cpus):.2f} s, {min(sizes)} to {max(sizes)} ways, "
                f"load {os.getloadavg()[0]:.1f}",
            )
        )
    return figures
