"""Readers of other people's route instances, into the problems missions use."""

from pathlib import Path

import numpy as np

from tocsin.plan.patrols.model import Outing, Patrol
from tocsin.plan.patrols.solve import distances


def listed_values(readme: Path, column: int, columns: int = 1) -> dict[str, float]:
    """The published value of each instance, the highest of some columns of the table of a README."""
    found = {}
    for line in readme.read_text().splitlines():
        cells = [c.strip() for c in line.strip("| \n").split("|")]
        if len(cells) > column and "." in cells[0] and cells[column].replace(".", "").isdigit():
            found[cells[0]] = max(float(c) for c in cells[column : column + columns] if c.replace(".", "").isdigit())
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


def oplib(path: Path) -> Outing | None:
    """Orienteering (OPLib), a closed tour from the first node; None for distances other than rounded plane ones."""
    text = path.read_text()
    head = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    fields = {k.strip(): v.strip() for k, v in head.items()}
    if fields["EDGE_WEIGHT_TYPE"] != "EUC_2D":
        return None
    n, limit = int(fields["DIMENSION"]), float(fields["COST_LIMIT"])
    rows = text.split("NODE_COORD_SECTION")[1].split()[: 3 * n]
    points = np.array(rows, dtype=float).reshape(n, 3)[:, 1:]
    worth = np.array(text.split("NODE_SCORE_SECTION")[1].split()[: 2 * n], dtype=float).reshape(n, 2)[:, 1]
    worth[0] = 0.0
    hours = np.floor(distances(points[:, 0], points[:, 1]) + 0.5)
    return Outing(hours, worth, np.zeros(n), np.zeros(n), np.full(n, limit), (Patrol("tour", 0, 0, 0.0, limit),))
