"""No plan of patrols is worth more than this: a linear program over stretches travelled."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, vstack
from scipy.sparse.csgraph import connected_components

from tocsin.plan.patrols.model import Ints, Outing

ROUNDS = 6


def linear_bound(problem: Outing, clients: Ints, rounds: int = ROUNDS) -> float:
    """Upper bound on the worth of all routes together.

    Every place visited is entered and left once, as many patrols leave the bases as there are, and all stretches and
    stays together take no longer than all patrols have. Parts that hang together without a base are cut off, a few
    rounds. Windows only rule out stretches that no patrol could travel in time.
    """
    from scipy.optimize import linprog

    k = len(clients)
    if not k:
        return 0.0
    first = min(p.leave for p in problem.patrols)
    last = max(p.back for p in problem.patrols)
    hours = problem.hours[np.ix_(clients, clients)]
    out = problem.hours[sorted({p.start for p in problem.patrols})][:, clients].min(axis=0)
    home = problem.hours[:, sorted({p.end for p in problem.patrols})][clients].min(axis=1)
    stay = problem.stay[clients]
    soonest = np.maximum(first + out, problem.opens[clients])
    good = soonest[:, None] + stay[:, None] + hours <= problem.closes[clients][None, :] + 1e-6
    good &= (
        np.maximum(soonest[:, None] + stay[:, None] + hours, problem.opens[clients][None, :]) + (stay + home)[None, :]
        <= last + 1e-6
    )
    np.fill_diagonal(good, val=False)
    a, b = np.nonzero(good)
    # The base is node k: arcs k -> j and i -> k.
    tail = np.concatenate([a, np.full(k, k), np.arange(k)])
    head = np.concatenate([b, np.arange(k), np.full(k, k)])
    cost = np.concatenate([hours[a, b] + stay[a], out, home + stay])
    n_arcs = len(tail)
    # visits y are the last k variables
    arcs = np.arange(n_arcs)
    leaves = coo_matrix((np.ones(n_arcs), (tail, arcs)), shape=(k + 1, n_arcs)).tocsr()[:k]
    enters = coo_matrix((np.ones(n_arcs), (head, arcs)), shape=(k + 1, n_arcs)).tocsr()[:k]
    minus = -csr_matrix(np.eye(k))
    from scipy.sparse import hstack

    equal = vstack([hstack([leaves, minus]), hstack([enters, minus])], format="csr")
    budget = sum(p.back - p.leave for p in problem.patrols)
    rows = [csr_matrix(np.concatenate([cost, np.zeros(k)])), csr_matrix(np.concatenate([tail == k, np.zeros(k)]))]
    limit = [budget + 1e-6 * len(problem.patrols), float(len(problem.patrols))]
    gain = np.concatenate([np.zeros(n_arcs), problem.worth[clients]])
    value = float(problem.worth[clients].sum())
    for _ in range(rounds):
        solved = linprog(
            -gain, A_ub=vstack(rows, format="csr"), b_ub=limit, A_eq=equal, b_eq=np.zeros(2 * k), bounds=(0, 1),
            method="highs-ipm",
        )  # fmt: skip
        if solved.status != 0:
            break
        value = min(value, -float(solved.fun))
        flow, visit = solved.x[:n_arcs], solved.x[n_arcs:]
        support = flow > 1e-6
        count, part = connected_components(
            coo_matrix((flow[support], (tail[support], head[support])), shape=(k + 1, k + 1)), directed=False
        )
        new = 0
        for c in range(count):
            inside = part == c
            if inside[k] or inside.sum() < 2:
                continue
            # What goes in at least equals the visit of any one place inside.
            strongest = int(np.argmax(np.where(inside[:k], visit, -1)))
            enter = (~inside[tail] & inside[head]).astype(np.float64)
            row = np.concatenate([-enter, np.zeros(k)])
            row[n_arcs + strongest] = 1.0
            rows.append(csr_matrix(row))
            limit.append(0.0)
            new += 1
        if not new:
            break
    return value
