"""p-median: open p sites so that people are as near as possible to the nearest one, with a proven bound.

Interchange search for the plan, subgradient bound for the proof, sites fixed by the two together, and branch and bound
on what is left. Cornuejols, Fisher and Nemhauser (1977); Resende and Werneck (2007).
"""

import time

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.model import Floats, Located, data_hash, relative_gap


def median(
    away: npt.ArrayLike,
    most: int,
    weight: npt.ArrayLike | None = None,
    *,
    seed: int = 0,
    seconds: float = 30.0,
) -> Located:
    """Choose `most` sites with the least total weighted distance from every client to its nearest site.

    Parameters
    ----------
    away : array_like, shape (n_clients, n_sites)
        Distance or hours, zero or more; inf where a site cannot serve a client.
    most : int
        Sites to open.
    weight : array_like, shape (n_clients,), optional
        Ones when None.
    seconds : float
        Stop after about this long; the bound says how far from proven the answer is.

    Returns
    -------
    Located
        Least cost, so `bound` is at most `value`.

    Raises
    ------
    BadInput
        If a distance or weight is negative or missing, or the number of sites is impossible.
    Infeasible
        If a client can be served by no site; names the first ones.

    >>> from tocsin.plan.location.median import median
    >>> line = np.abs(np.subtract.outer([0, 1, 2, 10], [0, 1, 2, 10]))
    >>> median(line, 2).chosen, median(line, 2).value
    ((1, 3), 2.0)
    """
    far, folk = check_distances(away, weight)
    m = far.shape[1]
    if not 1 <= most <= m:
        raise BadInput("{most} sites cannot be opened out of {m}", most=most, m=m)
    lost = np.flatnonzero(np.isinf(far).all(axis=1))
    if len(lost):
        raise Infeasible("no site can serve client(s) {names}", names=", ".join(str(i + 1) for i in lost[:10]))
    code = data_hash(far, folk, most)
    # a finite stand-in that no plan takes while another is possible
    finite = far[np.isfinite(far)]
    big = float(finite.max(initial=0.0) * 2 + 1) * max(
        1.0, float(folk.sum()) / max(float(folk[folk > 0].min(initial=1.0)), 1e-9)
    )
    filled = np.where(np.isinf(far), big, far)
    chosen, _, bound, how = _solve(filled, folk, most, seed, seconds)
    worth = float((folk * far[:, list(chosen)].min(axis=1)).sum())
    if np.isinf(worth):
        raise Infeasible("{most} sites are too few to serve every client", most=most)
    return Located(chosen, worth, min(bound, worth), relative_gap(worth, min(bound, worth)), how, seed, code)


def check_distances(away: npt.ArrayLike, weight: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    """Distances and weights as float64, or an error that names the first row that is wrong (from 1)."""
    far = np.ascontiguousarray(np.asarray(away, dtype=np.float64))
    if far.ndim != 2 or not far.size:
        raise BadInput("distances must be a table of clients by sites")
    if np.isnan(far).any() or (far < 0).any():
        row = int(np.argmax((np.isnan(far) | (far < 0)).any(axis=1)))
        raise BadInput("client {row} has a distance that is missing or below zero", row=row + 1)
    folk = np.ones(len(far)) if weight is None else np.asarray(weight, dtype=np.float64)
    if folk.shape != (len(far),) or not np.all(np.isfinite(folk) & (folk >= 0)):
        raise BadInput("weights must be numbers of zero or more, one a client")
    return far, folk


def _solve(
    away: Floats, weight: Floats, p: int, seed: int, seconds: float
) -> tuple[tuple[int, ...], float, float, str]:
    from tocsin.plan.location import medianloops as loops

    begun = time.monotonic()
    n, m = away.shape
    near = np.argsort(away, axis=1, kind="stable").astype(np.int32)
    far = np.take_along_axis(away, near, axis=1)
    whole = bool(np.all(away == np.round(away)) and np.all(weight == np.round(weight)))
    rounds = int(np.clip(4e8 / (n * m * 3), 20, 400))
    value, sites = loops.search(away, weight, p, rounds, seed)
    status = np.zeros(m, dtype=np.int8)
    price = weight * np.take_along_axis(far, np.full((n, 1), min(m - 1, max(1, m // p // 2))), axis=1)[:, 0]
    rho = np.zeros(m)
    bound = -np.inf
    how = "interchange, subgradient bound"
    for _ in range(6):
        before = value
        found, met, met_sites, _ = loops.raise_bound(
            near, far, weight, p, status, price, value, 3000, 1.0, 30, away, whole, rho
        )
        bound = max(bound, min(found, value))
        if met < 1e299:
            polished = loops.interchange(away, weight, met_sites, np.zeros(m, dtype=np.int8))
            if polished < value:
                value, sites = polished, met_sites
        if value == before or bound >= value:
            break
    close = 1 - 1e-6 if whole else 1e-9 * max(1.0, value)
    nodes, spent = 64, 0
    while bound <= value - close and time.monotonic() - begun < seconds:
        # restarted with more nodes each time, so that a bound is there whenever the clock stops it
        kept = np.flatnonzero(status >= 0)
        value, sites, proven, used = _branch(away, weight, p, status, price, value, sites, nodes, whole, bound, kept)
        bound = max(bound, proven)
        spent = used
        if used < nodes:
            break
        nodes *= 4
    if spent:
        how = "interchange, subgradient bound, sites fixed, branch and bound"
    if bound > value - close:
        bound = value
    else:
        how += ", stopped by the clock"
    return tuple(sorted(int(j) for j in sites)), float(value), float(bound), how


def _branch(
    away: Floats,
    weight: Floats,
    p: int,
    status: npt.NDArray[np.int8],
    price: Floats,
    value: float,
    sites: npt.NDArray[np.int64],
    nodes: int,
    whole: bool,
    bound: float,
    kept: npt.NDArray[np.int64],
) -> tuple[float, npt.NDArray[np.int64], float, int]:
    """Branch and bound over the sites not yet ruled out."""
    from tocsin.plan.location import medianloops as loops

    part = np.ascontiguousarray(away[:, kept])
    near = np.argsort(part, axis=1, kind="stable").astype(np.int32)
    far = np.take_along_axis(part, near, axis=1)
    inner = np.full(p, -1, dtype=np.int64)
    best, found, proven, used = loops.branch(
        near, far, weight, p, status[kept].copy(), price.copy(), value, inner, nodes, part, whole, bound
    )
    better = best < value - 1e-9 and found[0] >= 0
    return float(best), (kept[found] if better else sites), float(proven), int(used)
