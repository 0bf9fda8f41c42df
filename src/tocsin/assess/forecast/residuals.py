"""Does a self-exciting process account for when events came: residuals in its own time.

In the time in which the fitted process expects one event per unit, events of a right model come as a plain Poisson
process (Ogata 1988, JASA 83). That time is cut into equal pieces and events are counted in each.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.daily import WARM_UP_DAYS, Days, Excitation, Past
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Residuals:
    """Events expected and counted in each piece, arrays (pieces,).

    `dispersion` is the mean of (counted − expected)² / expected: about 1 for a right model (within `band` in 95 of 100
    cases), more where bursts are left over.
    """

    expected: Floats
    counted: Floats

    @property
    def dispersion(self) -> float:
        """Index of dispersion over the pieces."""
        return float(np.mean((self.counted - self.expected) ** 2 / self.expected))

    @property
    def band(self) -> tuple[float, float]:
        """Where the dispersion lies in 95 of 100 cases when the model is right."""
        from scipy.stats import chi2

        n = len(self.expected)
        return float(chi2.ppf(0.025, n) / n), float(chi2.ppf(0.975, n) / n)


def residuals(days: Days, model: Excitation, pieces: int = 40, warm_up: int = WARM_UP_DAYS) -> Residuals:
    """Residuals of all cells together after the warm-up; whole days, so pieces differ a little in what they expect.

    Raises
    ------
    BadInput
        If the process expects too few events for so many pieces.
    """
    rate = Past(days).totals[:-1] @ model.weights
    counted = np.bincount(days.day[days.own], minlength=days.n_days).astype(np.float64)
    rate, counted = rate[warm_up:], counted[warm_up:]
    if not rate.sum() >= 5 * pieces:
        raise BadInput("too few events for {n} pieces: ask for fewer", n=pieces)
    clock = np.cumsum(rate)
    piece = np.minimum((clock - rate / 2) / clock[-1] * pieces, pieces - 1).astype(np.int64)
    expected = np.bincount(piece, rate, pieces).astype(np.float64)
    found = np.bincount(piece, counted, pieces).astype(np.float64)
    return Residuals(expected[expected > 0], found[expected > 0])
