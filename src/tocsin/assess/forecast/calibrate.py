"""Chances that come true as often as they say: a rising curve from what was said to what was seen on past months.

Rows are put into groups of about equally many expected events; in each, events seen are compared with events expected
(drawn towards agreement by `PRIOR` events), and the comparison is made to rise by isotonic regression (Barlow et al.
1972; pool adjacent violators). Isotonic fits have flat pieces, on which the order of cells would be lost, so the
logarithm of what is seen rises at least `LEAST_SLOPE` as fast as that of what is said. Beyond the groups the last ratio
goes on. The curve changes the shape, not the sum: how much is expected in all is corrected by the last months alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GROUPS = 5
PRIOR = 50.0
LEAST_SLOPE = 0.25
LEAST_EVENTS = 30.0
HIGHEST = 1 - 1e-9


@dataclass(frozen=True)
class Curve:
    """From a chance said to a chance calibrated: log said and log seen at knots, ascending; none means as said."""

    said: Floats
    seen: Floats

    def of(self, chance: Floats) -> Floats:
        """Calibrated chances, same shape; their order is kept."""
        if not len(self.said):
            return np.minimum(chance, HIGHEST)
        at = np.log(np.maximum(chance, 1e-300))
        ratio = np.interp(at, self.said, self.seen - self.said)
        return np.minimum(np.where(chance > 0, np.exp(at + ratio), 0.0), HIGHEST)


AS_SAID = Curve(np.empty(0), np.empty(0))


def curve(chance: Floats, happened: Floats, prior: float = PRIOR) -> Curve:
    """The rising curve from chances said of rows, shape (N,), to how often it happened (0 to 1, NaN: not known).

    As said (no knots) where fewer than `LEAST_EVENTS` happened.

    >>> p = np.repeat([0.1, 0.4], 1000)
    >>> hit = np.concatenate([np.arange(1000) < 20, np.arange(1000) < 480]).astype(float)
    >>> curve(p, hit, prior=0).of(np.array([0.1, 0.4])).round(2).tolist()
    [0.02, 0.48]
    """
    from scipy.optimize import isotonic_regression

    known = ~np.isnan(happened) & (chance > 0)
    p, hit = chance[known], happened[known]
    if hit.sum() < LEAST_EVENTS:
        return AS_SAID
    order = np.argsort(p, kind="stable")
    p, hit = p[order], hit[order]
    # The whole is brought to what was seen first, so that only the shape is told.
    level = hit.sum() / p.sum()
    group = np.minimum((np.cumsum(p) / p.sum() * GROUPS * (1 - 1e-12)).astype(int), GROUPS - 1)
    # Equal chances stay in one group.
    first = np.searchsorted(p, p, side="left")
    group = group[first]
    n, expected, seen = (np.bincount(group, w, GROUPS) for w in (np.ones(len(p)), p, hit / level))
    used = n > 0
    n, expected, seen = n[used], expected[used], seen[used]
    said = np.log(expected / n)
    ratio = np.log((seen + prior + 1e-12) / (expected + prior + 1e-12))
    steep = said * (1 - LEAST_SLOPE) + ratio
    rising = isotonic_regression(steep, weights=expected + prior).x + LEAST_SLOPE * said
    # The curve moves the sum a little: put it back.
    whole = Curve(said, rising).of(p).sum() / p.sum()
    return Curve(said, rising - np.log(whole))
