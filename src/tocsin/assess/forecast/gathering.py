"""One walk over the past for the models of cells: where killing was, and what stood before it.

An event known only to lie in an area is a fraction of an event in each of its cells (`Happened`): it counts for that
much and no more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.features.around import surroundings, surroundings_at
from tocsin.assess.forecast.additive import BANDS
from tocsin.assess.panel.model import Panel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WARM_UP = 96
LOOK_BACK = 6
LEAST_PART = 0.25
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Happened:
    """Months with killing: row and column of the plane, and how much of an event each is (0 to 1), shape (N,)."""

    month: Ints
    cell: Ints
    weight: Floats

    def where(self, months: npt.NDArray[np.bool_]) -> "Happened":
        """Those in the months (rows of the plane) that are true."""
        keep = months[self.month]
        return Happened(self.month[keep], self.cell[keep], self.weight[keep])


def happened(plane: npt.NDArray[np.float32], rng: np.random.Generator) -> Happened:
    """Every month with killing; fractions below `LEAST_PART` are thinned to pieces of that size, the same in sum.

    One event placed only in a country is a hundredth of an event in each of a hundred cells; thinning (at even
    distances along the sum) keeps 4 of those rows instead of 100 and leaves every expectation as it was.
    """
    month, cell = np.nonzero(plane > 0)  # unknown months are not
    weight = np.minimum(plane[month, cell], 1).astype(np.float64)
    small = np.flatnonzero(weight < LEAST_PART)
    passed = np.floor(rng.random() + np.concatenate([[0.0], np.cumsum(weight[small])]) / LEAST_PART)
    kept = small[np.diff(passed) > 0]
    weight[kept] = LEAST_PART
    take = np.flatnonzero(weight >= LEAST_PART)
    month, cell, weight = month[take], cell[take], weight[take]
    return Happened(month.astype(np.int64), cell.astype(np.int64), weight)


@dataclass(frozen=True)
class Gathered:
    """One pass over the planes: what each model needs of them.

    `before[b]` (N_b, K) sources before events, of each band of horizons, with `count[b]` events each; `sums` (M, K) of
    each month (`known_sums[b]`: of cells whose outcome in that band is known); `rows` (R, K + E) of the classifier's
    rows; `past` (months, C, K + E) of the last months; `largest` (K + E,) the highest value of each source in any cell
    a year ago or before. E columns of `Panel.also` come last.
    """

    names: tuple[str, ...]
    before: list[Floats]
    count: list[Floats]
    sums: Floats
    known_sums: list[Floats]
    rows: npt.NDArray[np.float32]
    past: npt.NDArray[np.float32]
    largest: Floats


def gather(panel: Panel, target: str, events: Happened, rows: tuple[Ints, Ints], rng: np.random.Generator) -> Gathered:
    """Walk over the planes once, one in memory at a time.

    A band with more than `MOST_ROWS` pairs of event and horizon is thinned to that many, with equal chances.
    """
    pairs: list[tuple[Ints, Ints]] = []
    count: list[Floats] = []
    for band in BANDS:
        ahead = np.repeat(np.asarray(band), len(events.month))
        month, cell, weight = (np.tile(a, len(band)) for a in (events.month, events.cell, events.weight))
        use = np.flatnonzero(month - ahead >= WARM_UP)
        share = 1.0
        if len(use) > MOST_ROWS:
            share = MOST_ROWS / len(use)
            use = np.sort(rng.choice(use, MOST_ROWS, replace=False))
        pairs.append(((month[use] - ahead[use]).astype(np.int64), cell[use].astype(np.int64)))
        count.append((weight[use] / share).astype(np.float64))
    names: list[str] = []
    before: list[list[Floats]] = [[] for _ in BANDS]
    sums, picked, largest = [], [], []
    looked = ~np.isnan(panel.counts[target])
    holes = not looked.all()
    known_sums: list[list[Floats]] = [[] for _ in BANDS]
    for name, plane in surroundings(panel, target):
        names.append(name)
        for found, at in zip(before, pairs, strict=True):
            found.append(plane[at].astype(np.float64))
        sums.append(plane.sum(axis=1, dtype=np.float64))
        for n, band in enumerate(BANDS if holes else ()):
            middle = band[len(band) // 2]
            part = np.einsum("mc,mc->m", plane[:-middle], looked[middle:], dtype=np.float64)
            known_sums[n].append(np.concatenate([part, np.zeros(middle)]))
        picked.append(plane[rows])
        largest.append(float(plane[:-12].max(initial=0)))
    for plane in panel.also.values():
        picked.append(plane[rows])
        known = plane[:-12][~np.isnan(plane[:-12])]
        largest.append(float(known.max(initial=0)))
    stacked = [np.stack(values, axis=1) for values in before]
    return Gathered(
        names=tuple(names),
        before=stacked,
        count=count,
        sums=np.stack(sums, 1),
        known_sums=[np.stack(one, 1) for one in known_sums] if holes else [np.stack(sums, 1)] * len(BANDS),
        rows=np.stack(picked, 1),
        past=seen_from(panel, target, recent(panel)),
        largest=np.array(largest),
    )


def recent(panel: Panel) -> Ints:
    """The months a forecast and its correction look from."""
    return np.arange(panel.as_of - LOOK_BACK - BANDS[3][-1] + 1, panel.as_of + 1)


def seen_from(panel: Panel, target: str, months: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Sources as they stood at each of the months (month numbers), shape (len(months), C, K + E)."""
    found = surroundings_at(panel, target, months)
    also = [plane[months - panel.first_month, :, None] for plane in panel.also.values()]
    return np.concatenate([found, *also], axis=-1) if also else found
