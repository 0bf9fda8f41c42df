"""How many are killed where anybody is: past sizes, those of months like this one first, with a heavy tail.

A past month counts 0.5^(age / half-life) · exp(−½ (log level then − log level now)² / `WIDTH`²), where the level is the
number of cells with killing (a mean with a half-life of three months): when a war ends, its sizes go with it. Above
the quantile `TAIL` sizes follow a generalised Pareto law with the mean and variance of those past, so that the next
massacre may be larger than any before. Against the plain stock, a negative binomial, other half-lives and other widths,
this had the best or nearly the best CRPS of sizes on Central African months of 2003 to 2014 for all four targets.

A stock of sizes forgets slowly, so the whole is then brought to the level of the last months (`lately`): what the
chances and the stock would have made of the last `LEVEL_MONTHS`, against the deaths counted in them. On all
country-months up to 2014 the last three months said more about the next twelve than six, twelve or 24 did, and the sum
of such forecasts came out right (1.01 and 0.96 of civilian and all deaths; twelve months 1.8 and 1.2).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.assess.features import decayed

Floats = npt.NDArray[np.float64]

LEVEL_HALF_LIFE = 3.0
WIDTH = 1.0
TAIL = 0.8
LEAST_TAIL = 10
HEAVIEST = 0.45
LEVEL_MONTHS = 3
PRIOR_KILLINGS = 0.5  # how many killings of the stock's mean size weigh against the deaths counted
MOST_CHANGE = 5.0
EVEN = (np.arange(2000) + 0.5) / 2000


@dataclass(frozen=True)
class Sizes:
    """The distribution of sizes.

    Parameters
    ----------
    stock, mass : ndarray, shape (N,)
        Past sizes, ascending, and the share of the distribution up to and with each.
    threshold, shape, scale : float
        Generalised Pareto law above the quantile `TAIL`; scale 0 where there were too few to tell.
    times : float
        Every size times this, and no less than one death.
    """

    stock: Floats
    mass: Floats
    threshold: float = 0.0
    shape: float = 0.0
    scale: float = 0.0
    times: float = 1.0

    def at(self, u: Floats) -> Floats:
        """Quantiles of the distribution, u in [0, 1); 1 where nothing was ever seen."""
        found = self._stocked(u)
        return found if self.times == 1 else np.maximum(np.rint(self.times * found), 1)

    @property
    def mean(self) -> float:
        """Mean size, its tail cut at the last of 2,000 even steps."""
        return float(self.at(EVEN).mean())

    def scaled(self, factor: float) -> "Sizes":
        """The same law with its mean times `factor`; sizes of one death cannot shrink, so the others shrink more.

        >>> law = sizes(np.array([1.0, 9.0]), np.array([1.0, 1.0]))
        >>> law.mean, law.scaled(0.6).mean, law.scaled(0.01).mean
        (5.0, 3.0, 1.0)
        """
        values = self._stocked(EVEN)
        times = np.geomspace(1e-3, 1e3, 400)
        mean = np.array([np.maximum(t * values, 1).mean() for t in times])
        return replace(self, times=float(np.interp(max(factor * self.mean, 1.0), mean, times)))

    def _stocked(self, u: Floats) -> Floats:
        if not len(self.stock):
            return np.ones_like(u)
        found = self.stock[np.minimum(np.searchsorted(self.mass, u, side="right"), len(self.stock) - 1)]
        if self.scale <= 0:
            return np.asarray(found)
        rest = np.clip((1 - u) / (1 - TAIL), 1e-6, 1)
        beyond = self.scale * (np.expm1(-self.shape * np.log(rest)) / self.shape if self.shape else -np.log(rest))
        return np.where(u > TAIL, np.rint(self.threshold + beyond), found)


def sizes(past: Floats, weight: Floats) -> Sizes:
    """The law of weighted past sizes; the tail by the method of moments, its shape between 0 and `HEAVIEST`.

    >>> sizes(np.array([1.0, 5.0]), np.array([3.0, 1.0])).at(np.array([0.0, 0.5, 0.8]))
    array([1., 1., 5.])
    """
    order = np.argsort(past, kind="stable")
    stock, w = past[order], weight[order]
    if not len(stock) or w.sum() <= 0:
        return Sizes(np.empty(0), np.empty(0))
    # One entry a size: a stock of a world is looked up a hundred million times.
    stock, first = np.unique(stock, return_index=True)
    w = np.add.reduceat(w, first)
    mass = np.cumsum(w) / w.sum()
    threshold = stock[min(int(np.searchsorted(mass, TAIL)), len(stock) - 1)]
    each = weight[past > threshold]
    few = len(each) < LEAST_TAIL or each.sum() ** 2 / (each**2).sum() < LEAST_TAIL
    if few:
        return Sizes(stock, mass)
    # All of the law above TAIL, with the part of the threshold's own weight that lies there.
    part = np.clip(mass - TAIL, 0, w / w.sum())
    excess = stock - threshold
    mean = float((part * excess).sum() / part.sum())
    var = float((part * (excess - mean) ** 2).sum() / part.sum())
    shape = float(np.clip(0.5 * (1 - mean**2 / max(var, 1e-9)), 0, HEAVIEST))
    return Sizes(stock, mass, float(threshold), shape, mean * (1 - shape))


def past_sizes(plane: npt.NDArray[np.float32], half_life: float) -> Sizes:
    """The law of sizes as it stands at the end of a plane of deaths, shape (months, cells).

    A fraction of an event is that much of an event of one death.
    """
    month, cell = np.nonzero(plane > 0)  # unknown months are not
    size = plane[month, cell].astype(np.float64)
    active = np.bincount(month, np.minimum(size, 1), len(plane)).astype(np.float64)
    level = np.log(decayed(active[:, None], LEVEL_HALF_LIFE)[:, 0] + 0.5)
    alike = np.exp(-0.5 * ((level[month] - level[-1]) / WIDTH) ** 2) + 1e-9
    weight = np.minimum(size, 1) * 0.5 ** ((len(plane) - 1 - month) / half_life) * alike
    return sizes(np.maximum(size, 1), weight)


def lately(plane: npt.NDArray[np.float32], chance: Floats, law: Sizes) -> float:
    """Deaths counted in the last months over deaths that these chances and sizes would have made of them.

    Drawn towards 1 by `PRIOR_KILLINGS` of the law's mean size; at most `MOST_CHANGE`-fold either way.

    Parameters
    ----------
    plane : ndarray, shape (months, cells)
        Deaths; NaN where nobody looked: such a cell and month is neither counted nor expected.
    chance : ndarray, shape (cells,)
        Chance of any death in a month.
    law : Sizes
    """
    recent = plane[-LEVEL_MONTHS:]
    size = law.mean
    expected = float(((~np.isnan(recent)) @ chance).sum()) * size
    ratio = (float(np.nansum(recent, dtype=np.float64)) + PRIOR_KILLINGS * size) / (expected + PRIOR_KILLINGS * size)
    return float(np.clip(ratio, 1 / MOST_CHANGE, MOST_CHANGE))
