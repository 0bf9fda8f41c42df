"""Those who may move: on paper, and against every choice of moves and sites."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.plan.liaison.moves import move_assistants
from tocsin.plan.liaison.serve import best_service

FEW = np.array([[True, True, False], [False, False, True]])


def test_who_may_not_move_stays_and_a_move_needs_a_gain():
    worth = np.array([1.0, 1.0, 5.0])
    caps = np.array([2])
    kept = move_assistants(worth, FEW[:1], caps, [None], 1, FEW[:0], 1, 0)
    assert (kept.to, kept.value, kept.bound) == ((-1,), 2.0, pytest.approx(2.0))
    gone = move_assistants(worth, FEW[:1], caps, [FEW], 1, FEW[:0], 1, 0)
    assert (gone.to, gone.value) == ((1,), 5.0)
    assert gone.bound == pytest.approx(5.0, rel=1e-3)
    both = move_assistants(worth, FEW[:1], caps, [FEW], 1, FEW, 2, 1)
    assert both.value == 7.0
    assert both.to == (-1,), "the further one goes where it is worth most, and nobody has to move"
    with pytest.raises(BadInput):
        move_assistants(worth, FEW[:1], caps, [], 1, FEW, 2, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_the_best_of_all_choices(seed):
    rng = np.random.default_rng(seed)
    worth = rng.integers(1, 9, 6).astype(float)
    there, new = rng.random((2, 6)) < 0.4, rng.random((3, 6)) < 0.4
    elsewhere = [rng.random((3, 6)) < 0.4, None]
    caps = np.array([2, 1])
    found = move_assistants(worth, there, caps, elsewhere, 1, new, 2, 1)
    best = 0.0
    for to, site in itertools.product(range(-1, 3), range(-1, 3)):
        rows = [there[0] if to < 0 else elsewhere[0][to], there[1]] + ([new[site]] if site >= 0 else [])
        room = np.array([2, 1] + ([2] if site >= 0 else []))
        best = max(best, float(worth[best_service(np.array(rows), room, worth) >= 0].sum()))
    assert found.value == pytest.approx(best)
    assert found.bound >= best - 1e-9
