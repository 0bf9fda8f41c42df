"""What days and months know of each other: months do not see their days, and days forget what lasts.

Killing in the last week of a month foretells more of next month than killing in its first. The process (`daily`) is
learned from the events that are known to the day, and its chance of any event in the days of next month is a quarter
of what the model of cells tells of it (`SHARE`); further months ahead it knows no better where. The other way round,
the chances of days and weeks are drawn to the months' order of cells by a fifth (`drawn_to_months`). Both shares were
chosen on Central African origins, of months up to November 2013 and of weeks up to 2014.
"""

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.daily import WARM_UP_DAYS, YEAR, Days, Outlook, around, busiest, days_of, outlook
from tocsin.assess.forecast.today import level_today, states_today
from tocsin.assess.panel.model import Panel
from tocsin.core.time import days_in

Floats = npt.NDArray[np.float64]

SHARE = 0.25
MONTHS_SHARE = 0.2
ROUNDS = 8  # of bringing rates to the sum of the chances
USUAL_MONTH = 30  # days, at which the chance of any event is learned


def by_days(panel: Panel, target: str) -> Outlook | None:
    """The process, learned from everything the panel knows to the day; None where days cannot be learned from.

    That is where no event is known to the day, where the record is shorter than four years, and where it has holes: to
    the process a day nobody looked at would be a quiet one.
    """
    days = _days(panel, target)
    if days is None or days.n_days < WARM_UP_DAYS + YEAR + USUAL_MONTH or np.isnan(panel.counts[target]).any():
        return None
    return outlook(busiest(days), [USUAL_MONTH])


def next_month(panel: Panel, target: str, view: Outlook) -> Floats | None:
    """Chance of any event in the month after the panel's last, shape (C,); None where nothing is known to the day."""
    days = _days(panel, target)
    if days is None:
        return None
    ground = around(days.gids)
    _, state = states_today(days, ground)
    expected = view.model.expected_from(state, days_in(panel.as_of + 1))
    return view.chance[USUAL_MONTH].of(level_today(days, view.model, ground) * expected)


def _days(panel: Panel, target: str) -> Days | None:
    if panel.dated is None or not panel.dated.own[target].any():
        return None
    return days_of(panel.dated, panel.gids, panel.n_days, target)


def in_days(months: Floats, as_of: int, ahead: int, past: int = 0) -> Floats:
    """Rate of killing within `ahead` days by what is said of the months after `as_of`, shape (C,).

    Parameters
    ----------
    months : ndarray, shape (M, C)
        Chance of any death in each of them; as many months as the days touch.
    past : int
        Days of the first month that are over.

    >>> half = in_days(np.array([[1 - np.exp(-3.1)], [1 - np.exp(-2.8)]]), 12, 14, past=24)  # January 1981: a week left
    >>> half.round(3).tolist()
    [1.4]
    """
    rate = np.zeros(months.shape[1])
    first = -past
    for n, chance in enumerate(months, start=1):
        length = days_in(as_of + n)
        inside = min(first + length, ahead) - max(first, 0)
        if inside > 0:
            rate -= np.log1p(-chance) * inside / length
        first += length
    return rate


def drawn_to_months(chance: Floats, months: Floats, share: float = MONTHS_SHARE) -> Floats:
    """Chances of days whose order is drawn to that of months, while their sum stays, shape (C,).

    The rates of both are multiplied, each to the power of its share.

    Parameters
    ----------
    chance, months : ndarray, shape (C,)
        Chance of any event in the days by the process, and rate of killing in them by months (`in_days`).
    """
    said = -np.log1p(-chance)
    rate = said ** (1 - share) * months**share
    if not (rate.sum() > 0 and chance.sum() > 0):
        return chance
    for _ in range(ROUNDS):
        rate *= chance.sum() / float(-np.expm1(-rate).sum())
    return np.asarray(-np.expm1(-rate))
