"""The linear relaxation of a match over few pairs, and prices that bound all pairs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix, identity, vstack

from tocsin.plan.people.demands import Demands, Flags, Floats, Ints
from tocsin.plan.people.simplex import Simplex

FIRST_COLUMNS = 6  # people looked at for each post at the start
MORE_COLUMNS = 16  # and of those that could help, for each post in each further round
MANY = 300
CLOSED = 1e-9  # of the value: what the pairs left out could still add when no more are looked for


@dataclass(frozen=True)
class Relaxed:
    """The relaxation's answer and certificate.

    Parameters
    ----------
    bound : float
        No assignment is worth more.
    over : ndarray, shape (n_people, n_posts)
        What each pair gains beyond the prices (0 or less, but for rounding); an assignment with a pair is worth at
        most the bound and this.
    short : float
        By how much the demands cannot be met even in parts.
    used : ndarray of bool, shape (n_demands,)
        Demands that are written into the program, or within one person of their limit.
    """

    bound: float
    over: Floats
    short: float
    used: Flags


def relax(worth: Floats, may: Flags, demands: Demands, people: Ints, posts: Ints) -> Relaxed:
    """Solve the relaxation from the best assignment without demands (`people` in `posts`), which breaks some.

    Most demands are kept by themselves: only those that some answer breaks are written into the program. Every demand
    has a dear way out, so that there always is an answer.
    """
    n, m = worth.shape
    inside = _start(worth, may, demands, people, posts)
    at = np.argwhere(inside).astype(np.int64)
    order = np.flatnonzero(demands.broken(np.column_stack([people, posts]), within=1.0))
    dear = 10.0 * (float(worth.max()) + 1.0)
    program = Simplex(worth[at[:, 0], at[:, 1]], rows_of(at, (n, m), demands.only(order)),
                      np.r_[np.ones(n + m), demands.limit[order]])  # fmt: skip
    _ways_out(program, len(order), dear)
    is_pair = np.r_[np.ones(len(at), dtype=bool), np.zeros(len(order), dtype=bool)]
    program.solve(first=True)
    while True:
        share = program.shares()
        used = np.zeros(len(demands), dtype=bool)
        used[order] = True
        new = np.flatnonzero(demands.broken(at, share[is_pair]) & ~used)
        if len(new):
            rows = np.zeros((len(new), len(is_pair)))
            rows[:, is_pair] = demands.only(new).of_pairs(at).T.toarray()
            program.add_rows(csr_matrix(rows), demands.limit[new])
            order = np.r_[order, new]
            _ways_out(program, len(new), dear)
            is_pair = np.r_[is_pair, np.zeros(len(new), dtype=bool)]
            program.solve()
            continue
        prices = program.prices()
        of_demands = np.zeros(len(demands))
        of_demands[order] = prices[n + m :]
        over = worth - prices[:n, None] - prices[None, n : n + m] - demands.charge(of_demands)
        over[~may] = -np.inf
        # No post takes two people: what each could still gain bounds what all pairs could.
        gain = float(np.maximum(over.max(axis=0), 0.0).sum())
        short = float(share[~is_pair].sum())
        bound = float(prices @ program.limit) + gain
        missing = ~inside & (over > 1e-9)
        if gain <= CLOSED * max(abs(bound), 1.0) or not missing.any():
            break
        # Of each post's missing pairs the best few, so that the program stays small.
        rank = np.where(missing, over, -np.inf)
        few = min(MORE_COLUMNS, n)
        chosen = np.zeros_like(inside)
        np.put_along_axis(chosen, np.argpartition(-rank, few - 1, axis=0)[:few], values=True, axis=0)
        chosen &= missing
        inside |= chosen
        more = np.argwhere(chosen).astype(np.int64)
        program.add_columns(worth[more[:, 0], more[:, 1]], rows_of(more, (n, m), demands.only(order)))
        at = np.r_[at, more]
        is_pair = np.r_[is_pair, np.ones(len(more), dtype=bool)]
        # After many new pairs, starting anew is faster than stepping on.
        program.solve(first=len(more) > MANY, primal=len(more) <= MANY)
    # Demands within one person of their limit are likely to bind in whole numbers.
    return Relaxed(bound, over, short, used | demands.broken(at, share[is_pair], 1.0))


def rows_of(at: Ints, shape: tuple[int, int], demands: Demands) -> csr_matrix:
    """Rows of a program over pairs: each person once, each post once, each demand."""
    k, ones = np.arange(len(at)), np.ones(len(at))
    parts = [
        coo_matrix((ones, (at[:, 0], k)), shape=(shape[0], len(at))),
        coo_matrix((ones, (at[:, 1], k)), shape=(shape[1], len(at))),
    ]
    if len(demands):
        parts.append(demands.of_pairs(at).T)
    return csr_matrix(vstack(parts))


def _ways_out(program: Simplex, last: int, dear: float) -> None:
    """A column that eases each of the last rows, at a price nothing else has."""
    if last:
        above = len(program.limit) - last
        eased = vstack([csr_matrix((above, last)), -identity(last)])
        program.add_columns(np.full(last, -dear), csr_matrix(eased), high=1e6)


def _start(worth: Floats, may: Flags, demands: Demands, people: Ints, posts: Ints) -> npt.NDArray[np.bool_]:
    """Pairs to begin with: the best assignment's, each post's best few, and the best few of those demands ask for."""
    inside = np.zeros_like(may)
    inside[people, posts] = True
    few = min(FIRST_COLUMNS, len(worth))
    every = np.ones(len(worth), dtype=bool)
    # Demands that ask for the same people are looked at together.
    asking: dict[bytes, tuple[Flags, Flags]] = {every.tobytes(): (every, np.ones(worth.shape[1], dtype=bool))}
    for k in np.flatnonzero(demands.least):
        who = demands.weight[:, k] < 0
        asking[who.tobytes()] = (who, asking.get(who.tobytes(), (who, False))[1] | demands.inside[:, k])
    for who, where in asking.values():
        rows, cols = np.flatnonzero(who), np.flatnonzero(where)
        if len(rows):
            value = np.where(may, worth, -1.0)[np.ix_(rows, cols)]
            top = np.argpartition(-value, min(few, len(rows)) - 1, axis=0)[:few]
            inside[rows[top], np.broadcast_to(cols, top.shape)] = True
    return inside & may
