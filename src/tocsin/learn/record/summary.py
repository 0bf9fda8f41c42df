"""From scored rows to the figures of the record: never one alone, because zero wins some of them.

Each figure is a function of `Rows`; `METRICS` names them all, and a name that is not there is an error, not an empty
success.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.learn.record.reach import top_share
from tocsin.learn.record.scores import LARGE, Rows

Floats = npt.NDArray[np.float64]


def average_precision(wanted: npt.NDArray[np.bool_], risk: Floats) -> float:
    """Area under precision against recall (AP): how clean the top of the list is. Ties share one threshold.

    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    0.8333333333333333
    """
    if not wanted.any():
        return float("nan")
    order = np.argsort(-risk, kind="stable")
    hits = np.cumsum(wanted[order])
    last = np.append(np.flatnonzero(np.diff(risk[order])), len(order) - 1)
    precision = hits[last] / (last + 1)
    recall = hits[last] / hits[-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def pit_histogram(rows: Rows, bins: int = 10) -> Floats:
    """Share of outcomes in each tenth of the forecast distribution; all equal when calibrated.

    For counts the PIT value is spread evenly between the shares of draws under and not over the observation, without
    random numbers (Czado, Gneiting and Held 2009, Biometrics 65(4)).
    """
    edges = np.linspace(0, 1, bins + 1)
    return np.diff([_pit_cdf(rows, edge).mean() for edge in edges])


def _pit_cdf(rows: Rows, u: float) -> Floats:
    width = rows.upto - rows.below
    inside = np.clip((u - rows.below) / np.where(width > 0, width, 1), 0, 1)
    point = (rows.upto < u) | ((rows.upto == u) & (u == 1))
    return np.asarray(np.where(width > 0, inside, point))


def reliability(rows: Rows, bins: int = 10) -> dict[str, Floats]:
    """Forecast and observed frequency of any death, in groups of equally many expected events from low to high risk."""
    order = np.argsort(rows.p_any, kind="stable")
    p, hit = rows.p_any[order], np.minimum(rows.observed[order], 1)
    group = np.minimum((np.cumsum(p) / max(p.sum(), 1e-300) * bins).astype(int), bins - 1)
    n = np.bincount(group, minlength=bins)
    filled = n > 0
    return {
        "rows": n[filled].astype(np.float64),
        "forecast": (np.bincount(group, p, bins)[filled] / n[filled]),
        "observed": (np.bincount(group, hit, bins)[filled] / n[filled]),
    }


def _ratio(of: float, to: float) -> float:
    return of / to if to > 0 else float("nan")


def _on(rows: Rows, values: Floats, events: bool) -> float:
    chosen = values[(rows.observed > 0) == events]
    return float(chosen.mean()) if len(chosen) else float("nan")


def _log_any(rows: Rows) -> float:
    p, hit = np.clip(rows.p_any, 5e-4, 1 - 5e-4), np.minimum(rows.observed, 1)
    return float(-np.mean(hit * np.log2(p) + (1 - hit) * np.log2(1 - p)))


METRICS: dict[str, Callable[[Rows], float]] = {
    "crps": lambda r: float(r.crps.mean()),
    "crps_events": lambda r: _on(r, r.crps, True),
    "crps_zeros": lambda r: _on(r, r.crps, False),
    "ign": lambda r: float(r.ign.mean()),
    "mis": lambda r: float(r.mis.mean()),
    "brier": lambda r: float(np.mean((r.p_any - np.minimum(r.observed, 1)) ** 2)),
    "brier_25": lambda r: float(np.mean((r.p_25 - (r.observed >= LARGE)) ** 2)),
    "ap": lambda r: average_precision(r.observed > 0, r.p_any),
    "ap_25": lambda r: average_precision(r.observed >= LARGE, r.p_25),
    "mean_ratio": lambda r: _ratio(float(r.mean.sum()), float(r.observed.sum())),
    # Share of outcomes inside the interval as drawn; for counts that are mostly zero even a good one covers more.
    "coverage": lambda r: float(np.mean((r.low <= r.observed) & (r.observed <= r.high))),
    # Share of PIT values within 5–95 %: 0.90 when calibrated, however many zeros there are.
    "coverage_pit": lambda r: float((_pit_cdf(r, 0.95) - _pit_cdf(r, 0.05)).mean()),
    "coverage_events": lambda r: _on(r, ((r.low <= r.observed) & (r.observed <= r.high)).astype(np.float64), True),
    "top_1": lambda r: top_share(r, 0.01),
    "top_5": lambda r: top_share(r, 0.05),
    "top_10": lambda r: top_share(r, 0.10),
    # −log₂ of the chance given to what happened, any death or none; a chance of 0 counts as half a draw in 1,000.
    "log_any": _log_any,
    # Mean width of the 90 % interval: sharpness, to be read with coverage.
    "width": lambda r: float(np.mean(r.high - r.low)),
    "positives": lambda r: float(np.mean(r.observed > 0)),
    "rows": lambda r: float(len(r)),
}


def summary(rows: Rows, metrics: Iterable[str] = tuple(METRICS)) -> dict[str, float]:
    """The named figures of scored rows.

    Raises
    ------
    BadInput
        If a name is not one of `METRICS`.
    """
    names = list(metrics)
    for name in names:
        if name not in METRICS:
            raise BadInput("there is no measure '{name}': choose {known}", name=name, known=", ".join(METRICS))
    return {name: METRICS[name](rows) for name in names}
