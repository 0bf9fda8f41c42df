"""How good was each forecast: one row a cell and month that can be judged, with the field's own scores.

Definitions are those of the VIEWS prediction challenge 2023/24 (github.com/prio-data/prediction_competition_2023;
Hegre et al. 2025, Journal of Peace Research 62(6)), computed exactly from sparse draws:

- **CRPS**: mean |draw − obs| − ½ mean |draw − draw'| over all pairs (the 1/S² form);
- **IGN**: −log₂ of the share of draws in the observation's class, classes cut at `BIN_EDGES`, one extra draw in every
  class; for a forecast of `IGN_DRAWS` draws (others are scaled to that number). The last class is open, so 1,000
  deaths and more are scored like any other outcome (the published evaluator stops there with an error);
- **MIS**: width of the central 90 % interval + 2/0.1 × the distance by which the observation misses it.

Rows whose history or outcome is unknown are not scored: they are neither right nor wrong.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast import Forecast
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]

BIN_EDGES = (0.5, 2.5, 5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5)
IGN_DRAWS = 1000
LARGE = 25


@dataclass(frozen=True)
class Rows:
    """Scored forecasts, one entry a cell and month; all arrays have shape (N,).

    Parameters
    ----------
    origin, step, gid : int arrays
        Last month seen, months ahead, cell.
    observed : float array
        Deaths that were counted.
    mean, p_any, p_25, low, high : float arrays
        What was forecast: expected deaths, probabilities of any and of 25 or more, central 90 % interval.
    crps, ign, mis : float arrays
        Scores, lower is better.
    below, upto : float arrays
        Share of draws under, and not over, the observation: the ends between which the PIT value lies.
    """

    origin: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    gid: npt.NDArray[np.int64]
    observed: Floats
    mean: Floats
    p_any: Floats
    p_25: Floats
    low: Floats
    high: Floats
    crps: Floats
    ign: Floats
    mis: Floats
    below: Floats
    upto: Floats

    def __len__(self) -> int:
        return len(self.observed)

    def where(self, keep: npt.NDArray[np.bool_]) -> "Rows":
        """Those rows only."""
        return Rows(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})


def joined(parts: list[Rows]) -> Rows:
    """All rows of several scorings."""
    if not parts:
        raise BadInput("there is nothing to score: no forecast could be made or judged")
    return Rows(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)})


def score(forecast: Forecast, observed: npt.NDArray[np.floating]) -> Rows:
    """Score a forecast against what happened.

    Parameters
    ----------
    forecast : Forecast
        C cells × H steps.
    observed : ndarray, shape (H, C)
        Deaths; NaN where nobody looked.

    Returns
    -------
    Rows
        One a cell and step with known history and outcome.

    Raises
    ------
    BadInput
        If the shapes disagree or an observation is negative.
    """
    truth = np.asarray(observed, dtype=np.float64)
    steps, cells = len(forecast.steps), len(forecast.gids)
    if truth.shape != (steps, cells):
        raise BadInput("observations must be steps × cells of the forecast they judge")
    if np.nanmin(truth, initial=0) < 0:
        raise BadInput("an observed number of deaths is negative")
    parts = []
    for at, step in enumerate(forecast.steps):
        block = forecast if forecast.repeated else _one_step(forecast, at)
        y = truth[at]
        keep = forecast.known & ~np.isnan(y)
        low, high = (block.row_quantile(level)[keep] for level in (0.05, 0.95))
        below, upto = _shares(block, np.nan_to_num(y))
        y_known = y[keep]
        parts.append(
            Rows(
                origin=np.full(int(keep.sum()), forecast.as_of),
                step=np.full(int(keep.sum()), int(step)),
                gid=forecast.gids[keep],
                observed=y_known,
                mean=block.row_means()[keep],
                p_any=block.row_p_any()[keep],
                p_25=block.row_p_at_least(LARGE)[keep],
                low=low,
                high=high,
                crps=_crps(block, np.nan_to_num(y))[keep],
                ign=_ignorance(block, np.nan_to_num(y))[keep],
                mis=high - low + 20 * (np.maximum(low - y_known, 0) + np.maximum(y_known - high, 0)),
                below=below[keep],
                upto=upto[keep],
            )
        )
    return joined(parts)


def _one_step(forecast: Forecast, at: int) -> Forecast:
    cells = len(forecast.gids)
    rows = slice(at * cells, (at + 1) * cells)
    return Forecast(
        forecast.gids,
        forecast.as_of,
        forecast.steps[at : at + 1],
        forecast.target,
        forecast.model,
        forecast.draws[rows],
        forecast.known,
        chances=None if forecast.chances is None else forecast.chances[rows],
        means=None if forecast.means is None else forecast.means[rows],
    )


def _rows_of(block: Forecast) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(block.draws.shape[0]), np.diff(block.draws.indptr))


def _crps(block: Forecast, y: Floats) -> Floats:
    n, stored = block.n_draws, np.diff(block.draws.indptr)
    rows, values = _rows_of(block), block.ordered.astype(np.float64)
    distance = (block.row_sums(np.abs(values - y[rows])) + (n - stored) * y) / n
    # ½ mean |x − x'| = Σ (2i − n − 1) x_(i) / n² over ranks i; zeros come first and add nothing.
    rank = np.arange(len(values)) - np.repeat(block.draws.indptr[:-1], stored) + np.repeat(n - stored, stored) + 1
    spread = block.row_sums((2 * rank - n - 1) * values) / n**2
    return np.asarray(distance - spread)


def _shares(block: Forecast, y: Floats) -> tuple[Floats, Floats]:
    rows, values, n = _rows_of(block), block.draws.data, block.n_draws
    zeros = n - np.diff(block.draws.indptr)
    below = block.row_sums(values < y[rows]) + np.where(y > 0, zeros, 0)
    upto = block.row_sums(values <= y[rows]) + zeros
    return below / n, upto / n


def _ignorance(block: Forecast, y: Floats) -> Floats:
    rows, n = _rows_of(block), block.n_draws
    own = np.searchsorted(BIN_EDGES, y, side="right")
    same = block.row_sums(np.searchsorted(BIN_EDGES, block.draws.data, side="right") == own[rows])
    same += np.where(own == 0, n - np.diff(block.draws.indptr), 0)
    classes = len(BIN_EDGES) + 1
    return np.asarray(-np.log2((same / n * IGN_DRAWS + 1) / (IGN_DRAWS + classes)))
