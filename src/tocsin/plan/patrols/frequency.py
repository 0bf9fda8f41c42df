"""Places that are visited at least so often: by when the next visit must be, and how likely it is made today.

A visit that is always made on the last day it can be would be learned. One that is made today with a chance of one over
the days left falls on each of them alike, and surely on one.
"""

from collections.abc import Sequence


def due_in(visits: int, days: int, ago: Sequence[float]) -> int:
    """Days from today by which one more visit must be made; 0 is today, below that it is overdue.

    Parameters
    ----------
    visits, days : int
        At least so many visits in any so many days in a row.
    ago : days since each visit that is known

    Examples
    --------
    >>> due_in(1, 7, [3])
    4
    >>> due_in(2, 7, [1, 6])  # of the two, the one six days ago leaves the week tomorrow
    1
    >>> due_in(2, 7, [1])
    0
    """
    known = sorted(int(a) for a in ago)
    return days - known[visits - 1] if len(known) >= visits else 0


def chance_today(due: int, days_out: int = 1) -> float:
    """Least chance that the visit is made on this outing, of so many days, so that it is made in time.

    >>> chance_today(4), chance_today(0), chance_today(3, 2)
    (0.2, 1.0, 0.5)
    """
    return min(1.0, days_out / (max(due, 0) + 1))
