"""Capacitated p-median: share clients among p sites, none with more than it can carry (villages among assistants)."""

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.median import check_distances
from tocsin.plan.location.model import Located, data_hash, relative_gap

MOVES = 1_500_000
MOST_CAPACITY = 10_000  # the knapsack bound keeps a table of clients by capacity


def capacitated_median(
    away: npt.ArrayLike, demand: npt.ArrayLike, capacity: float, most: int, *, seed: int = 0, runs: int = 8
) -> tuple[Located, npt.NDArray[np.int64]]:
    """Choose `most` sites and serve every client whole from one of them within the capacity, as near as possible.

    Parameters
    ----------
    away : array_like, shape (n_clients, n_sites)
        Distance or hours, finite.
    demand : array_like, shape (n_clients,)
        What each client takes of the capacity; zero or more.
    capacity : float
        Of each site.
    runs : int
        Annealing runs from different seeds; the best counts.

    Returns
    -------
    Located
        Least cost, so `bound` (knapsack relaxation, for whole demands) is at most `value`.
    served_from : ndarray of int64, shape (n_clients,)
        The site that serves each client.

    Raises
    ------
    Infeasible
        If the demand cannot fit, or no assignment that fits was found.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    from tocsin.plan.location import setloops

    far, _ = check_distances(away, None)
    need = np.asarray(demand, dtype=np.float64)
    if not np.isfinite(far).all():
        raise BadInput("distances must be finite; leave out what cannot be reached")
    if need.shape != (len(far),) or not np.all(np.isfinite(need) & (need >= 0)):
        raise BadInput("demands must be numbers of zero or more, one a client")
    n, m = far.shape
    if not 1 <= most <= m:
        raise BadInput("{most} sites cannot be opened out of {m}", most=most, m=m)
    if need.max(initial=0) > capacity or need.sum() > most * capacity:
        raise Infeasible(
            "the demand ({need:g}) does not fit into {most} sites of {capacity:g}",
            need=float(need.sum()),
            most=most,
            capacity=capacity,
        )
    code = data_hash(far, need, capacity, most)
    # clients that lie alike to all sites are neighbours; themselves come first and are left out
    alike = cdist(far, far, "cityblock")
    np.fill_diagonal(alike, -1)
    nearest = np.argsort(alike, axis=1, kind="stable")[:, 1 : min(n, 16)].copy()
    if nearest.shape[1] == 0:
        nearest = np.zeros((n, 1), dtype=np.int64)
    rng = np.random.default_rng(seed)
    best, clusters = np.inf, np.zeros(n, dtype=np.int64)
    scale = float(far.mean())
    for run in range(runs):
        sites = rng.choice(m, most, replace=False)
        cost, found = setloops.assign_within(
            far, need, float(capacity), sites, nearest, MOVES, 0.3 * scale, 0.005 * scale, seed * 64 + run
        )
        if cost < best:
            best, clusters = float(cost), found
    if not np.isfinite(best):
        raise Infeasible("no way was found to fit the clients into {most} sites; allow one more", most=most)
    sums = np.zeros((most, m))
    np.add.at(sums, clusters, far)
    rows, columns = linear_sum_assignment(sums)
    site_of = np.empty(most, dtype=np.int64)
    site_of[rows] = columns
    served = site_of[clusters]
    value = float(far[np.arange(n), served].sum())
    bound, how = 0.0, "annealing; no bound for demands that are not whole or capacities above 10,000"
    if np.all(need == np.round(need)) and capacity <= MOST_CAPACITY:
        price = np.sort(far, axis=1)[:, min(m - 1, max(1, m // most))].copy()
        bound = float(setloops.capacity_bound(far, need.astype(np.int64), int(capacity), most, price, value, 400))
        if np.all(far == np.round(far)):
            bound = float(np.ceil(bound - 1e-6))
        how = "annealing, knapsack bound"
    bound = min(max(bound, 0.0), value)
    chosen = tuple(sorted({int(j) for j in site_of}))
    return Located(chosen, value, bound, relative_gap(value, bound), how, seed, code), served
