"""Readers of other people's route instances, into the problems missions use."""

from pathlib import Path

import numpy as np

from tocsin.plan.patrols.model import Floats, Outing, Patrol
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


def oplib(path: Path) -> tuple[Outing, float]:
    """Orienteering (OPLib): a closed tour from the first node, and that node's own score.

    The published values count the score of the node where every tour begins, where the file gives it one; bases of an
    outing have none.
    """
    text = path.read_text()
    fields = {k.strip(): v.strip() for k, v in (line.split(":", 1) for line in text.splitlines() if ":" in line)}
    n, limit = int(fields["DIMENSION"]), float(fields["COST_LIMIT"])
    worth = np.array(text.split("NODE_SCORE_SECTION")[1].split()[: 2 * n], dtype=float).reshape(n, 2)[:, 1]
    own, worth[0] = float(worth[0]), 0.0
    kind = fields["EDGE_WEIGHT_TYPE"]
    if kind == "EXPLICIT":
        hours = _given(text, fields["EDGE_WEIGHT_FORMAT"], n)
    else:
        rows = text.split("NODE_COORD_SECTION")[1].split()[: 3 * n]
        points = np.array(rows, dtype=float).reshape(n, 3)[:, 1:]
        hours = _on_globe(points) if kind == "GEO" else np.floor(distances(points[:, 0], points[:, 1]) + 0.5)
    return Outing(
        hours, worth, np.zeros(n), np.zeros(n), np.full(n, limit), (Patrol("tour", 0, 0, 0.0, limit),)
    ), own  # fmt: skip


def _given(text: str, form: str, n: int) -> Floats:
    """A table of distances of which a file gives one half."""
    numbers = []
    for word in text.split("EDGE_WEIGHT_SECTION")[1].split():
        if not word.replace(".", "").isdigit():
            break
        numbers.append(float(word))
    hours = np.zeros((n, n))
    if form == "UPPER_ROW":
        hours[np.triu_indices(n, 1)] = numbers
    else:
        hours[np.tril_indices(n)] = numbers
    return hours + hours.T


def _on_globe(points: Floats) -> Floats:
    """Whole kilometres between degrees and minutes (DDD.MM), as TSPLIB counts them."""
    whole = np.trunc(points)
    lat, lon = (3.141592 * (whole + 5.0 * (points - whole) / 3.0) / 180.0).T
    q1 = np.cos(lon[:, None] - lon[None, :])
    q2 = np.cos(lat[:, None] - lat[None, :])
    q3 = np.cos(lat[:, None] + lat[None, :])
    found = np.floor(6378.388 * np.arccos(np.clip(0.5 * ((1 + q1) * q2 - (1 - q1) * q3), -1, 1)) + 1.0)
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def sections(path: Path) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    """Head and numbered sections of a file in the dialect of VRPLIB that PyVRP's instances use."""
    head, parts, inside = {}, {}, ""
    for line in path.read_text().splitlines():
        text = line.strip()
        if text.endswith("_SECTION"):
            inside = text
            parts[inside] = []
        elif text == "EOF":
            break
        elif inside and text:
            parts[inside].append([float(v) for v in text.split()])
        elif ":" in text:
            name, _, value = text.partition(":")
            head[name.strip()] = value.strip()
    return head, parts


def fleet(path: Path) -> Outing:
    """A vehicle routing problem (PCVRPTW, MDVRPTW, HFVRP) as an outing of patrols that carry and cost.

    Distances as the best known values of each set take them: PCVRPTW tenths, cut off; MDVRPTW thousandths, rounded;
    HFVRP exact, in hundredths of the unit cost. What has no prize must be visited.
    """
    head, parts = sections(path)
    kind = head["TYPE"]
    scale = {"PCVRPTW": 10.0, "MDVRPTW": 1000.0, "HFVRP": 1.0}[kind]
    points = np.array(parts["NODE_COORD_SECTION"])[:, 1:]
    n, many = len(points), int(head["VEHICLES"])
    hours = distances(points[:, 0], points[:, 1]) * scale
    hours = {"PCVRPTW": np.floor, "MDVRPTW": np.rint, "HFVRP": np.asarray}[kind](hours)
    column = {name: np.array(rows)[:, 1] for name, rows in parts.items() if name != "DEPOT_SECTION"}
    depots = [int(row[0]) - 1 for row in parts["DEPOT_SECTION"] if row[0] > 0]
    stay = column.get("SERVICE_TIME_SECTION", np.full(n, float(head.get("SERVICE_TIME", 0)))) * scale
    stay[depots] = 0.0
    windows = np.array(parts.get("TIME_WINDOW_SECTION", [[0, 0, 1e9]] * n))[:, 1:] * scale
    prize = column.get("PRIZE_SECTION", np.zeros(n)) * scale
    carries = column.get("CAPACITY_SECTION", np.full(many, float(head.get("CAPACITY", "inf"))))
    fixed = column.get("VEHICLES_FIXED_COST_SECTION", np.zeros(many))
    cost = column.get("VEHICLES_UNIT_DISTANCE_COST_SECTION", np.ones(many))
    home = column.get("VEHICLES_DEPOT_SECTION", np.ones(many)).astype(int) - 1
    longest = float(head.get("VEHICLES_MAX_DURATION", "inf")) * scale
    patrols = tuple(
        Patrol(str(k + 1), int(home[k]), int(home[k]), float(windows[home[k], 0]), float(windows[home[k], 1]),
               float(carries[k]), float(cost[k]), float(fixed[k]), longest) for k in range(many)
    )  # fmt: skip
    must = frozenset(range(n)) - set(depots) if "PRIZE_SECTION" not in parts else frozenset()
    return Outing(hours, prize, stay, windows[:, 0], windows[:, 1], patrols, must, column["DEMAND_SECTION"])


def solution(path: Path, problem: Outing) -> tuple[tuple[int, ...], ...]:
    """Routes of a `.sol` file, in the order of the patrols; the depots count among the places."""
    found: list[tuple[int, ...]] = [()] * len(problem.patrols)
    for line in path.read_text().splitlines():
        if line.startswith("Route"):
            name, _, stops = line.partition(":")
            found[int(name.split("#")[1]) - 1] = tuple(int(s) for s in stops.split())
    return tuple(found)
