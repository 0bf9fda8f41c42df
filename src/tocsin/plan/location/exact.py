"""Maximal covering by branch and bound (HiGHS through scipy), for problems that close."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack, identity, vstack

from tocsin.plan.location.model import Floats, Group
from tocsin.plan.location.reduce import Reduced


@dataclass(frozen=True)
class Answer:
    """A choice and its proven bound on the reduced problem, with what is always covered counted in."""

    chosen: tuple[int, ...]
    value: float
    bound: float
    method: str


def exact_cover(
    small: Reduced, groups: Sequence[Group], cost: Floats, budget: float, seconds: float, nodes: int | None = None
) -> Answer:
    """Solve the standard model: max w·z, z_i ≤ Σ_j a_ij x_j, Σ x ≤ most in each group, cost·x ≤ budget.

    z is continuous: with x whole, it is whole by itself. A limit in time or nodes leaves a valid bound.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    n_rows, n_columns = small.cover.shape
    total = float(small.weight.sum())
    if n_rows == 0 or not groups:
        return Answer((), small.always, small.always, "nothing left to cover")
    pattern = csr_matrix((np.ones(small.cover.nnz), small.cover.indices, small.cover.indptr), shape=small.cover.shape)
    rows = [hstack([-pattern, identity(n_rows, format="csr")], format="csr")]
    upper = [np.zeros(n_rows)]
    ceiling = np.zeros(n_columns)
    for group in groups:
        line = csr_matrix(
            (np.ones(len(group.members)), (np.zeros(len(group.members), dtype=np.int64), group.members)),
            shape=(1, n_columns + n_rows),
        )
        rows.append(line)
        upper.append(np.array([float(group.most)]))
        ceiling[group.members] = 1
    if np.isfinite(budget):
        rows.append(csr_matrix(np.concatenate([cost, np.zeros(n_rows)])[None, :]))
        upper.append(np.array([budget]))
    solved = milp(
        np.concatenate([np.zeros(n_columns), -small.weight]),
        constraints=LinearConstraint(vstack(rows, format="csc"), -np.inf, np.concatenate(upper)),
        bounds=Bounds(0, np.concatenate([ceiling, np.ones(n_rows)])),
        integrality=np.concatenate([np.ones(n_columns), np.zeros(n_rows)]),
        options={"time_limit": seconds, "mip_rel_gap": 1e-9, **({} if nodes is None else {"node_limit": nodes})},
    )
    bound = total if solved.mip_dual_bound is None else min(total, -float(solved.mip_dual_bound))
    if solved.x is None:
        return Answer((), small.always, small.always + bound, "branch and bound, stopped before a plan was found")
    chosen = tuple(int(j) for j in np.flatnonzero(solved.x[:n_columns] > 0.5))
    value = -float(solved.fun)
    method = "branch and bound" if solved.status == 0 else "branch and bound, stopped at its limit"
    return Answer(chosen, small.always + value, small.always + max(bound, value), method)
