"""How many of those killed lay in the riskiest cells, and among the people most at risk, beside last year's map."""

import numpy as np
import pytest
from tests.learn.record.test_warnings import CELLS, made

from tocsin.learn.record import gain_in_reach, inside_cells, inside_people, people_share, top_share


def test_share_of_people_cuts_the_cell_in_which_it_is_reached():
    rows = made(1, 1, lambda o, s, c: c / 100, lambda m, c: 10 * (c >= 19))
    people = np.full(CELLS, 100.0)
    assert people_share(rows, people, 1 / CELLS) == pytest.approx(0.5)
    assert people_share(rows, people, 1.5 / CELLS) == pytest.approx(0.75)
    people[20] = np.nan
    assert people_share(rows, people, 1 / 20) == pytest.approx(1.0)
    assert np.isnan(people_share(rows, np.full(CELLS, np.nan), 0.1))


def test_people_are_ranked_by_the_risk_of_each_of_them():
    rows = made(1, 1, lambda o, s, c: 2.0 * (c == 3) + 1.0 * (c == 7), lambda m, c: 5 * (c in (3, 7)))
    people = np.full(CELLS, 100.0)
    people[3] = 900  # twice the risk of cell 7, shared by nine times the people
    share = 100 / people.sum()
    assert inside_people(rows, people, share)[[3, 7]].tolist() == pytest.approx([0, 1])
    assert top_share(rows, 1 / CELLS) == 0.5, "by cells the other is first"
    people[7] = 0
    assert inside_people(rows, people, share)[7] == 1, "where nobody is counted nothing is used up"


def test_the_same_risk_everywhere_reaches_its_share_and_no_more():
    rows = made(2, 2, lambda o, s, c: 0.0, lambda m, c: c + 1)
    assert top_share(rows, 1 / 3) == pytest.approx(1 / 3)
    assert people_share(rows, np.full(len(rows), 70.0), 0.1) == pytest.approx(0.1)


def test_the_gain_on_last_years_map_has_an_interval_by_years():
    # Killing moves from cell 1 to cell 2 in the second and third year of three; ours knows, the map does not.
    rows = made(36, 1, lambda o, s, c: c == (1 if o < 12 else 2), lambda m, c: c == (1 if m <= 12 else 2))
    last_year = (rows.gid == 1).astype(float)
    ours, theirs = inside_cells(rows, 0.01), inside_cells(rows, 0.01, last_year)
    found = gain_in_reach(rows, ours, theirs)
    assert (found.ours, found.theirs) == (1.0, pytest.approx(12 / 36))
    assert found.gain == pytest.approx(24 / 36)
    assert found.low < found.gain < found.high
    first = rows.origin < 12
    one = gain_in_reach(rows.where(first), ours[first], theirs[first])
    assert one.gain == 0
    assert np.isnan(one.low), "one year alone has no interval"
    nobody = made(1, 1, lambda o, s, c: c, lambda m, c: 0)
    assert np.isnan(gain_in_reach(nobody, inside_cells(nobody, 0.1), inside_cells(nobody, 0.1)).gain)
