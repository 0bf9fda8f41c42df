"""Next month as the daily process sees it, for the model of cells to take a part of: months do not know their days.

Killing in the last week of a month foretells more of next month than killing in its first. The process (`daily`) is
learned from the events that are known to the day, and its chance of any event in the days of next month is a quarter
of what is told of it (`SHARE`); further months ahead it knows no better where. The share was chosen on Central African
origins up to November 2013.
"""

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.daily import WARM_UP_DAYS, YEAR, Days, Outlook, around, busiest, days_of, outlook
from tocsin.assess.forecast.today import level_today, states_today
from tocsin.assess.panel.model import Panel
from tocsin.core.time import days_in

Floats = npt.NDArray[np.float64]

SHARE = 0.25
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
