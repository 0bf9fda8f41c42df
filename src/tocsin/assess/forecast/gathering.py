"""One walk over the past for the models of cells: where killing was, and what stood before it.

An event known only to lie in an area is a fraction of an event in each of its cells (`Happened`): it counts for that
much and no more.

The walk goes over blocks of cells, each with the cells within its reach (`around.Block`), and a block is a task of its
own for `core.spread`. What it finds is the same to the last bit however many blocks there are and wherever they are
worked on: values of cells are put in their places, highest values compared, and sums are taken over `UNIT` cells at a
time and added in one order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.features.around import Block, blocks, planes, planes_at
from tocsin.assess.forecast.additive import BANDS
from tocsin.assess.panel.model import Panel
from tocsin.core.spread import spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WARM_UP = 96
LOOK_BACK = 6
LEAST_PART = 0.25
MOST_ROWS = 20_000
UNIT = 2048  # cells whose sum is taken at once; a block is one or more whole units


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


@dataclass(frozen=True)
class _Task:
    """A block and what is asked of it: pairs of row and cell (of its own, from 0), and rows at which it is seen whole.

    `looked` (months, C) is None where every month of every cell is known.
    """

    block: Block
    before: list[tuple[Ints, Ints]]
    rows: tuple[Ints, Ints]
    months: Ints
    looked: npt.NDArray[np.bool_] | None
    unit: int


@dataclass(frozen=True)
class _Found:
    """What one block says: as `Gathered`, with sums by units of cells, shape (units, M, K)."""

    names: tuple[str, ...]
    before: list[Floats]
    sums: Floats
    known_sums: list[Floats]
    rows: npt.NDArray[np.float32]
    past: npt.NDArray[np.float32]
    largest: Floats


def gather(
    panel: Panel,
    target: str,
    events: Happened,
    rows: tuple[Ints, Ints],
    rng: np.random.Generator,
    n_blocks: int = 1,
    how: str = "no",
    unit: int = UNIT,
) -> Gathered:
    """Walk over the planes once, one in memory at a time.

    A band with more than `MOST_ROWS` pairs of event and horizon is thinned to that many, with equal chances.

    Parameters
    ----------
    n_blocks : int
        Into how many blocks of cells the panel is cut, if it has as many units.
    how : str
        Where they are worked on (`core.spread`).
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
    looked = ~np.isnan(panel.counts[target])
    holes = not looked.all()
    months = recent(panel) - panel.first_month
    cuts = _cuts(len(panel.gids), n_blocks, unit)
    asked = [[_within(pair, *ends) for pair in (*pairs, rows)] for ends in cuts]
    tasks = [
        _Task(block, [at for _, at in own[:-1]], own[-1][1], months, looked[:, slice(*ends)] if holes else None, unit)
        for block, own, ends in zip(_blocks(panel, target, cuts), asked, cuts, strict=True)
    ]
    found = spread(_gathered, tasks, how if len(tasks) > 1 else "no")
    here = [[at for at, _ in own] for own in asked]
    sums = _added([one.sums for one in found])
    also = [*panel.also.values()]
    known = [plane[:-12][~np.isnan(plane[:-12])] for plane in also]
    picked = _in_place([own[-1] for own in here], [one.rows for one in found])
    highest = np.max([one.largest for one in found], axis=0)
    return Gathered(
        names=found[0].names,
        before=[_in_place([own[b] for own in here], [one.before[b] for one in found]) for b in range(len(BANDS))],
        count=count,
        sums=sums,
        known_sums=[_added([one.known_sums[b] if holes else one.sums for one in found]) for b in range(len(BANDS))],
        rows=np.column_stack([picked, *(plane[rows] for plane in also)]),
        past=_with_also(panel, np.concatenate([one.past for one in found], axis=1), months),
        largest=np.array([*highest, *(float(values.max(initial=0)) for values in known)]),
    )


def _gathered(task: _Task) -> _Found:
    names: list[str] = []
    before: list[list[Floats]] = [[] for _ in BANDS]
    sums, picked, largest = [], [], []
    known_sums: list[list[Floats]] = [[] for _ in (BANDS if task.looked is not None else ())]
    for name, plane in planes(task.block):
        names.append(name)
        for found, at in zip(before, task.before, strict=True):
            found.append(plane[at].astype(np.float64))
        every, known = _sums(plane, task.looked, task.unit)
        sums.append(every)
        for found, of_band in zip(known_sums, known, strict=True):
            found.append(of_band)
        picked.append(plane[task.rows])
        largest.append(float(plane[:-12].max(initial=0)))
    return _Found(
        names=tuple(names),
        before=[np.stack(values, axis=1) for values in before],
        sums=np.stack(sums, axis=-1),
        known_sums=[np.stack(one, axis=-1) for one in known_sums],
        rows=np.stack(picked, axis=1),
        past=planes_at(task.block, task.months),
        largest=np.array(largest),
    )


def _sums(plane: npt.NDArray[np.float32], looked: npt.NDArray[np.bool_] | None, unit: int) -> tuple[Floats, Floats]:
    """Sums over each unit of cells, (units, M), and by band over those whose outcome is known, (bands, units, M)."""
    starts = range(0, plane.shape[1], unit)
    every = np.empty((len(starts), len(plane)))
    known = np.zeros((0 if looked is None else len(BANDS), *every.shape))
    for n, at in enumerate(starts):
        # A copy of its own, so that a unit is added up alike in whatever block it lies.
        cells = plane[:, at : at + unit].astype(np.float64, order="C")
        every[n] = cells.sum(axis=1)
        if looked is not None:
            seen = np.ascontiguousarray(looked[:, at : at + unit])
            for b, band in enumerate(BANDS):
                middle = band[len(band) // 2]
                known[b, n, :-middle] = np.einsum("mc,mc->m", cells[:-middle], seen[middle:], dtype=np.float64)
    return every, known


def _cuts(n_cells: int, n_blocks: int, unit: int) -> list[tuple[int, int]]:
    """First cell of each block and the one after its last: whole units, as even as can be.

    >>> _cuts(10, 2, 4), _cuts(10, 9, 4), _cuts(3, 8, 4)
    ([(0, 8), (8, 10)], [(0, 4), (4, 8), (8, 10)], [(0, 3)])
    """
    units = -(-n_cells // unit)
    parts = np.array_split(np.arange(units), min(max(n_blocks, 1), units))
    return [(int(part[0]) * unit, min((int(part[-1]) + 1) * unit, n_cells)) for part in parts]


def _blocks(panel: Panel, target: str, cuts: list[tuple[int, int]]) -> list[Block]:
    return blocks(panel, target, np.array([first for first, _ in cuts]))


def _within(pairs: tuple[Ints, Ints], first: int, end: int) -> tuple[Ints, tuple[Ints, Ints]]:
    """Which pairs of row and cell lie in the cells `first` to `end` − 1, and these, cells counted from `first`."""
    here = np.flatnonzero((pairs[1] >= first) & (pairs[1] < end))
    return here, (pairs[0][here], pairs[1][here] - first)


def _in_place(here: list[Ints], said: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Rows of several blocks as they were asked for."""
    out = np.empty((sum(len(at) for at in here), said[0].shape[1]), dtype=said[0].dtype)
    for at, values in zip(here, said, strict=True):
        out[at] = values
    return out


def _added(parts: list[Floats]) -> Floats:
    """Sums by units of cells, added in the order of the cells, shape (M, K)."""
    units = np.concatenate(parts)
    total: Floats = units[0].copy()
    for one in units[1:]:
        total += one
    return total


def recent(panel: Panel) -> Ints:
    """The months a forecast and its correction look from."""
    return np.arange(panel.as_of - LOOK_BACK - BANDS[3][-1] + 1, panel.as_of + 1)


def seen_from(
    panel: Panel,
    target: str,
    months: npt.NDArray[np.int64],
    n_blocks: int = 1,
    how: str = "no",
    unit: int = UNIT,
) -> npt.NDArray[np.float32]:
    """Sources as they stood at each of the months (month numbers), shape (len(months), C, K + E).

    In blocks as in `gather`.
    """
    rows = months - panel.first_month
    tasks = [(block, rows) for block in _blocks(panel, target, _cuts(len(panel.gids), n_blocks, unit))]
    found = spread(_seen, tasks, how if len(tasks) > 1 else "no")
    return _with_also(panel, np.concatenate(found, axis=1), rows)


def _seen(task: tuple[Block, Ints]) -> npt.NDArray[np.float32]:
    return planes_at(*task)


def _with_also(panel: Panel, found: npt.NDArray[np.float32], rows: Ints) -> npt.NDArray[np.float32]:
    """Sources with what else is known of the cells at these rows."""
    also = [plane[rows, :, None] for plane in panel.also.values()]
    return np.concatenate([found, *also], axis=-1) if also else found
