"""p-median, capacitated p-median and set covering on the OR-Library sets."""

import time

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from benchmarks.bench_cover import SETS, table
from benchmarks.results import Figure
from tocsin.plan.location import capacitated_median, median, set_cover


def graph(name: str) -> tuple[np.ndarray, int]:
    """Shortest distances of an OR-Library graph (the last record of an edge counts) and the number of medians."""
    lines = (SETS / "pmed" / name).read_text().splitlines()
    size, _, most = (int(v) for v in lines[0].split())
    away = np.full((size, size), np.inf)
    for line in lines[1:]:
        if line.strip():
            i, j, cost = (int(v) for v in line.split())
            away[i - 1, j - 1] = away[j - 1, i - 1] = cost
    return shortest_path(away, directed=False), most


def cover_of(name: str) -> tuple[csr_matrix, np.ndarray]:
    """Pattern and costs of an OR-Library set covering file."""
    numbers = np.array((SETS / "scp" / name).read_text().split(), dtype=np.int64)
    rows, columns = numbers[:2]
    at, row_of, column_of = 2 + columns, [], []
    for row in range(rows):
        k = numbers[at]
        column_of.append(numbers[at + 1 : at + 1 + k] - 1)
        row_of.append(np.full(k, row))
        at += 1 + k
    where = (np.concatenate(row_of), np.concatenate(column_of))
    return csr_matrix((np.ones(len(where[0]), np.int8), where), shape=(rows, columns)), numbers[2 : 2 + columns]


def run() -> list[Figure]:
    median(graph("pmed3.txt")[0], 10, seconds=60)  # compile, branch and bound included
    set_cover(csr_matrix(np.eye(3, dtype=np.int8)), seconds=1)
    figures = []
    spent, proven, cpu = [], 0, []
    rows = table("pmed")
    for name, _, _, _, best in rows:
        away, most = graph(name)
        begun, worked = time.perf_counter(), time.process_time()
        found = median(away, most, seconds=30)
        spent.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - worked)
        proven += found.proven and found.value == float(best)
    note = f"total {sum(spent):.0f} s; longest {max(cpu):.1f} CPU s"
    figures.append(Figure("pmed proven at the optimum", proven, f"of {len(rows)}", len(rows), "higher", None, note))
    figures.append(Figure("pmed: longest", max(spent), "s", 30, "lower", None, note))

    away_by, spent, gaps, equal = [], [], [], 0
    for name, _, _, _, best in table("pmedcap"):
        numbers = (SETS / "pmedcap" / name).read_text().split()
        size, most, capacity = (int(v) for v in numbers[:3])
        rows4 = np.array(numbers[3 : 3 + 4 * size], dtype=float).reshape(size, 4)
        away = np.floor(np.hypot(*(rows4[:, None, 1:3] - rows4[None, :, 1:3]).transpose(2, 0, 1)))
        begun = time.perf_counter()
        found, _ = capacitated_median(away, rows4[:, 3], capacity, most)
        spent.append(time.perf_counter() - begun)
        away_by.append(100 * (found.value - float(best)) / float(best))
        gaps.append(100 * found.gap)
        equal += found.value <= float(best)
    note = f"{equal} of {len(spent)} equal or better; own bound within {max(gaps):.1f} %; longest {max(spent):.1f} s"
    figures.append(Figure("pmedcap: worst above the listed value", max(away_by), "%", 1, "lower", None, note))

    away_by, spent, equal, proven, again = [], [], 0, 0, 0
    for name, *_, weighted, _, unicost, _ in table("scp"):
        cover, cost = cover_of(name)
        for price, best in ((cost, weighted), (None, unicost)):
            if not best:
                continue
            begun = time.perf_counter()
            found = set_cover(cover, price, seconds=20)
            if found.value > float(best):
                found = set_cover(cover, price, seconds=60)
                again += 1
            spent.append(time.perf_counter() - begun)
            away_by.append(100 * (found.value - float(best)) / float(best))
            equal += found.value <= float(best)
            proven += found.proven
    note = f"{equal} of {len(spent)} equal or better, {proven} proven; longest {max(spent):.1f} s"
    note += f" (20 s allowed, and 60 s for {again} that missed)"
    figures.append(Figure("scp: worst above the listed value", max(away_by), "%", 1, "lower", None, note))
    return figures
