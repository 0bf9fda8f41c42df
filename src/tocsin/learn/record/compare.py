"""Which of two records is better, and is the difference more than luck.

Both tests treat the months of one origin as one observation, because cells of a month and months of a forecast err
together: the block bootstrap draws whole years of origins anew, and the Diebold-Mariano test allows for the overlap of
neighbouring origins.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.learn.record.scores import Rows

Floats = npt.NDArray[np.float64]

SINGLE = ("crps", "ign", "mis", "brier")
LOWER = ("crps", "crps_events", "ign", "mis", "brier", "brier_25", "log_any")
HIGHER = ("ap", "ap_25", "top_5", "top_10", "people_5", "people_10")


def _same(rows: Rows, other: Rows, metric: str) -> None:
    if metric not in SINGLE:
        raise BadInput("'{metric}' is not a score of single rows: choose crps, ign, mis or brier", metric=metric)
    if not (np.array_equal(rows.gid, other.gid) and np.array_equal(rows.origin, other.origin)):
        raise BadInput("two records can only be compared on the same cells and origins")


def single(rows: Rows, metric: str) -> Floats:
    """One of `SINGLE` for each row, shape (N,)."""
    if metric == "brier":
        return np.asarray((rows.p_any - np.minimum(rows.observed, 1)) ** 2)
    return np.asarray(getattr(rows, metric))


def block_bootstrap(
    rows: Rows, other: Rows, metric: str = "crps", block: int = 12, draws: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Skill of `rows` against `other` (1 − ratio of mean scores) and its 90 % interval.

    Origins are drawn anew in whole blocks of months, because neighbouring origins share most of their outcomes.

    Parameters
    ----------
    rows, other : Rows
        The same cells, origins and steps in the same order.
    metric : str
        ``crps``, ``ign``, ``mis`` or ``brier``.
    block : int
        Months in a block.

    Returns
    -------
    skill, low, high : float
        Positive when `rows` is better.
    """
    _same(rows, other, metric)
    group = (rows.origin - rows.origin.min()) // block
    ours = np.bincount(group, single(rows, metric))
    theirs = np.bincount(group, single(other, metric))
    rng = np.random.default_rng([seed, zlib.crc32(metric.encode())])
    pick = rng.integers(0, len(ours), size=(draws, len(ours)))
    skills = 1 - ours[pick].sum(axis=1) / theirs[pick].sum(axis=1)
    low, high = np.quantile(skills, [0.05, 0.95])
    return float(1 - ours.sum() / theirs.sum()), float(low), float(high)


@dataclass(frozen=True)
class Difference:
    """Mean score of ours minus theirs (negative: ours is better), its standard error, and how often luck does it."""

    mean: float
    error: float
    p: float
    origins: int


def diebold_mariano(rows: Rows, other: Rows, metric: str = "crps") -> Difference:
    """Test of equal accuracy on the mean difference of each origin (Diebold and Mariano 1995, JBES 13(3)).

    The variance is Newey and West's with as many lags as the longest horizon less one; p is two-sided, from Student's t
    with the correction for few origins of Harvey, Leybourne and Newbold (1997, IJF 13(2)).

    Returns
    -------
    Difference
        NaN error and p where there are fewer origins than twice the horizon.
    """
    from scipy.stats import t

    _same(rows, other, metric)
    _, at = np.unique(rows.origin, return_inverse=True)
    n = int(at.max()) + 1
    gap = np.bincount(at, single(rows, metric) - single(other, metric)) / np.bincount(at)
    mean = float(gap.mean())
    ahead = int(rows.step.max())
    if n < 2 * ahead or n < 8:
        return Difference(mean, float("nan"), float("nan"), n)
    off = gap - mean
    variance = float(off @ off) / n
    for lag in range(1, ahead):
        variance += 2 * (1 - lag / ahead) * float(off[lag:] @ off[:-lag]) / n
    error = float(np.sqrt(max(variance, 0) / n))
    if error == 0:
        return Difference(mean, 0.0, 1.0 if mean == 0 else 0.0, n)
    small = np.sqrt((n + 1 - 2 * ahead + ahead * (ahead - 1) / n) / n)
    return Difference(mean, error, float(2 * t.sf(abs(mean / error * small), n - 1)), n)


def losses(table: Sequence[Mapping[str, object]], ours: str) -> list[dict[str, object]]:
    """Where another model beats `ours`: target, slice, measure, our value, theirs and whose it is; worst first.

    Parameters
    ----------
    table : list of dict
        Rows with target, model, months_ahead and measures by name; None where a measure could not be computed.
    ours : str
        Name of our model.

    Returns
    -------
    list of dict
        `behind` is the relative gap: 0.05 is 5 % worse than the best of the others.
    """
    found = []
    for row in table:
        if row["model"] != ours:
            continue
        rivals = [
            r for r in table
            if r["model"] != ours and (r["target"], r["months_ahead"]) == (row["target"], row["months_ahead"])
        ]  # fmt: skip
        for name in (*LOWER, *HIGHER):
            mine = row.get(name)
            theirs = [(r[name], str(r["model"])) for r in rivals if isinstance(r.get(name), float)]
            if not isinstance(mine, float) or not theirs:
                continue
            best, whose = (min if name in LOWER else max)((float(v), m) for v, m in theirs)  # type: ignore[arg-type]
            behind = mine / best - 1 if name in LOWER and best > 0 else 1 - mine / best if best > 0 else 0.0
            if behind > 0:
                found.append({
                    "target": row["target"], "months_ahead": row["months_ahead"], "measure": name, "ours": mine,
                    "theirs": best, "model": whose, "behind": behind,
                })  # fmt: skip
    return sorted(found, key=lambda r: -float(str(r["behind"])))
