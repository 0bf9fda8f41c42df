"""How much to believe each of several forecasts: the shares of their mixture with the lowest CRPS on past months.

The CRPS of a mixture Σ wₘ Fₘ is Σ wₘ E|Xₘ − y| − ½ Σ wₘ wₗ E|Xₘ − Xₗ|, a quadratic of the shares that is convex on the
simplex because |x − x'| is a distance of negative type (Gneiting and Raftery 2007, JASA 102; Székely and Rizzo 2013,
Journal of Statistical Planning and Inference 143). So one best set of shares exists and a projected gradient finds it.
Shares are drawn towards equal ones by a penalty, because past months are few and alike.

Two kinds of member, both in closed form and without random numbers: a *hurdle* (a chance, and a law of sizes that all
hurdles share) and a *history* (past months of the cell, each as likely as the other).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.sizes import EVEN, Sizes

Floats = npt.NDArray[np.float64]

TOWARDS_EQUAL = 0.1
SWEEPS = 2000


@dataclass(frozen=True)
class Terms:
    """Sums over scored cells and months of what the CRPS of any mixture is made of.

    Parameters
    ----------
    off : ndarray, shape (M,)
        Σ E|Xₘ − y|.
    apart : ndarray, shape (M, M)
        Σ E|Xₘ − Xₗ|.
    rows : int
        Cells and months summed.
    """

    off: Floats
    apart: Floats
    rows: int

    def __add__(self, other: "Terms") -> "Terms":
        """Both together."""
        return Terms(self.off + other.off, self.apart + other.apart, self.rows + other.rows)

    def crps(self, shares: Floats) -> float:
        """Mean CRPS of the mixture with these shares."""
        return float(shares @ self.off - 0.5 * shares @ self.apart @ shares) / max(self.rows, 1)


def terms(chances: Floats, law: Sizes, histories: Sequence[npt.NDArray[np.floating]], y: Floats) -> Terms:
    """The terms of cells judged at one time.

    Parameters
    ----------
    chances : ndarray, shape (M, N)
        Chance of any death said by each hurdle.
    law : Sizes
        Sizes of all hurdles.
    histories : sequence of ndarray, each of shape (months, N)
        Past deaths; NaN counts as none.
    y : ndarray, shape (N,)
        Deaths counted; rows of NaN are left out.

    >>> four = Sizes(np.array([4.0]), np.array([1.0]))
    >>> found = terms(np.array([[0.5]]), four, [np.array([[0.0], [4.0]])], np.zeros(1))
    >>> found.off.tolist(), found.apart.tolist()
    ([2.0, 2.0], [[2.0, 2.0], [2.0, 2.0]])
    """
    known = ~np.isnan(y)
    p, truth = chances[:, known], y[known]
    past = [np.nan_to_num(h[:, known]).astype(np.float64) for h in histories]
    sizes = np.sort(law.at(EVEN))
    mean = float(sizes.mean())
    n = len(sizes)
    apart_sizes = float(((2 * np.arange(1, n + 1) - n - 1) * sizes).sum()) * 2 / n**2
    upto = np.concatenate([[0.0], np.cumsum(sizes)])

    def away(x: Floats) -> Floats:
        """E|size − x|."""
        below = np.searchsorted(sizes, x, side="right")
        return np.asarray((x * below - upto[below] + (upto[-1] - upto[below]) - x * (n - below)) / n)

    m = len(p)
    off = np.empty(m + len(past))
    apart = np.empty((len(off), len(off)))
    off[:m] = ((1 - p) * truth + p * away(truth)).sum(axis=1)
    apart[:m, :m] = mean * (p @ (1 - p).T + (1 - p) @ p.T) + apart_sizes * (p @ p.T)
    for k, here in enumerate(past):
        off[m + k] = np.abs(here - truth).mean(axis=0).sum()
        apart[:m, m + k] = apart[m + k, :m] = (1 - p) @ here.mean(axis=0) + p @ away(here).mean(axis=0)
        for j, there in enumerate(past[: k + 1]):
            apart[m + k, m + j] = apart[m + j, m + k] = _between(here, there)
    return Terms(off, apart, int(known.sum()))


def _between(one: Floats, other: Floats) -> float:
    """Σ over cells of the mean of |x − x'| over all pairs of months."""
    some = (one > 0).any(axis=0) | (other > 0).any(axis=0)
    return float(np.abs(one[:, None, some] - other[None, :, some]).mean(axis=(0, 1)).sum())


def on_simplex(x: Floats) -> Floats:
    """The nearest point whose parts are not negative and sum to 1 (Duchi et al. 2008, ICML).

    >>> on_simplex(np.array([0.7, 0.7, -1.0])).tolist()
    [0.5, 0.5, 0.0]
    """
    down = np.sort(x)[::-1]
    over = np.cumsum(down) - 1
    last = int(np.flatnonzero(down * np.arange(1, len(x) + 1) > over)[-1])
    return np.asarray(np.maximum(x - over[last] / (last + 1), 0))


def shares(found: Terms, towards_equal: float = TOWARDS_EQUAL) -> Floats:
    """The shares, shape (M,), that minimise the mean CRPS plus a penalty on their distance from equal ones.

    Parameters
    ----------
    towards_equal : float
        Penalty on the squared distance, relative to the CRPS of equal shares.
    """
    m = len(found.off)
    equal = np.full(m, 1 / m)
    if m == 1 or not found.rows:
        return equal
    pull = 2 * towards_equal * found.crps(equal)
    off, apart = found.off / found.rows, found.apart / found.rows
    # The curve is only bent along the simplex; its bend there is at most that of the whole.
    bend = float(np.abs(np.linalg.eigvalsh(apart)).max()) + pull
    w = ahead = equal
    speed = 1.0
    for _ in range(SWEEPS):
        new = on_simplex(ahead - (off - apart @ ahead + pull * (ahead - equal)) / max(bend, 1e-300))
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead, w, speed = new + (speed - 1) / faster * (new - w), new, faster
    return w
