import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.plan.patrols.frequency import chance_today, due_in


@given(st.integers(1, 4), st.integers(0, 8), st.integers(0, 2**31))
def test_a_place_visited_by_these_chances_is_visited_often_enough(visits, more, seed):
    days = visits + more
    rng = np.random.default_rng(seed)
    went: list[int] = []
    for today in range(60):
        due = due_in(visits, days, [today - d for d in went])
        assert due >= 0, "never overdue once it is followed"
        if rng.random() < chance_today(due):
            went.append(today)
    for last in range(days + visits, 60):
        assert sum(last - days < d <= last for d in went) >= visits


def test_the_day_is_any_of_those_left():
    # Visited today: at least once in four days. The next visit falls on days 1 to 4 alike.
    rng = np.random.default_rng(1)
    counts = np.zeros(5)
    for _ in range(8000):
        for day in range(1, 5):
            if rng.random() < chance_today(due_in(1, 4, [day])):
                counts[day] += 1
                break
    assert counts.sum() == 8000
    assert np.abs(counts[1:] / 8000 - 0.25).max() < 0.02


def test_overdue_is_said():
    assert due_in(1, 7, [30]) == -23
    assert due_in(1, 7, []) == 0
    assert chance_today(-5) == 1.0
