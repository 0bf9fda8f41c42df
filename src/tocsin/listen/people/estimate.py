"""People per cell from towns and a national total, for missions that have nothing better."""

import numpy as np
import numpy.typing as npt


def spread_people(
    gids: npt.NDArray[np.int64],
    share_in_area: npt.NDArray[np.float64],
    town_gids: npt.NDArray[np.int64],
    town_people: npt.NDArray[np.float64],
    total: float | None,
) -> npt.NDArray[np.float64]:
    """People per cell: each town in its cell, and everybody else evenly over the land.

    A rough picture: villages are not seen one by one, so a cell without a town gets the national average of those who
    live outside towns. A mission that has a census or a population grid should import it.

    Parameters
    ----------
    gids : ndarray, shape (n,)
        Cells, ascending.
    share_in_area : ndarray, shape (n,)
        Share of each cell that lies in the country, 0 to 1.
    town_gids, town_people : ndarray, shape (t,)
        Cell and inhabitants of each town.
    total : float or None
        Inhabitants of the country; None: only towns count.

    Returns
    -------
    ndarray of float64, shape (n,)

    >>> spread_people(np.array([1, 2]), np.array([1.0, 1.0]), np.array([2]), np.array([600.0]), 1000.0)
    array([200., 800.])
    """
    people = np.zeros(len(gids))
    at = np.minimum(np.searchsorted(gids, town_gids), len(gids) - 1)
    inside = gids[at] == town_gids
    np.add.at(people, at[inside], town_people[inside])
    rest = max((total or 0.0) - float(town_people[inside].sum()), 0.0)
    if rest and share_in_area.sum() > 0:
        people += rest * share_in_area / share_in_area.sum()
    return people
