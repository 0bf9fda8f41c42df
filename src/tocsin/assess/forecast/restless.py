"""How many cells are hit in all: the sum of the chances follows the last months, the more the nearer the month ahead.

Sources with long memories and a correction by half a year say well where killing is likelier than elsewhere, and too
slowly that there is more or less of it everywhere. So the sum of the chances of a month ahead is drawn to the cells hit
lately (a mean with a half-life of `HALF_LIFE` months): by half one month ahead, by a quarter two to six months ahead,
not at all further off, where the last month says less than the longer past. All cells move together and keep their
order; what it changes is which months are told to be bad ones.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FOLLOW = (0.5, 0.25, 0.25, 0.0, 0.0, 0.0)  # one share for each of `additive.BANDS`
HALF_LIFE = 1.0
MONTHS = 12


def restless(plane: npt.NDArray[np.float32], chance: Floats, follow: float) -> float:
    """What the rate of every cell is multiplied by: 1 − follow + follow × cells hit lately over the sum of chances.

    Parameters
    ----------
    plane : ndarray, shape (months, cells)
        Deaths; NaN where nobody looked: such a cell and month is neither counted nor expected. Less than one death is
        that much of an event.
    chance : ndarray, shape (cells,)
        Chance of any death in the month ahead.
    follow : float
        0 (the sum stays) to 1 (it becomes that of the last months).

    Returns
    -------
    float
        1 where nothing was looked at or nothing is expected.

    >>> hit = np.array([[1.0, 0.0], [3.0, 5.0]])  # one cell, then both: (½ · 1 + 1 · 2) / 1½ a month
    >>> round(restless(hit, np.array([0.4, 0.1]), 0.5), 3)  # half of the way from 0.5 cells to 1.667
    2.167
    """
    recent = plane[-MONTHS:]
    weight = 0.5 ** (np.arange(len(recent))[::-1] / HALF_LIFE)
    expected = float(weight @ (~np.isnan(recent) @ chance))
    if not follow or not expected > 0:
        return 1.0
    counted = float(weight @ np.nansum(np.minimum(recent, 1), axis=1, dtype=np.float64))
    return 1 - follow + follow * counted / expected
