"""Which of the assistants who may move should, beside where further ones live: branch and bound, and its proof."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.plan.liaison.serve import Flags, Floats, Ints, best_service
from tocsin.plan.liaison.sites import not_dominated
from tocsin.plan.location.model import relative_gap


@dataclass(frozen=True)
class Moved:
    """Who moves where, and the certificate.

    Parameters
    ----------
    to : tuple of int
        Site each assistant there moves to; -1 for those who stay.
    sites : tuple of int
        Sites of further assistants.
    served : ndarray of int, shape (n_villages,)
        Row of the assistant who serves each village: those there first, then the further ones; -1 nobody.
    value, bound : float
        Worth of the villages served, and what no choice of as many moves and sites passes.
    """

    to: tuple[int, ...]
    sites: tuple[int, ...]
    served: Ints
    value: float
    bound: float
    gap: float


def move_assistants(
    worth: Floats, there: Flags, capacity: Ints, elsewhere: Sequence[Flags | None], moves: int, new: Flags,
    capacity_new: int, further: int, *, seconds: float = 20.0,
) -> Moved:  # fmt: skip
    """Move at most `moves` of those who may, and place `further` ones, so that the villages served are worth most.

    Of answers worth the same, one with fewer moves is taken (a move costs a ten-thousandth of the worth of all).

    Parameters
    ----------
    worth : ndarray, shape (n_villages,)
    there : ndarray of bool, shape (n_there, n_villages)
        Villages each assistant serves from where they live.
    capacity : ndarray of int, shape (n_there,)
    elsewhere : for each assistant, ndarray of bool, shape (n_sites, n_villages), or None
        Villages each could serve from each site, in the languages they speak; None for those who may not move.
    new : ndarray of bool, shape (n_sites, n_villages)
        Villages that a further assistant living at each site could serve.

    Examples
    --------
    >>> near = np.eye(2, dtype=bool)  # two villages far apart; the one assistant lives in the lesser
    >>> nobody = np.zeros((2, 2), dtype=bool)
    >>> move_assistants(np.array([1.0, 3.0]), near[:1], np.array([1]), [near], 1, nobody, 1, 0).to
    (1,)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    a, v = there.shape
    if len(elsewhere) != a or len(capacity) != a or new.shape[1] != v or moves < 0 or further < 0 or capacity_new < 1:
        raise BadInput("each assistant needs a row of villages, a capacity, and a table of sites or none")
    # Everybody's choices: to stay, to move, or (further ones) to live somewhere; each with whom it could serve.
    owner, site, reach = list(range(a)), [-1] * a, [there[k] for k in range(a)]
    for k, could in enumerate(elsewhere):
        for s in not_dominated(could).tolist() if could is not None and moves else ():
            owner.append(k)
            site.append(int(s))
            reach.append(could[s])  # type: ignore[index]
    for s in not_dominated(new).tolist() if further else ():
        owner.append(-1)
        site.append(int(s))
        reach.append(new[s])
    n = len(owner)
    who, where = np.array(owner), np.array(site)
    room = np.where(who >= 0, capacity[np.maximum(who, 0)] if a else capacity_new, capacity_new).astype(np.float64)
    option, village = np.nonzero(np.array(reach).reshape(n, v))
    y = len(option)
    count = n + np.arange(y)
    moved, fresh = np.flatnonzero((who >= 0) & (where >= 0)), np.flatnonzero(who < 0)
    known = np.flatnonzero(who >= 0)
    rows = np.concatenate([village, v + option, v + np.arange(n), v + n + np.arange(y), v + n + np.arange(y),
                           v + n + y + who[known], np.full(len(moved), v + n + y + a),
                           np.full(len(fresh), v + n + y + a + 1)])  # fmt: skip
    cols = np.concatenate([count, count, np.arange(n), count, option, known, moved, fresh])
    values = np.concatenate([np.ones(2 * y), -room, np.ones(y), -np.ones(y), np.ones(len(known) + len(moved)),
                             np.ones(len(fresh))])  # fmt: skip
    matrix = coo_matrix((values, (rows, cols)), shape=(v + n + y + a + 2, n + y)).tocsr()
    most = np.concatenate([np.ones(v), np.zeros(n + y), np.ones(a), [moves, further]])
    upper = np.ones(n + y)
    upper[fresh] = further
    small = 1e-4 * float(worth.sum())
    gain = np.r_[np.zeros(n), worth[village]]
    gain[moved] = -small
    solved = milp(-gain, constraints=LinearConstraint(matrix, -np.inf, most), bounds=Bounds(0, upper),
                  integrality=np.r_[np.ones(n), np.zeros(y)],
                  options={"time_limit": seconds, "mip_rel_gap": 1e-9})  # fmt: skip
    to, chosen = [-1] * a, list[int]()
    bound = float(worth.sum())
    if solved.x is not None:
        able = sum(could is not None for could in elsewhere)
        bound = min(bound, -float(solved.mip_dual_bound) + small * min(moves, able))
        for k in np.flatnonzero(solved.x[:n] > 0.5).tolist():
            if who[k] < 0:
                chosen += [int(where[k])] * round(float(solved.x[k]))
            elif where[k] >= 0:
                to[who[k]] = int(where[k])
    lives = [there[k] if s < 0 else elsewhere[k][s] for k, s in enumerate(to)]  # type: ignore[index]
    rows_now = np.array([*lives, *new[chosen]], dtype=bool).reshape(a + len(chosen), v)
    served = best_service(rows_now, np.r_[capacity, np.full(len(chosen), capacity_new)].astype(np.int64), worth)
    value = float(worth[served >= 0].sum())
    bound = max(bound, value)
    return Moved(tuple(to), tuple(chosen), served, value, bound, relative_gap(value, bound))
