"""People who repeat each other are not independent sources: how many really saw or heard something themselves."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.listen.alerts.join import Item, words_mask

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EchoWeights:
    """Log-odds that a report repeats another, fitted on simulated streams (docs/methods/alerts.md).

    `far_km` is how far away one still hears of a thing oneself; it decides most, and a mission that knows sets it.
    `copied` is set, not fitted: the simulator's echoes are worded anew.
    """

    start: float = -2.74
    far_km: float = 40.0
    distance: float = -0.5  # a unit of 35 km from home to the place
    far: float = 4.19  # farther than `far_km`
    delay: float = 0.83  # a unit of 12 hours after the first report
    first: float = -1.82  # nobody told it before
    grown: float = 0.94  # its number is larger than any before
    same: float = -0.14  # its number was told before
    copied: float = 2.0  # its words are nearly those of an earlier report


def echo_chances(items: Sequence[Item], weights: EchoWeights | None = None) -> Floats:
    """Probability that each report of one alert repeats what its sender was told, in the order given.

    Parameters
    ----------
    items : sequence of Item, length n
        Reports of one alert, earliest first. A missed call says nothing that could be repeated and gets NaN.
    weights : EchoWeights, optional

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    w = weights or EchoWeights()
    found = np.full(len(items), np.nan)
    first: dt.datetime | None = None
    numbers: set[float] = set()
    told: dict[tuple[int, str], None] = {}  # words and who used them
    for i, item in enumerate(items):
        if not item.text:
            continue
        away = 20.0 if item.home_km is None else min(item.home_km, 120.0)
        hours = (item.at - first).total_seconds() / 3600 if first else 0.0
        score = w.start + w.distance * away / 35 + w.delay * min(max(hours, 0.0), 36.0) / 12
        score += w.far * (item.home_km is not None and item.home_km > w.far_km) + w.first * (first is None)
        if item.number and numbers:
            score += w.grown * (item.number > max(numbers)) + w.same * (item.number in numbers)
        mask = words_mask(item.text)
        enough = mask.bit_count() >= 5
        score += w.copied * (enough and any(_alike(mask, m) for m, who in told if who != item.source))
        found[i] = 1 / (1 + math.exp(-score))
        first = first or item.at
        told[mask, item.source] = None
        if item.number:
            numbers.add(item.number)
    return found


def _alike(one: int, two: int) -> bool:
    return (one & two).bit_count() >= 0.9 * (one | two).bit_count()


def independent_sources(items: Sequence[Item], chances: Floats) -> float:
    """How many sources of their own an alert has: each sender once, counted by the chance that it is no echo.

    >>> import datetime as dt
    >>> at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    >>> one, two = (Item(s, at, 21, 6, 10, source=s, home_km=5, text="attaque") for s in "ab")
    >>> round(independent_sources([one, two, one], np.array([0.1, 0.4, 0.1])), 1)
    1.5
    """
    best: dict[str, float] = {}
    for item, chance in zip(items, chances, strict=True):
        if not np.isnan(chance):
            best[item.source] = max(best.get(item.source, 0.0), 1.0 - float(chance))
    return sum(best.values())
