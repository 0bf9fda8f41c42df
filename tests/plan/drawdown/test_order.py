import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.drawdown.order import Closing, close_in_order, greedy_order, protection


def asked(reach, weight, stay, earliest=None, latest=None, second=0.3):
    reach = np.asarray(reach, dtype=bool)
    bases, steps = reach.shape[1], len(stay)
    return Closing(
        reach, np.asarray(weight, dtype=float), np.asarray(stay),
        np.zeros(bases, dtype=int) if earliest is None else np.asarray(earliest),
        np.full(bases, steps) if latest is None else np.asarray(latest), second,
    )  # fmt: skip


def test_on_paper():
    # Base 0 alone reaches a small place, 1 and 2 both reach a large one: one of these two goes first, then base 0.
    found = close_in_order(asked([[1, 0, 0], [0, 1, 1]], [[1, 5], [1, 5]], [2, 1], second=0.1))
    assert found.curve == (6.0, 5.0)
    assert found.closes[0] == 1
    assert sorted(found.closes[1:]) == [0, 2]
    assert found.proven


def test_greedy_can_be_beaten_and_is_never_undercut():
    # At step one base 0 costs least, but at step two (another season) it is worth most.
    problem = asked(np.eye(2), [[1, 2], [9, 2]], [1, 1])
    assert protection(problem, greedy_order(problem)).sum() == 4
    assert close_in_order(problem).value == 10


def test_what_must_be_in_place_and_dates_are_kept_and_contradictions_said():
    found = close_in_order(asked(np.eye(3), [[1, 2, 3]] * 2, [2, 1], earliest=[1, 0, 0], latest=[2, 2, 0]))
    assert found.closes == (1, 2, 0)
    with pytest.raises(Infeasible, match="3 cannot close by then"):
        asked(np.eye(3), [[1, 2, 3]] * 2, [2, 1], earliest=[1, 1, 1])
    with pytest.raises(Infeasible, match="ready only by step 1"):
        asked(np.eye(2), [[1, 2]], [1], earliest=[1, 0], latest=[0, 1])
    with pytest.raises(BadInput, match="can only fall"):
        asked(np.eye(2), [[1, 2]] * 2, [1, 2])


@st.composite
def small(draw):
    places, bases, steps = draw(st.integers(1, 4)), draw(st.integers(2, 5)), draw(st.integers(1, 3))
    reach = [[draw(st.booleans()) for _ in range(bases)] for _ in range(places)]
    weight = [[draw(st.integers(0, 9)) for _ in range(places)] for _ in range(steps)]
    stay = sorted((draw(st.integers(0, bases)) for _ in range(steps)), reverse=True)
    earliest = [draw(st.integers(0, steps)) for _ in range(bases)]
    latest = [draw(st.integers(e, steps)) for e in earliest]
    dates = draw(st.booleans())
    return reach, weight, stay, earliest if dates else [0] * bases, latest if dates else [steps] * bases


@settings(max_examples=60)
@given(small())
def test_it_is_the_best_of_all_orders(given_):
    reach, weight, stay, earliest, latest = given_
    steps = len(stay)
    orders = [
        np.array(c)
        for c in itertools.product(*(range(e, last + 1) for e, last in zip(earliest, latest, strict=True)))
        if all(sum(k > t for k in c) == stay[t] for t in range(steps))
    ]
    if not orders:
        with pytest.raises(Infeasible):
            asked(reach, weight, stay, earliest, latest)
        return
    problem = asked(reach, weight, stay, earliest, latest)
    top = max(protection(problem, order).sum() for order in orders)
    found = close_in_order(problem, seconds=5)
    assert found.value == pytest.approx(top)
    assert found.bound >= top - 1e-6
    assert found.value >= protection(problem, greedy_order(problem)).sum() - 1e-9
    assert found.price_of_order >= -1e-6
    assert all(sum(c > t for c in found.closes) == problem.stay[t] for t in range(steps))
    assert all(e <= c <= last for e, c, last in zip(earliest, found.closes, latest, strict=True))
    greedy = greedy_order(problem)
    assert all(e <= c <= last for e, c, last in zip(earliest, greedy, latest, strict=True))
