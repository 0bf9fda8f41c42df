"""Readers of other people's route instances, into the problems missions use."""

from pathlib import Path

import numpy as np

from tocsin.plan.patrols.model import Outing, Patrol
from tocsin.plan.patrols.solve import distances


def listed_values(readme: Path, column: int) -> dict[str, float]:
    """The published value of each instance, from the table of a README."""
    found = {}
    for line in readme.read_text().splitlines():
        cells = [c.strip() for c in line.strip("| \n").split("|")]
        if len(cells) > column and "." in cells[0] and cells[column].replace(".", "").isdigit():
            found[cells[0]] = max(float(c) for c in cells[column:] if c.replace(".", "").isdigit())
    return found


def chao(path: Path) -> Outing:
    """Team orienteering (Chao): first place start, last place end, the same limit for every path."""
    rows = [line.replace("\t", ";").split(";") for line in path.read_text().splitlines() if line.strip()]
    paths, limit = int(rows[1][1]), float(rows[2][1])
    points = np.array([[float(v) for v in row[:3]] for row in rows[3:]])
    n = len(points)
    return Outing(
        distances(points[:, 0], points[:, 1]), points[:, 2], np.zeros(n), np.zeros(n), np.full(n, limit),
        tuple(Patrol(str(k), 0, n - 1, 0.0, limit) for k in range(paths)),
    )  # fmt: skip
