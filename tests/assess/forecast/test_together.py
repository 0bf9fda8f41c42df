"""Several countries side by side: what one knows helps the other, and nobody's future is seen."""

from dataclasses import replace

import numpy as np
import pytest

from tocsin.assess.forecast import stream
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.days_and_months import by_days
from tocsin.assess.forecast.gathering import gather, happened
from tocsin.assess.forecast.together import Together, side_by_side
from tocsin.assess.panel import Panel
from tocsin.assess.panel.dated import Dated
from tocsin.core.errors import BadInput
from tocsin.core.lattice import gid_at
from tocsin.core.time import first_day


def place(lon: float, months: int, first: int, seed: int) -> Panel:
    """Twenty cells in which violence stays where it is."""
    x, y = np.meshgrid(lon + 0.5 * np.arange(5), 4.25 + 0.5 * np.arange(4))
    gids = np.sort(gid_at(x.ravel(), y.ravel()))
    rng = np.random.default_rng(seed)
    plane = np.zeros((months, len(gids)), dtype=np.float32)
    for month in range(months):
        before = plane[month - 1] > 0 if month else np.zeros(len(gids), bool)
        plane[month] = (rng.random(len(gids)) < 0.02 + 0.4 * before) * rng.geometric(0.2, len(gids))
    return Panel(gids, first, {"os": plane, "sb": np.roll(plane, 3, axis=0)})


@pytest.fixture(scope="module")
def long_and_short() -> tuple[Panel, Panel]:
    return place(18.25, 170, 1, 1), place(24.25, 30, 141, 2)


def test_side_by_side_puts_each_count_in_its_place(long_and_short):
    old, new = long_and_short
    both = side_by_side([new, old])
    assert (both.first_month, both.as_of, len(both.gids)) == (1, 170, 40)
    assert np.array_equal(both.counts["os"][140:, np.isin(both.gids, new.gids)], new.counts["os"])
    assert np.array_equal(both.counts["os"][:, np.isin(both.gids, old.gids)], old.counts["os"])
    assert np.isnan(both.counts["os"][:140, np.isin(both.gids, new.gids)]).all()
    assert np.array_equal(side_by_side([new, new]).counts["os"], new.counts["os"], equal_nan=True)
    with pytest.raises(BadInput, match="different targets"):
        side_by_side([new, Panel(old.gids, 1, {"os": old.counts["os"]})])


def test_months_nobody_looked_at_are_no_exposure(long_and_short):
    old, new = long_and_short
    both = side_by_side([new, old])
    rng = np.random.default_rng(0)
    events = happened(both.counts["os"], rng)
    found = gather(both, "os", events, (events.month[:1], events.cell[:1]), rng)
    k = found.names.index("everywhere")
    assert (found.sums[:, k] == 40).all()
    assert found.known_sums[0][:139, k].tolist() == [20.0] * 139
    assert found.known_sums[0][139:169, k].tolist() == [40.0] * 30


def test_a_short_history_borrows_what_follows_from_what(long_and_short):
    old, new = long_and_short
    with pytest.raises(BadInput, match="ten years"):
        Cells().fit(new, "os")
    fitted = Together((old,)).fit(new, "os")
    made = fitted.predict(np.array([1, 2]), stream(1, "t"))
    assert np.array_equal(made.gids, new.gids)
    active = new.counts["os"][-1] > 0
    assert made.p_any()[0][active].mean() > 3 * made.p_any()[0][~active].mean()
    later = Panel(old.gids, 1, {t: p.copy() for t, p in old.counts.items()})
    for plane in later.counts.values():
        plane[160:] = 9
    one, two = (side_by_side([new.until(160), p]).counts["os"].tobytes() for p in (old, later))
    assert one == two, "months of the other country after the panel's last are not seen"


def dated(panel: Panel) -> Panel:
    """The panel with every month of killing as an event on its tenth day."""
    month, cell = np.nonzero(panel.counts["os"] > 0)
    day = np.array([(first_day(panel.first_month + int(m)) - first_day(panel.first_month)).days + 9 for m in month])
    events = Dated(day, cell, {"os": np.ones(len(day), bool)}, np.zeros(len(day), bool))
    return replace(panel, dated=events)


def test_days_are_learned_where_most_is_known_and_told_of_the_place_asked(long_and_short):
    old, new = (dated(panel) for panel in long_and_short)
    fitted = Together((old,)).fit(new, "os")
    learned = by_days(old, "os")
    assert fitted.days is not None
    assert learned is not None
    assert fitted.days.model.weights.tobytes() == learned.model.weights.tobytes()
    assert fitted.newest is not None
    assert fitted.newest.shape == (20,)
    early = Together((old,)).fit(new.until(160), "os")
    cut = by_days(old.until(160), "os")
    assert early.days is not None
    assert cut is not None
    assert early.days.model.weights.tobytes() == cut.model.weights.tobytes(), "nothing later is learned from"
    assert Together(long_and_short[:1]).fit(new, "os").days is None, "thirty months are too short"


def test_all_deaths_are_the_sum_and_unknown_where_any_is():
    gids = gid_at(np.array([18.25]), np.array([4.25]))
    planes = {t: np.array([[n], [n]], dtype=np.float32) for n, t in enumerate(("sb", "ns", "os", "civilians"), 1)}
    planes["ns"][1] = np.nan
    whole = Panel(gids, 1, planes).with_total().counts["deaths"].ravel()
    assert whole[0] == 6
    assert np.isnan(whole[1])
