import numpy as np
import pytest

from tocsin.assess.panel import Panel
from tocsin.learn.record import Rows, lead_times, onset, standing, summary

CELLS = 21


def made(origins: int, steps: int, risk, deaths) -> Rows:
    """Rows of a panel of `CELLS`; risk(origin, step, cell) and deaths(month, cell) say the rest."""
    o, s, c = (a.ravel() for a in np.meshgrid(np.arange(origins), np.arange(1, steps + 1), np.arange(CELLS)))
    p = np.array([risk(*k) for k in zip(o, s, c, strict=True)], dtype=float)
    y = np.array([deaths(a + b, k) for a, b, k in zip(o, s, c, strict=True)], dtype=float)
    nothing = np.zeros(len(o))
    return Rows(o, s, c, y, p, p, p, nothing, p, nothing, nothing, nothing, nothing, nothing)


def test_lead_counts_the_months_a_place_stood_high_without_a_gap():
    # Cell 3 is the riskiest up to three months ahead, not at four, again at five; thirty die there in month 9.
    rows = made(9, 6, lambda o, s, c: c == 3 and s in (1, 2, 3, 5), lambda m, c: 30 * (m == 9 and c == 3))
    found = lead_times(rows)
    assert (found.gid.tolist(), found.month.tolist(), found.lead.tolist()) == ([3], [9], [3])
    assert found.standing.tolist() == [0.0]
    assert found.summary()["share_3_months_ahead"] == 1
    assert found.summary()["share_6_months_ahead"] == 0
    flat = made(9, 6, lambda o, s, c: 0.1, lambda m, c: 30 * (m == 9 and c == 3))
    assert lead_times(flat).lead.tolist() == [0], "the same risk everywhere warns of nothing"
    assert standing(flat).tolist() == pytest.approx([0.5] * len(flat))
    assert lead_times(made(3, 2, lambda o, s, c: c, lambda m, c: 24)).summary()["mass_killings"] == 0


def test_onset_is_where_nobody_was_killed_in_the_year_before():
    plane = np.zeros((30, CELLS), dtype=np.float32)
    plane[10, 5] = 1
    panel = Panel(np.arange(CELLS), 0, {"os": plane})
    rows = made(29, 1, lambda o, s, c: 0.1, lambda m, c: 0)
    first = onset(rows, panel, "os")
    assert sorted(rows.origin[~first].tolist()) == list(range(10, 22))
    assert set(rows.gid[~first].tolist()) == {5}


def test_the_log_score_of_any_death_is_finite_and_right():
    rows = made(1, 1, lambda o, s, c: 0.25, lambda m, c: c == 0)
    expected = -(np.log2(0.25) + 20 * np.log2(0.75)) / 21
    assert summary(rows, ["log_any"])["log_any"] == pytest.approx(expected)
    sure = made(1, 1, lambda o, s, c: 0, lambda m, c: 1)
    assert summary(sure, ["log_any"])["log_any"] == pytest.approx(-np.log2(5e-4))
