"""The record: forecasts as they would have been made, month after month, judged by what then happened.

At each origin a model sees the panel up to that month and nothing later; `Panel.until` cuts it. Models that are dear
to fit may be fitted anew only every so many origins and carried forward in between by `Fitted.seeing`.
"""

import itertools
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast import Fitted, Model, stream
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput
from tocsin.core.progress import Progress, silent
from tocsin.learn.record.scores import Rows, joined, score


def outcomes(panel: Panel, target: str, origin: int, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What was counted `steps` months after `origin`, shape (H, C); NaN after the panel's end."""
    plane = panel.counts[target]
    at = origin + steps - panel.first_month
    found = np.full((len(steps), len(panel.gids)), np.nan)
    inside = (at >= 0) & (at < len(plane))
    found[inside] = plane[at[inside]]
    return found


def backtest(
    panel: Panel,
    target: str,
    model: Model,
    origins: Iterable[int],
    steps: npt.NDArray[np.int64],
    seed: int = 0,
    refit_every: int = 1,
    cells: npt.NDArray[np.int64] | None = None,
    tell: Progress = silent,
) -> Rows:
    """Score a model over rolling origins.

    Parameters
    ----------
    panel : Panel
        The whole history; it is cut at each origin.
    target : str
    model : Model
    origins : iterable of int
        Last months seen, ascending.
    steps : ndarray of int64
        Months ahead.
    seed : int
    refit_every : int
        Fit anew at every so many origins.
    cells : ndarray of int64, optional
        Judge these cells only; the model may learn from all.
    tell : Progress

    Raises
    ------
    BadInput
        If origins are not ascending, or nothing can be judged.
    """
    months = list(origins)
    if any(b <= a for a, b in itertools.pairwise(months)):
        raise BadInput("origins must be ascending months")
    fitted: Fitted | None = None
    parts: list[Rows] = []
    for n, origin in enumerate(months):
        tell(f"Judging {model.name}", n, len(months))
        seen = panel.until(origin)
        anew = fitted is None or n % refit_every == 0
        fitted = model.fit(seen, target) if fitted is None or anew else fitted.seeing(seen)
        made = fitted.predict(steps, stream(seed, model.name, target, origin))
        rows = score(made, outcomes(panel, target, origin, steps))
        parts.append(rows if cells is None else rows.where(np.isin(rows.gid, cells)))
    tell(f"Judging {model.name}", len(months), len(months))
    return joined(parts)


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
        ``crps``, ``ign`` or ``mis``.
    block : int
        Months in a block.

    Returns
    -------
    skill, low, high : float
        Positive when `rows` is better.
    """
    if metric not in ("crps", "ign", "mis"):
        raise BadInput("'{metric}' is not a score of single rows: choose crps, ign or mis", metric=metric)
    if not (np.array_equal(rows.gid, other.gid) and np.array_equal(rows.origin, other.origin)):
        raise BadInput("two records can only be compared on the same cells and origins")
    group = (rows.origin - rows.origin.min()) // block
    ours = np.bincount(group, getattr(rows, metric))
    theirs = np.bincount(group, getattr(other, metric))
    rng = np.random.default_rng([seed, zlib.crc32(metric.encode())])
    pick = rng.integers(0, len(ours), size=(draws, len(ours)))
    skills = 1 - ours[pick].sum(axis=1) / theirs[pick].sum(axis=1)
    low, high = np.quantile(skills, [0.05, 0.95])
    return float(1 - ours.sum() / theirs.sum()), float(low), float(high)
