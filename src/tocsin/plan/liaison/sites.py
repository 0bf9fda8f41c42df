"""Where further assistants should live: capacitated covering, by branch and bound over sites only."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.plan.liaison.serve import Flags, Floats, Ints, best_service
from tocsin.plan.location.model import data_hash, relative_gap


@dataclass(frozen=True)
class Sited:
    """Sites of further assistants, and the certificate.

    Parameters
    ----------
    sites : tuple of int
        Site of each further assistant, the one that brings most first; a site may come twice.
    served : ndarray of int, shape (n_villages,)
        Row of the assistant who serves each village: those there first, then `sites` in their order; -1 nobody.
    value : float
        Worth of the villages served.
    bound : float
        No other choice of as many sites serves more.
    """

    sites: tuple[int, ...]
    served: Ints
    value: float
    bound: float
    gap: float
    method: str
    data_hash: str

    @property
    def proven(self) -> bool:
        """Whether no better choice exists."""
        return self.gap <= 1e-7


def place_assistants(
    worth: Floats, there: Flags, capacity_there: Ints, new: Flags, capacity: int, further: int, *, seconds: float = 20.0
) -> Sited:
    """Choose where `further` assistants live beside those who are there, so that the villages served are worth most.

    Whole numbers are wanted of the sites only: with these fixed, sharing villages among assistants is a flow whose best
    answer is whole. Sites that reach no more than another one are left out before.

    Parameters
    ----------
    worth : ndarray, shape (n_villages,)
    there : ndarray of bool, shape (n_there, n_villages)
        Villages that each assistant there can serve.
    capacity_there : ndarray of int, shape (n_there,)
    new : ndarray of bool, shape (n_sites, n_villages)
        Villages that an assistant living at each site could serve.
    capacity : int
        Villages each further one can serve.
    further : int
    seconds : float
        Longest to look; the best found counts then, with its gap.

    Examples
    --------
    >>> new = np.array([[True, True, False], [False, True, True]])
    >>> nobody = np.zeros((0, 3), dtype=bool)
    >>> place_assistants(np.array([3.0, 1.0, 2.0]), nobody, np.zeros(0, dtype=int), new, 2, 1).sites
    (0,)
    """
    v = len(worth)
    if there.shape != (len(capacity_there), v) or new.shape[1:] != (v,) or np.any(worth < 0):
        raise BadInput("assistants need a row of villages each, and villages a worth of zero or more")
    if further < 0 or capacity < 1 or np.any(capacity_there < 0):
        raise BadInput("further assistants are 0 or more, and each serves 1 village or more")
    code = data_hash(worth, there, capacity_there, new, capacity, further)
    alone = best_service(there, capacity_there, worth)
    value = float(worth[alone >= 0].sum())
    keep = not_dominated(new)
    if further == 0 or not len(keep):
        return Sited((), alone, value, value, 0.0, "villages from the most worth, exact", code)
    count, bound, how = _branch(worth, there, capacity_there, new[keep], capacity, further, seconds)
    sites = [int(keep[k]) for k in np.repeat(np.arange(len(keep)), count)]
    ordered = _in_order(worth, there, capacity_there, new, capacity, sites)
    rows, room = np.vstack([there, new[ordered]]), np.r_[capacity_there, np.full(len(ordered), capacity)]
    served = best_service(rows, room.astype(np.int64), worth)
    value = float(worth[served >= 0].sum())
    bound = max(bound, value)
    return Sited(tuple(ordered), served, value, bound, relative_gap(value, bound), how, code)


def not_dominated(new: Flags) -> Ints:
    """Sites that reach something no other one reaches as a whole; of equal ones the first."""
    size = new.sum(axis=1)
    order = np.lexsort((np.arange(len(new)), -size))
    keep: list[int] = []
    for j in order:
        if size[j] and not any(not (new[j] & ~new[k]).any() for k in keep):
            keep.append(int(j))
    return np.array(sorted(keep), dtype=np.int64)


def _branch(
    worth: Floats, there: Flags, capacity_there: Ints, new: Flags, capacity: int, further: int, seconds: float
) -> tuple[Ints, float, str]:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    a0, w0 = np.nonzero(there)
    s0, w1 = np.nonzero(new)
    n_old, n_new, n_sites, v = len(a0), len(s0), len(new), len(worth)
    y = n_old + n_new
    most = np.minimum(further, np.ceil(new.sum(axis=1) / capacity))  # more at one site have nobody left to serve
    k = np.arange(n_new)
    cells: list[tuple[Any, Any, Any]] = [
        (np.r_[w0, w1], np.arange(y), np.ones(y)),  # each village once
        (v + a0, np.arange(n_old), np.ones(n_old)),  # capacity of those there
        (v + len(there) + s0, n_old + k, np.ones(n_new)),  # capacity at each site
        (v + len(there) + np.arange(n_sites), y + np.arange(n_sites), np.full(n_sites, -float(capacity))),
        (v + len(there) + n_sites + k, n_old + k, np.ones(n_new)),  # nobody is served from where nobody lives
        (v + len(there) + n_sites + k, y + s0, -np.ones(n_new)),
        (np.full(n_sites, v + len(there) + n_sites + n_new), y + np.arange(n_sites), np.ones(n_sites)),
    ]
    row, col, val = (np.concatenate([c[i] for c in cells]) for i in range(3))
    n_rows = v + len(there) + n_sites + n_new + 1
    limit = np.r_[np.ones(v), capacity_there, np.zeros(n_sites + n_new), further]
    matrix = coo_matrix((val, (row, col)), shape=(n_rows, y + n_sites)).tocsr()
    solved = milp(
        -np.r_[worth[w0], worth[w1], np.zeros(n_sites)],
        constraints=LinearConstraint(matrix, -np.inf, limit),
        bounds=Bounds(0, np.r_[np.ones(y), most]),
        integrality=np.r_[np.zeros(y), np.ones(n_sites)],
        options={"time_limit": seconds, "mip_rel_gap": 1e-9},
    )  # fmt: skip
    if solved.x is None:
        return np.zeros(n_sites, dtype=np.int64), float(worth.sum()), "stopped before any plan was found"
    how = f"branch and bound over {n_sites} sites" + ("" if solved.status == 0 else ", stopped at its limit")
    return np.round(solved.x[y:]).astype(np.int64), min(-float(solved.mip_dual_bound), float(worth.sum())), how


def _in_order(
    worth: Floats, there: Flags, capacity_there: Ints, new: Flags, capacity: int, sites: list[int]
) -> list[int]:
    """The chosen sites, at each step the one that brings most; those that bring nothing are left out."""
    left, order = list(sites), list[int]()
    value = -1.0
    while left:
        best: tuple[float, int] = (-1.0, -1)
        for site in sorted(set(left)):
            rows = np.vstack([there, new[[*order, site]]])
            room = np.r_[capacity_there, np.full(len(order) + 1, capacity)].astype(np.int64)
            got = float(worth[best_service(rows, room, worth) >= 0].sum())
            if got > best[0] + 1e-12:
                best = (got, site)
        if best[0] <= value + 1e-12:
            break
        value = best[0]
        order.append(best[1])
        left.remove(best[1])
    return order
