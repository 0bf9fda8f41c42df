"""The past of a place seen from each month: trailing means, decays, time since; row t never looks beyond t.

All take and return planes of months × places and treat NaN as not looked at: it neither adds nor counts. Where nothing
was looked at, the feature is NaN too.
"""

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]


def _sum_back(values: Plane, months: int) -> Plane:
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    end = np.arange(1, len(values) + 1)
    return np.asarray(total[end] - total[np.maximum(end - months, 0)])


def trailing(plane: npt.NDArray[np.floating], months: int) -> Plane:
    """Mean of the last `months` months that were looked at.

    >>> trailing(np.array([[1.0], [3.0], [np.nan]]), 2).ravel()
    array([1., 2., 3.])
    """
    seen = ~np.isnan(plane)
    count = _sum_back(seen.astype(np.float64), months)
    mean = _sum_back(np.nan_to_num(plane), months) / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, mean, np.nan))


def trailing_max(plane: npt.NDArray[np.floating], months: int) -> Plane:
    """Largest value of the last `months` months; 0 where nothing was looked at."""
    filled = np.nan_to_num(plane).astype(np.float64)
    out: Plane = filled.copy()
    for lag in range(1, min(months, len(filled))):
        np.maximum(out[lag:], filled[:-lag], out=out[lag:])
    return out


def decayed(plane: npt.NDArray[np.floating], half_life: float) -> Plane:
    """Exponentially weighted mean: a month's weight halves every `half_life` months. Starts from zero.

    >>> decayed(np.array([[8.0], [0.0]]), 1).ravel()
    array([4., 2.])
    """
    share = 1 - 0.5 ** (1 / half_life)
    out = np.empty(plane.shape)
    state = np.zeros(plane.shape[1])
    for month, row in enumerate(plane):
        state = np.where(np.isnan(row), state, state + share * (row - state))
        out[month] = state
    return out


def since(plane: npt.NDArray[np.floating], at_least: float = 0.5, longest: int = 240) -> Plane:
    """Months since `at_least` was last reached, no more than `longest` (also where it never was)."""
    out = np.empty(plane.shape)
    state = np.full(plane.shape[1], float(longest))
    for month, row in enumerate(plane):
        state = np.where(np.nan_to_num(row) >= at_least, 0, np.minimum(state + 1, longest))
        out[month] = state
    return out
