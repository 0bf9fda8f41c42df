"""Risk as a sum of sources: what happened here, next door and further off, other fighting, towns, the old map.

The rate at which a cell has a month with killing, h months ahead, is Σₖ bₖ(h) xₖ with xₖ ≥ 0 the planes of
`assess.features.around` and bₖ ≥ 0, one set for each band of horizons. With a Poisson likelihood this is a Hawkes
process on the monthly lattice; its likelihood is concave and expectation-maximisation finds the best b from the rows
with killing and the column sums alone (Veen and Schoenberg 2008, JASA 103; Lewis and Mohler 2011). The share of each
source in the rate of a cell is its reason, exactly.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BANDS = ((1,), (2, 3), (4, 5, 6), tuple(range(7, 13)), tuple(range(13, 25)), tuple(range(25, 37)))


def band_of(step: int) -> int:
    """Index of the band a horizon belongs to; beyond the last one, the last."""
    return next((i for i, band in enumerate(BANDS) if step in band), len(BANDS) - 1)


def fit_rates(x: Floats, exposure: Floats, count: Floats | None = None, sweeps: int = 300) -> Floats:
    """Non-negative weights b that maximise Σᵢ nᵢ log(xᵢ·b) − exposure·b, by expectation-maximisation.

    Parameters
    ----------
    x : ndarray, shape (N, K)
        Sources at the N rows with an event.
    exposure : ndarray, shape (K,)
        Sum of each source over all rows.
    count : ndarray, shape (N,), optional
        Events in each row; 1 if not given.
    sweeps : int

    Returns
    -------
    ndarray, shape (K,)
        Zero for a source that was never there.

    >>> fit_rates(np.ones((3, 1)), np.array([12.0])).round(6)
    array([0.25])
    """
    n = np.ones(len(x)) if count is None else count
    usable = exposure > 0
    b = np.where(usable, n.sum() / max(exposure.sum(), 1e-300), 0.0)
    if not len(x):
        return np.zeros_like(b)
    for _ in range(sweeps):
        rate = np.maximum(x @ b, 1e-300)
        b = np.where(usable, b * (x.T @ (n / rate)) / np.where(usable, exposure, 1), 0)
    return b


def log_likelihood(b: Floats, x: Floats, exposure: Floats) -> float:
    """Σ log(x·b) − exposure·b: what `fit_rates` maximises."""
    return float(np.log(x @ b).sum() - exposure @ b)


@dataclass(frozen=True)
class Rates:
    """Fitted weights per band, shape (bands, K), with the names of the sources."""

    names: tuple[str, ...]
    weights: Floats

    def rate(self, x: Floats, step: int) -> Floats:
        """Expected events, shape (C,), of sources x of shape (C, K)."""
        return np.asarray(x @ self.weights[band_of(step)])

    @functools.cached_property
    def about(self) -> dict[str, list[float]]:
        """Weights by source, for the record."""
        return {name: [round(float(v), 5) for v in self.weights[:, k]] for k, name in enumerate(self.names)}
