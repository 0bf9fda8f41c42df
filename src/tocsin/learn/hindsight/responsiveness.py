"""Did the posture follow violence? An event study of presence around months in which civilians were killed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, NoData

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FEWEST = 5  # places with a shock; below this an interval would pretend


@dataclass(frozen=True)
class Response:
    """Change of presence around a shock, by months from it.

    Parameters
    ----------
    lags : ndarray of int
        Months from the shock.
    change : ndarray
        Mean change of presence since the month before the shock, less the change in places without one.
    low, high : ndarray
        90 % interval by resampling places.
    shocks, places : int
        How many shocks, in how many places.
    months_to_respond : int or None
        First month after the shock whose interval lies above zero; None when there is none.
    words : str
    """

    lags: npt.NDArray[np.int64]
    change: Floats
    low: Floats
    high: Floats
    shocks: int
    places: int
    months_to_respond: int | None
    words: str


def responsiveness(
    presence: Floats,
    killed: Floats,
    rng: np.random.Generator,
    *,
    threshold: float = 5.0,
    quiet: int = 12,
    before: int = 6,
    after: int = 12,
    only: Flags | None = None,
    resamples: int = 500,
) -> Response:
    """How presence changed around shocks, against places that had none in the same months.

    A shock is a month with at least `threshold` civilians killed in a place, after `quiet` months without one.

    Parameters
    ----------
    presence : ndarray, shape (n_months, n_places)
        Troops near (or any measure); NaN where unknown, which is left out.
    killed : ndarray, shape (n_months, n_places)
    only : ndarray of bool, shape (n_places,), optional
        Count shocks in these places only (a terrain, an area).

    Raises
    ------
    NoData
        If fewer than five places have a shock with enough months on either side.
    """
    if presence.shape != killed.shape:
        raise BadInput("presence and killings must have the same months and places")
    n_months, n_places = killed.shape
    big = killed >= threshold
    lags = np.arange(-before, after + 1)
    paths: dict[int, list[Floats]] = {}
    for place in range(n_places):
        if only is not None and not only[place]:
            continue
        for month in np.flatnonzero(big[:, place]):
            lo, hi = month - before, month + after
            if lo < 1 or hi >= n_months or big[max(0, month - quiet) : month, place].any():
                continue
            # places without a shock from well before to the end of the window
            calm = ~big[max(0, month - quiet) : hi + 1].any(axis=0)
            if not calm.any():
                continue
            here = presence[lo : hi + 1, place] - presence[month - 1, place]
            there = presence[lo : hi + 1][:, calm] - presence[month - 1, calm]
            known = ~np.isnan(there)
            control = np.where(known, there, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            if np.isnan(here).any() or not known.any(axis=1).all():
                continue
            paths.setdefault(place, []).append(here - control)
    if len(paths) < FEWEST:
        raise NoData(
            "{n} place(s) with a month of killing and enough known months around it are too few to see a response",
            n=len(paths),
        )
    sums = np.array([np.sum(v, axis=0) for v in paths.values()])
    counts = np.array([len(v) for v in paths.values()])
    change = sums.sum(axis=0) / counts.sum()
    picks = rng.integers(0, len(counts), (resamples, len(counts)))
    again = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)[:, None]
    low, high = np.quantile(again, [0.05, 0.95], axis=0)
    later = np.flatnonzero((lags > 0) & (low > 0))
    first = int(lags[later[0]]) if len(later) else None
    words = (
        f"After {int(counts.sum())} shocks in {len(counts)} places, presence nearby changed by {change[-1]:+.0f} "
        f"within {after} months ({low[-1]:+.0f} to {high[-1]:+.0f}) beyond what happened elsewhere"
    )
    words += f"; above zero from month {first}." if first is not None else "; no response can be told from nothing."
    return Response(lags, change, low, high, int(counts.sum()), len(counts), first, words)
