"""Units that are alike in a problem: who of them goes where makes no difference, and need not be searched through.

Two units are alike when what they could be sent to do reaches the same, costs the same and counts the same in every
demand, but for one thing that each may lack: to go where it stands already. Instead of one yes or no for each unit and
place there is one count for each place; what the units do where they stand stays their own. Which unit goes where is
settled afterwards, and it always can be: by Hall's theorem it is enough that no more go than are free, and to each
place no more than are free among those that can (of two places, everybody can go to one). Symmetry of this kind keeps
branch and bound from closing: Margot (2010), 50 Years of Integer Programming, ch. 17.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from tocsin.plan.posture.model import Demand, Floats, Ints, Problem


@dataclass(frozen=True)
class Alike:
    """Options as columns of a smaller problem.

    Parameters
    ----------
    most : ndarray, shape (n_columns,)
        How often a column may be chosen.
    first : ndarray of int, shape (n_columns,)
        The first option of each column.
    units : list of list of str
        Classes of units that are alike; most have one member.
    options_of : dict of str → dict of int → int
        Of each unit, the option that a column means for it.
    own : frozenset of int
        Columns that belong to one unit: what it can do where it stands.
    """

    most: Floats
    first: Ints
    units: list[list[str]]
    options_of: dict[str, dict[int, int]]
    own: frozenset[int]

    @property
    def n_columns(self) -> int:
        """Columns of the smaller problem."""
        return len(self.most)

    def folded(self, rows: csr_matrix) -> csr_matrix:
        """Rows over options as rows over columns: options of a column have the same entries."""
        return rows.tocsc()[:, self.first].tocsr()

    def once(self) -> tuple[csr_matrix, Floats]:
        """Rows that keep each unit to one option and a class to one a unit; with the most of each row."""
        rows: list[list[int]] = []
        most = []
        for names in self.units:
            own = {name: [c for c in self.options_of[name] if c in self.own] for name in names}
            shared = {c for name in names for c in self.options_of[name]} - self.own
            rows.append(sorted(shared.union(*own.values())))
            most.append(len(names))
            if len(names) == 1:
                continue
            for name in names:
                if len(own[name]) > 1:
                    rows.append(own[name])
                    most.append(1)
            for c in sorted(shared):
                can = [name for name in names if c in self.options_of[name]]
                if len(can) < len(names):
                    rows.append([c, *(o for name in can for o in own[name])])
                    most.append(len(can))
        return self.sums(rows), np.array(most, dtype=float)

    def sums(self, rows: Sequence[Sequence[int]]) -> csr_matrix:
        """Rows that each add up some of the columns."""
        ends = np.cumsum([0, *(len(row) for row in rows)])
        columns = np.array([c for row in rows for c in row], dtype=np.int64)
        return csr_matrix((np.ones(len(columns)), columns, ends), (len(rows), self.n_columns))

    def options(self, counts: Floats) -> tuple[int, ...]:
        """The options that a choice of columns means; the same choice, the same units."""
        from scipy.optimize import linear_sum_assignment

        chosen = []
        for names in self.units:
            free = []
            for name in names:
                own = [o for c, o in self.options_of[name].items() if c in self.own and counts[c] > 0.5]
                chosen += own
                if not own:
                    free.append(name)
            columns = sorted({c for name in names for c in self.options_of[name]} - self.own)
            sent = [c for c in columns for _ in range(round(counts[c]))]
            cannot = np.array([[c not in self.options_of[name] for name in free] for c in sent], dtype=float)
            for s, f in zip(*linear_sum_assignment(cannot.reshape(len(sent), len(free))), strict=True):
                chosen.append(self.options_of[free[f]][sent[s]])
        return tuple(sorted(chosen))


def alike(problem: Problem) -> Alike:
    """Which units of a problem are alike, and the columns that are left.

    A demand on one unit alone (that it must be used, say) is the same demand on each of the units alike.
    """
    options, rows_of = problem.options, problem.by_unit
    single, others = _single(problem.demands, rows_of)
    figures = [[o.cost, o.flying_hours, float(o.moves)] for o in options]
    parts = [t for t, _, _ in problem.tiers] + [csr_matrix(np.array(figures).T), *others]
    table = vstack([p.tocsr() for p in parts], format="csc")
    table.sum_duplicates()
    table.eliminate_zeros()
    table.sort_indices()
    start = table.indptr
    look = [
        table.indices[start[j] : start[j + 1]].tobytes() + b"|" + table.data[start[j] : start[j + 1]].tobytes()
        for j in range(len(options))
    ]
    sent = {name: {look[j] for j in rows if options[j].moves} for name, rows in rows_of.items()}
    classes: list[tuple[object, list[str], set[bytes]]] = []  # the same demands, who, and all they can be sent to do
    for name, mine in sent.items():
        rule = single.get(name, ())
        for other, names, known in classes:
            together = known | mine
            if rule == other and all(len(together) - len(sent[n]) <= 1 for n in (*names, name)):
                names.append(name)
                known.update(mine)
                break
        else:
            classes.append((rule, [name], set(mine)))
    most: list[float] = []
    first: list[int] = []
    own_columns = set()
    options_of: dict[str, dict[int, int]] = {name: {} for name in rows_of}
    for _, names, _ in classes:
        shared: dict[bytes, int] = {}
        for name in names:
            own: dict[bytes, int] = {}
            for j in rows_of[name]:
                known_as = shared if options[j].moves else own
                if look[j] not in known_as:
                    known_as[look[j]] = len(most)
                    most.append(0.0)
                    first.append(j)
                c = known_as[look[j]]
                if c not in options_of[name]:
                    options_of[name][c] = j
                    most[c] += 1.0
            own_columns |= set(own.values())
    units = [names for _, names, _ in classes]
    return Alike(np.array(most), np.array(first, dtype=np.int64), units, options_of, frozenset(own_columns))


def _single(
    demands: Sequence[Demand], rows_of: dict[str, list[int]]
) -> tuple[dict[str, tuple[object, ...]], list[csr_matrix]]:
    """Of each unit, the demands that concern all of its options and nobody else's; and the rows of all others."""
    single: dict[str, tuple[object, ...]] = {}
    others = []
    for number, demand in enumerate(demands):
        owner = owners(demand, rows_of)
        rest = []
        for row, name in enumerate(owner):
            if name is None:
                rest.append(row)
            else:
                factor = float(demand.rows.tocsr()[row].data[0])
                what = (number, factor, float(demand.least[row]), float(demand.most[row]))
                single[name] = (*single.get(name, ()), what)
        if rest:
            others.append(demand.rows.tocsr()[rest])
    return single, others


def owners(demand: Demand, rows_of: dict[str, list[int]]) -> list[str | None]:
    """Of each row of a demand, the unit that it is about: all of its options alike, and nobody else's."""
    rows = demand.rows.tocsr()
    unit_of = {j: name for name, members in rows_of.items() for j in members}
    found: list[str | None] = []
    for r in range(rows.shape[0]):
        at, values = rows.indices[rows.indptr[r] : rows.indptr[r + 1]], rows.data[rows.indptr[r] : rows.indptr[r + 1]]
        name = unit_of[int(at[0])] if len(at) else None
        whole = name is not None and values[0] != 0 and np.all(values == values[0])
        found.append(name if whole and sorted(at.tolist()) == rows_of[str(name)] else None)
    return found
