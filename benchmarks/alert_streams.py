"""Simulated streams of reports with known stories, read and placed by the program, and scores of joining them."""

import csv
import datetime as dt
import functools
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tocsin.core.geometry import distance_km
from tocsin.learn.exercise import Scenario, write
from tocsin.listen.alerts.join import Item
from tocsin.listen.alerts.names import index_names
from tocsin.listen.alerts.places import locate
from tocsin.listen.alerts.understand import understand

CHOSEN = (11, 12, 13)  # seeds on which weights were fitted
SCORED = (21, 22, 23)


@dataclass(frozen=True)
class Stream:
    """Reports in the order received, as the program reads them; the rest is truth, for scoring only.

    `story[i]` is shared by reports of the same story, `origin` is witness, echo or rumour, `kind` the true kind,
    `near_km` the distance from the place understood to the true one.
    """

    items: list[Item]
    story: list[str]
    origin: list[str]
    kind: list[str]
    near_km: list[float]
    held: list[bool]
    language: list[str]
    said: list[str]


@functools.cache
def stream(seed: int) -> Stream:
    """The stream of one seed of the default scenario."""
    with tempfile.TemporaryDirectory() as folder:
        write(Scenario(seed=seed), Path(folder))
        tables = {n: _rows(Path(folder) / f"{n}.csv") for n in ("places", "focal_points", "reports", "truth_reports")}
    towns = tables["places"]
    at = {p["name"]: (float(p["lon"]), float(p["lat"])) for p in towns}
    names = index_names(
        [p["name"] for p in towns], [p["alternates"] for p in towns], [float(p["lon"]) for p in towns],
        [float(p["lat"]) for p in towns], people=[float(p["population"] or "nan") for p in towns],
    )  # fmt: skip
    home = {f["source"]: (float(f["lon"]), float(f["lat"])) for f in tables["focal_points"]}
    found = Stream([], [], [], [], [], [], [], [])
    for row, truth in zip(tables["reports"], tables["truth_reports"], strict=True):
        sent = dt.datetime.fromisoformat(row["received_at"])
        said = understand(row["text"], sent)
        mine = home[row["source"]]
        place = locate(row["text"], names, home=mine)[0]
        x, y = at[truth["place"]]
        off = float(distance_km(place.lon, place.lat, x, y))
        found.items.append(
            Item(
                row["report_id"], sent, place.lon, place.lat, place.radius_km, said.kind.value,
                said.counts[0].number if said.counts else None, row["source"],
                float(distance_km(mine[0], mine[1], place.lon, place.lat)), row["text"],
            )
        )  # fmt: skip
        found.story.append(truth["story"])
        found.origin.append(truth["origin"])
        found.kind.append(truth["kind"])
        found.near_km.append(off)
        found.held.append(off <= place.radius_km)
        found.language.append(truth["language"])
        found.said.append(said.kind.value.value if said.kind.value else "")
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pairwise(truth: Sequence[object], found: Sequence[object]) -> tuple[float, float]:
    """Precision and recall over pairs of reports put together."""

    def pairs(values: Sequence[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(values).values())

    together = pairs(list(zip(truth, found, strict=True)))
    return together / max(pairs(found), 1), together / max(pairs(truth), 1)


def b_cubed(truth: Sequence[object], found: Sequence[object]) -> tuple[float, float]:
    """B-cubed precision and recall (Bagga and Baldwin 1998): the mean over reports of how pure and whole theirs is."""
    both, ours, theirs = Counter(zip(truth, found, strict=True)), Counter(found), Counter(truth)
    each = list(zip(truth, found, strict=True))
    precision = np.mean([both[t, f] / ours[f] for t, f in each])
    return float(precision), float(np.mean([both[t, f] / theirs[t] for t, f in each]))
