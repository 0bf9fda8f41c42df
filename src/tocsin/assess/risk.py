"""Risk over a whole horizon: the distribution of a sum of months, per cell and over all cells."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.forecast.forecast import Forecast, sparse_quantiles

DRAWS = 1_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Risk:
    """Deaths over the horizon; arrays of shape (n_cells,), NaN where nothing is known.

    `p_any` is the probability of any death in the horizon, `low_80` and `high_80` bound the central 80 %, and
    `total_*` say the same of all cells together.
    """

    mean: Floats
    p_any: Floats
    low_80: Floats
    high_80: Floats
    total_mean: float
    total_low_80: float
    total_high_80: float


def horizon_draws(forecast: Forecast, rng: np.random.Generator, n_draws: int = DRAWS) -> csr_matrix:
    """Possible sums over the forecast's months: shape (n_cells, n_draws).

    A model whose draws hold for every month alike gets a fresh draw each month (the same one for all cells, so that
    what comes together stays together); a model with draws for each month keeps its own joint course.
    """
    n_steps = len(forecast.steps)
    if forecast.repeated and n_steps > 1:
        pick = rng.integers(0, forecast.n_draws, (n_draws, n_steps))
        future = np.repeat(np.arange(n_draws), n_steps)
        times = csr_matrix(
            (np.ones(pick.size), (pick.ravel(), future)), shape=(forecast.n_draws, n_draws)
        )  # duplicate entries add up
        return csr_matrix(forecast.draws @ times)
    return csr_matrix(sum(forecast.step_draws(int(step)) for step in forecast.steps))


def horizon_risk(forecast: Forecast, rng: np.random.Generator) -> Risk:
    """Risk over the forecast's whole horizon."""
    draws = horizon_draws(forecast, rng)
    n_draws = draws.shape[1]
    low, high = sparse_quantiles(draws, [0.10, 0.90])
    p_any = np.asarray(draws.minimum(1.0).sum(axis=1)).ravel() / n_draws
    # The mean is the forecast's own, not that of the sample drawn here.
    mean = forecast.mean().sum(axis=0)
    total = np.asarray(draws[np.flatnonzero(forecast.known)].sum(axis=0)).ravel()
    unknown = ~forecast.known
    for values in (low, high, p_any):
        values[unknown] = np.nan
    return Risk(
        mean, p_any, low, high, float(np.nansum(mean)), float(np.quantile(total, 0.1)), float(np.quantile(total, 0.9))
    )
