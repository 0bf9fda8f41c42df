"""Why a forecast says what it says: the part of each group of sources in a difference between two chances.

A chance is always compared with another: of a typical cell, of another cell, of the same cell a month ago. Each group
of sources is exchanged between the two, in every order, and its part is the mean change of the logarithm of the chance
it makes (Shapley value); so the factors of all groups multiply to the ratio of the two chances, exactly, whatever the
model. A part says what goes with the difference in the model. It is not a cause, and must not be told as one.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.cells import FittedCells
from tocsin.assess.forecast.model import Part, largest_first
from tocsin.assess.panel.model import Panel

Floats = npt.NDArray[np.float64]

# First word of a source's name, and the group people read.
GROUP_OF = {
    "own": "here",
    "big": "here",
    "ring": "around",
    "far": "around",
    "other": "fighting",
    "map": "decades",
    "towns": "people",
    "everywhere": "",
    "alerts": "alerts",
    "days": "days",
    "season": "season",
    "km": "ground",
    "presence": "presence",
}
GROUPS = ("days", "here", "around", "fighting", "decades", "people", "alerts", "indicators", "season", "ground",
          "presence", "lately")  # fmt: skip
FOLDS = 8
LEAST_AGREEMENT = FOLDS - 1
NEGLIGIBLE = 1.05


@dataclass(frozen=True)
class Reason:
    """One group's part.

    Parameters
    ----------
    group : str
        One of `GROUPS`.
    factor : float
        How many times higher (below 1: lower) the chance is with this group as it is than as in the comparison.
    low, high : float
        Smallest and largest factor among refits that each leave out an eighth of the years; NaN if not asked.
    stable : bool or None
        Whether at least `LEAST_AGREEMENT` of `FOLDS` refits agree with its direction; None if not asked.
    """

    group: str
    factor: float
    low: float = float("nan")
    high: float = float("nan")
    stable: bool | None = None


def groups_of(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Index in `GROUPS` of each source, −1 for the constant; what has no group of its own is an indicator."""
    found = [GROUP_OF.get(name.split()[0], "indicators") for name in names]
    return np.array([GROUPS.index(name) if name else -1 for name in found])


def typical(fitted: FittedCells) -> Floats:
    """Sources of a typical cell: the median over cells, shape (K + E,); NaN what is not known of most of them."""
    now = fitted.now
    known = ~np.isnan(now)
    out = np.full(now.shape[1], np.nan)
    for k in np.flatnonzero(2 * known.sum(axis=0) > len(now)):
        out[k] = np.median(now[known[:, k], k])
    return out


def contrast(
    fitted: FittedCells, here: Floats, there: Floats, step: int, level: tuple[float, float] | None = None
) -> Floats:
    """Log factors of each group, shape (N, len(GROUPS)), between sources `here` and `there`, each of shape (N, K).

    Parameters
    ----------
    level : (float, float), optional
        What the rates of each side are multiplied by (the group `lately`); the same on both if not given.
    """
    group = groups_of(fitted.names)
    own = fitted.level(step)
    here_level, there_level = level or (own, own)
    lately = GROUPS.index("lately")
    apart = ((here != there) & ~(np.isnan(here) & np.isnan(there))).any(axis=0)
    apart &= (group != GROUPS.index("days")) | (step == 1)  # further ahead the daily process says nothing
    moving = [g for g in range(len(GROUPS)) if (apart & (group == g)).any()]
    if here_level != there_level:
        moving.append(lately)
    subsets = [s for size in range(len(moving) + 1) for s in itertools.combinations(moving, size)]
    blocks = [np.where(np.isin(group, s), here, there) for s in subsets]
    levels = np.repeat([here_level if lately in s else there_level for s in subsets], len(here))
    chance = fitted.chance_of(np.concatenate(blocks), step, levels).reshape(len(subsets), -1)
    value = dict(zip(subsets, np.log(np.maximum(chance, 1e-12)), strict=True))
    parts = np.zeros((len(here), len(GROUPS)))
    m = len(moving)
    for g in moving:
        for s in subsets:
            if g not in s:
                share = math.factorial(len(s)) * math.factorial(m - len(s) - 1) / math.factorial(m)
                parts[:, g] += share * (value[tuple(sorted((*s, g)))] - value[s])
    return parts


def groups_apart(fitted: FittedCells, cell: int, step: int) -> list[Part]:
    """Each group's factor between a cell and a typical one; its share is that of the sizes of all logarithms."""
    parts = contrast(fitted, fitted.now[[cell]], typical(fitted)[None], step)[0]
    whole = np.abs(parts).sum()
    if not whole > 0:
        return [Part("nothing", 1.0)]
    named = zip(GROUPS, parts, strict=True)
    return largest_first(Part(g, float(abs(p) / whole), factor=float(np.exp(p))) for g, p in named if p)


def refits(fitted: FittedCells) -> list[FittedCells]:
    """The model fitted without each eighth of the years in turn; its shares, calibration and daily process stay."""
    models = [replace(fitted.model, share=fitted.share, days=False, leave_out=fold) for fold in range(FOLDS)]
    found = [one.fit(fitted.panel, fitted.target) for one in models]
    return [replace(one, calibration=fitted.calibration, days=fitted.days) for one in found]


def month_ago(models: Sequence[FittedCells]) -> list[FittedCells]:
    """A model and its refits as they stand a month earlier: all of them see one past, which is walked over once."""
    first, *others = models
    then = first.seeing(first.panel.until(first.panel.as_of - 1))
    return [then, *(replace(one, panel=then.panel, past=then.past) for one in others)]


def reasons(
    fitted: FittedCells,
    others: Sequence[FittedCells],
    pick: Callable[[FittedCells], tuple[Floats, Floats, tuple[float, float] | None]],
    step: int,
) -> list[Reason]:
    """Reasons for one difference, the largest first, with what refits say of them.

    Parameters
    ----------
    fitted : FittedCells
    others : sequence of FittedCells
        Refits (`refits`); empty if stability is not asked.
    pick : callable
        From a fitted model to sources here, sources there (each (K,)) and the levels of both, or None.
    step : int
    """

    def parts(one: FittedCells) -> Floats:
        here, there, level = pick(one)
        return np.asarray(contrast(one, here[None], there[None], step, level)[0])

    main = parts(fitted)
    again = np.array([parts(one) for one in others]).reshape(len(others), len(GROUPS))
    found = []
    for g in np.argsort(-np.abs(main), kind="stable"):
        if abs(main[g]) < math.log(NEGLIGIBLE):
            continue
        if not len(others):
            found.append(Reason(GROUPS[g], float(np.exp(main[g]))))
            continue
        agree = int((np.sign(again[:, g]) == np.sign(main[g])).sum())
        low, high = np.exp([again[:, g].min(), again[:, g].max()])
        needed = len(others) * LEAST_AGREEMENT / FOLDS
        found.append(Reason(GROUPS[g], float(np.exp(main[g])), float(low), float(high), agree >= needed))
    return found


def novel(fitted: FittedCells) -> npt.NDArray[np.bool_]:
    """Where a group of sources is higher than any cell ever had a year ago or before: shape (C, len(GROUPS)).

    There the model extrapolates; its forecast rests on nothing like it.
    """
    group = groups_of(fitted.names[: len(fitted.largest)])
    beyond = fitted.now[:, : len(fitted.largest)] > fitted.largest * (1 + 1e-6)
    out = np.zeros((len(beyond), len(GROUPS)), dtype=bool)
    for k, g in enumerate(group):
        if g >= 0:
            out[:, g] |= beyond[:, k]
    return out


@dataclass(frozen=True)
class Coverage:
    """What sources looked at, per cell: share of the last 12 months with data, of the 12 before, and events then.

    `reports_now`, `reports_before` are months with any deaths of any kind, here and in the ring. Silence is not peace:
    a place where both the data and the reports go dark is unknown, not quiet.
    """

    now: Floats
    before: Floats
    reports_now: Floats
    reports_before: Floats

    @property
    def dark(self) -> npt.NDArray[np.bool_]:
        """Less than half of the last year was looked at."""
        return np.asarray(self.now < 0.5)

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """Reports stopped where there were at least three months with some the year before."""
        return np.asarray((self.reports_now == 0) & (self.reports_before >= 3))


def coverage(panel: Panel) -> Coverage:
    """Reporting coverage of each cell at the panel's end."""
    from tocsin.core import lattice

    any_plane = next(iter(panel.counts.values()))
    seen = ~np.isnan(any_plane)
    active = np.zeros(any_plane.shape, dtype=np.float32)
    for plane in panel.counts.values():
        np.maximum(active, np.nan_to_num(np.minimum(plane, 1)), out=active)
    active = (active >= 0.5).astype(np.float32)
    ring = lattice.adjacency(panel.gids)

    def reports(rows: slice) -> Floats:
        months = active[rows]
        around = np.asarray(ring @ months.T) > 0
        return np.asarray(((months.T > 0) | around).sum(axis=1), dtype=np.float64)

    last, earlier = slice(-12, None), slice(-24, -12)
    before = seen[earlier].mean(axis=0) if len(seen) > 12 else np.full(seen.shape[1], np.nan)
    return Coverage(seen[last].mean(axis=0), before, reports(last), reports(earlier))
