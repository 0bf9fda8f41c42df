"""A posture over several months: what to open, close or move when, with moves that cost time and are few a month."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, lil_matrix

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.model import relative_gap
from tocsin.plan.posture.model import Floats


@dataclass(frozen=True)
class Schedule:
    """Where each unit stands in each month (`at`: months × units, -1 for nowhere), with value, bound and gap.

    `value` is expected deaths within reach, summed over the months, less the time moves cost.
    """

    at: tuple[tuple[int, ...], ...]
    value: float
    bound: float
    gap: float
    moves: tuple[tuple[int, int, int], ...]


def schedule(
    cover: Sequence[csr_matrix],
    risk: Floats,
    now: Sequence[int],
    *,
    most_moves: int,
    lost_share: float = 0.25,
    may_move: Sequence[bool] | None = None,
    allowed: npt.NDArray[np.bool_] | None = None,
    each: Sequence[tuple[Sequence[int], Sequence[int], int]] = (),
    seconds: float = 30.0,
) -> Schedule:
    """The best places of every unit in every month.

    Parameters
    ----------
    cover : sequence of csr_matrix, shape (n_cells, n_places), one a month
        What a unit at each place reaches in that month's season.
    risk : ndarray, shape (n_months, n_cells)
    now : sequence of int
        Place of each unit before the first month; -1 for a unit that still has to come.
    most_moves : int
        Moves a month.
    lost_share : float
        Share of the month that a move costs: of what the new place reaches, so much is not counted.
    may_move : sequence of bool, optional
        Units that stay where they are are False.
    allowed : ndarray of bool, shape (n_months, n_units, n_places), optional
        Where each unit may stand in each month.
    each : sequence of (units, places, least), optional
        So many of these units must stand at these places in every month.

    Raises
    ------
    Infeasible
        If no schedule keeps to it all, or none was found in time.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    months, n_cells = (int(v) for v in risk.shape)
    units, places = len(now), int(cover[0].shape[1])
    if len(cover) != months or any(c.shape != (n_cells, places) for c in cover):
        raise BadInput("there must be one cover matrix a month, all of one shape")
    if not 0 <= lost_share <= 1 or most_moves < 0:
        raise BadInput("a move costs a share of a month from 0 to 1, and moves cannot be fewer than none")
    n_x = months * units * places

    def x(t: int, u: int, s: int) -> int:
        return (t * units + u) * places + s

    def moved(t: int, u: int, s: int) -> int:
        return n_x + x(t, u, s)

    used = [np.flatnonzero((risk[t] > 0) & (np.diff(cover[t].tocsr().indptr) > 0)) for t in range(months)]
    z_at = np.concatenate([[2 * n_x], 2 * n_x + np.cumsum([len(i) for i in used])])
    n = int(z_at[-1])
    cost, upper, whole = np.zeros(n), np.ones(n), np.zeros(n)
    whole[:n_x] = 1
    rows = lil_matrix((sum(len(i) for i in used) + months * units * (places + 1) + months * (1 + len(each)), n))
    least, most = np.full(rows.shape[0], -np.inf), np.zeros(rows.shape[0])
    r = 0
    for t in range(months):
        pattern = cover[t].tocsr()
        reach = np.asarray(pattern.T @ risk[t]).ravel()
        for k, i in enumerate(used[t]):
            rows[r, z_at[t] + k] = 1
            for s in pattern.indices[pattern.indptr[i] : pattern.indptr[i + 1]]:
                for u in range(units):
                    rows[r, x(t, u, int(s))] = -1
            cost[z_at[t] + k] = -risk[t, i]
            r += 1
        for u in range(units):
            rows[r, [x(t, u, s) for s in range(places)]] = 1
            most[r] = 1
            least[r] = 1 if now[u] >= 0 else -np.inf
            r += 1
            for s in range(places):
                rows[r, x(t, u, s)] = 1
                rows[r, moved(t, u, s)] = -1
                if t > 0:
                    rows[r, x(t - 1, u, s)] = -1
                elif now[u] == s:
                    most[r] = 1
                cost[moved(t, u, s)] = lost_share * reach[s]
                r += 1
                if may_move is not None and not may_move[u]:
                    upper[x(t, u, s)] = float(s == now[u])
                if allowed is not None and not allowed[t, u, s]:
                    upper[x(t, u, s)] = 0.0
        rows[r, [moved(t, u, s) for u in range(units) for s in range(places)]] = 1
        most[r] = most_moves
        r += 1
        for some, there, number in each:
            rows[r, [x(t, u, s) for u in some for s in there]] = 1
            least[r], most[r] = number, np.inf
            r += 1
    solved = milp(
        cost,
        constraints=LinearConstraint(csr_matrix(rows), least, most),
        bounds=Bounds(0, upper),
        integrality=whole,
        options={"time_limit": seconds, "mip_rel_gap": 1e-9},
    )
    if solved.status == 2:
        raise Infeasible("no schedule keeps to all of the request with {most} moves a month: allow more moves, or ask "
                         "for less", most=most_moves)  # fmt: skip
    if solved.x is None:
        raise Infeasible("no schedule was found within {seconds:g} seconds; allow more time", seconds=seconds)
    chosen = solved.x[:n_x].reshape(months, units, places) > 0.5
    at = np.where(chosen.any(axis=2), chosen.argmax(axis=2), -1)
    value, moves, before = 0.0, [], np.asarray(now)
    for t in range(months):
        pattern = cover[t].tocsr()
        standing = at[t][at[t] >= 0]
        near = np.asarray(pattern[:, standing].sum(axis=1)).ravel() > 0
        value += float(risk[t][near].sum())
        reach = np.asarray(pattern.T @ risk[t]).ravel()
        for mover in np.flatnonzero((at[t] != before) & (at[t] >= 0)):
            u = int(mover)
            moves.append((t, u, int(at[t, u])))
            value -= lost_share * float(reach[at[t, u]])
        before = at[t]
    bound = max(value, -float(solved.mip_dual_bound)) if solved.mip_dual_bound is not None else float(risk.sum())
    return Schedule(
        tuple(tuple(int(v) for v in row) for row in at), value, bound, relative_gap(value, bound), tuple(moves)
    )
