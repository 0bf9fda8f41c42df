"""Next month with a share of what the daily process says: how much, of what, and never of later days."""

from dataclasses import replace

import numpy as np
import pytest

from tests.assess.forecast.test_cells import GIDS
from tocsin.assess.forecast import stream
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.daily import simulate
from tocsin.assess.forecast.days_and_months import SHARE, by_days, drawn_to_months, in_days, next_month
from tocsin.assess.forecast.reasons import GROUPS, contrast, typical
from tocsin.assess.panel import Panel
from tocsin.assess.panel.dated import Dated

MONTHS = 132


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Eleven years of events that set off others, counted by month and known to the day."""
    none = np.zeros((MONTHS, len(GIDS)), dtype=np.float32)
    empty = Panel(GIDS, 1, {"os": none, "sb": none.copy()})
    days = simulate(GIDS, empty.n_days, 0.0008, {2.0: 0.3, 45.0: 0.35}, 0.25, stream(4, "newest"))
    month = (np.datetime64("1980-01-01") + days.day).astype("datetime64[M]").astype(int) - 120
    np.add.at(none, (month, days.cell), 3)
    own = {"os": np.ones(len(days.day), bool), "sb": np.zeros(len(days.day), bool)}
    return replace(empty, dated=Dated(days.day, days.cell, own, np.zeros(len(days.day), bool)))


def test_next_month_is_a_quarter_of_what_the_days_say_and_later_months_none(panel: Panel) -> None:
    fitted = Cells().fit(panel, "os")
    alone = replace(fitted, days=None)
    assert fitted.days is not None
    newest = next_month(panel, "os", fitted.days)
    assert newest is not None
    assert fitted.chance(1) == pytest.approx((1 - SHARE) * alone.chance(1) + SHARE * newest)
    assert fitted.chance(2).tobytes() == alone.chance(2).tobytes()
    assert fitted.level(1) == alone.level(1), "the sum of the months is not drawn to that of the days a second time"
    parts = contrast(fitted, fitted.now, np.tile(typical(fitted), (len(GIDS), 1)), 1)
    usual = fitted.chance_of(typical(fitted)[None], 1, fitted.level(1))
    assert parts.sum(axis=1) == pytest.approx(np.log(fitted.chance(1) / usual), abs=1e-9)
    assert np.abs(parts[:, GROUPS.index("days")]).max() > 0.05
    # A last day full of killing in one cell raises it, though its month was counted before: days tell where it is now.
    assert panel.dated is not None
    few = panel.dated
    more = replace(few, day=np.append(few.day, [panel.n_days - 1] * 3), cell=np.append(few.cell, [40] * 3),
                   own={t: np.append(o, [t == "os"] * 3) for t, o in few.own.items()},
                   marked=np.append(few.marked, [False] * 3))  # fmt: skip
    assert fitted.seeing(replace(panel, dated=more)).chance(1)[40] > 1.1 * fitted.chance(1)[40]


def test_no_later_day_is_seen(panel: Panel) -> None:
    assert panel.dated is not None
    early = panel.until(120)
    changed = replace(panel.dated, cell=panel.dated.cell.copy())
    later = changed.day >= early.n_days
    assert later.sum() > 20
    changed.cell[later] = 5
    view, other = (by_days(replace(panel, dated=one).until(120), "os") for one in (panel.dated, changed))
    assert view is not None
    assert other is not None
    assert view.model.weights.tobytes() == other.model.weights.tobytes()
    assert early.dated is not None
    assert early.dated.day.max() < early.n_days


def test_where_days_cannot_be_learned_from_months_speak_alone(panel: Panel) -> None:
    holed = {"os": panel.counts["os"].copy(), "sb": panel.counts["sb"]}
    holed["os"][40, 3] = np.nan
    assert by_days(replace(panel, counts=holed), "os") is None, "a day nobody looked at is not a quiet one"
    assert by_days(panel.until(36), "os") is None, "three years are too short"
    assert by_days(panel, "sb") is None, "no event of this kind"
    assert by_days(replace(panel, dated=None), "os") is None


def test_days_are_drawn_to_the_order_of_months_and_keep_their_sum() -> None:
    rng = stream(3, "drawn")
    days, months = rng.beta(0.3, 20, 200), rng.gamma(0.2, 0.1, 200)
    found = drawn_to_months(days, months)
    assert found.sum() == pytest.approx(days.sum(), rel=1e-6)
    low, high = np.argsort(months)[[0, -1]]
    same = np.full(200, 0.02)
    assert drawn_to_months(same, months)[low] < 0.02 < drawn_to_months(same, months)[high]
    order = np.argsort(months, kind="stable")
    assert (np.diff(drawn_to_months(same, months)[order]) >= 0).all()
    assert drawn_to_months(days, months, share=0) == pytest.approx(days)
    assert not drawn_to_months(np.zeros(200), months).any()
    assert drawn_to_months(days, np.zeros(200)) == pytest.approx(days), "where months say nothing, days stay"
    # Two months of 31 and 28 days at 1 − e⁻¹: a month and a half at most.
    both = np.full((2, 1), 1 - np.exp(-1.0))
    assert in_days(both, 12, 45)[0] == pytest.approx(1 + 14 / 28)
    assert in_days(both, 12, 45, past=20)[0] == pytest.approx(11 / 31 + 1)
