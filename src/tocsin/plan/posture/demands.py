"""The menu of demands on a posture, each from words to linear rows."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput
from tocsin.plan.posture.model import Demand, Floats, Ints, Option

Test = Callable[[Option], bool]


def _demand(name: str, rows: Iterable[dict[int, float]], n: int, least: float, most: float) -> Demand:
    kept = [r for r in rows if r or least > 0]
    data = [v for r in kept for v in r.values()]
    columns = [c for r in kept for c in r]
    at = np.cumsum([0, *(len(r) for r in kept)])
    matrix = csr_matrix((np.array(data, dtype=float), np.array(columns, dtype=np.int64), at), shape=(len(kept), n))
    return Demand(name, matrix, np.full(len(kept), least), np.full(len(kept), most))


def stays_in_the_plan(options: Sequence[Option], units: Iterable[str]) -> Demand:
    """Each of these units stands somewhere; others may be closed."""
    wanted = set(units)
    rows = [{j: 1.0 for j, o in enumerate(options) if o.unit == u} for u in sorted(wanted)]
    return _demand("units that must be used: " + ", ".join(sorted(wanted)), rows, len(options), 1, 1)


def at_most(name: str, options: Sequence[Option], amount: Callable[[Option], float], most: float) -> Demand:
    """The amounts of what is chosen add up to no more than `most` (budget, flying hours, moves a month, a count)."""
    row = {j: float(amount(o)) for j, o in enumerate(options) if amount(o)}
    return _demand(name, [row], len(options), -np.inf, most)


def at_least(name: str, options: Sequence[Option], amount: Callable[[Option], float], least: float) -> Demand:
    """The amounts of what is chosen add up to `least` or more (women officers in an area, a language, a guard)."""
    row = {j: float(amount(o)) for j, o in enumerate(options) if amount(o)}
    return _demand(name, [row], len(options), least, np.inf)


def nowhere(name: str, options: Sequence[Option], test: Test) -> Demand:
    """Nothing for which `test` holds is chosen (no-go areas, contributor caveats, missing consent)."""
    return _demand(name, [{j: 1.0} for j, o in enumerate(options) if test(o)], len(options), -np.inf, 0)


def must_be(name: str, options: Sequence[Option], unit: str, place: int) -> Demand:
    """A unit stands at a place."""
    row = {j: 1.0 for j, o in enumerate(options) if o.unit == unit and o.place == place}
    return _demand(name, [row], len(options), 1, np.inf)


def within_reach_of(
    name: str, options: Sequence[Option], needs: Test, gives: Test, hours: Floats, limit: float
) -> Demand:
    """Whoever needs support stands within `limit` hours of someone chosen who gives it.

    Each TOB within supply reach of a parent base; medical and engineering reach (the 10-1-2 rule's two hours).

    Parameters
    ----------
    hours : ndarray, shape (n_cells, n_cells)
        From the place of the giver to the place of the one in need.
    """
    givers = [(j, o) for j, o in enumerate(options) if gives(o)]
    rows = []
    for j, o in enumerate(options):
        if needs(o):
            row = {k: -1.0 for k, g in givers if k != j and g.unit != o.unit and hours[g.place, o.place] <= limit}
            row[j] = 1.0
            rows.append(row)
    return _demand(name, rows, len(options), -np.inf, 0)


def safe_size(name: str, options: Sequence[Option], least: int, test: Test = lambda _: True) -> Demand:
    """At every place used, the units chosen there are together strong enough to be safe; only of those that pass."""
    if least < 0:
        raise BadInput("a minimum size cannot be below zero")
    by_place: dict[int, list[int]] = {}
    for j, o in enumerate(options):
        if test(o):
            by_place.setdefault(o.place, []).append(j)
    rows = []
    for members in by_place.values():
        for j in members:
            row = {k: float(options[k].strength) for k in members}
            row[j] -= least
            rows.append({k: v for k, v in row.items() if v})
    return _demand(name, rows, len(options), 0, np.inf)


def per_area(
    name: str, options: Sequence[Option], test: Test, areas: Ints, least: float, only: Iterable[int] | None = None
) -> Demand:
    """In every area (or those named) at least so many of what passes the test (women officers, a language)."""
    wanted = sorted({int(a) for a in areas if a >= 0} if only is None else set(only))
    rows = [{j: 1.0 for j, o in enumerate(options) if test(o) and areas[o.place] == a} for a in wanted]
    return _demand(name, rows, len(options), least, np.inf)
