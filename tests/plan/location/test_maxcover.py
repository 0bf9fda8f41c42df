import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput
from tocsin.plan.location import Group, covered_weight, maximal_cover


def by_trying_all(cover, weight, most):
    sets = itertools.combinations(range(cover.shape[1]), min(most, cover.shape[1]))
    return max(covered_weight(cover, weight, s) for s in sets)


@st.composite
def problems(draw):
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 7))
    bits = draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    cover = csr_matrix(np.array(bits, dtype=np.int8).reshape(rows, columns))
    weight = np.array(draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows)), dtype=float)
    return cover, weight, draw(st.integers(0, 4))


@settings(max_examples=60, deadline=None)
@given(problems())
def test_finds_the_best_choice_and_can_be_recomputed(problem):
    cover, weight, most = problem
    found = maximal_cover(cover, weight, most)
    assert len(found.chosen) <= most
    assert found.value == pytest.approx(covered_weight(cover, weight, found.chosen))
    assert found.bound >= found.value
    assert found.value == pytest.approx(by_trying_all(cover, weight, most))
    assert found.proven


@settings(max_examples=25, deadline=None)
@given(problems())
def test_one_more_unit_never_lowers_the_optimum(problem):
    cover, weight, most = problem
    assert maximal_cover(cover, weight, most + 1).value >= maximal_cover(cover, weight, most).value - 1e-9


def test_groups_forbidden_and_budget_are_kept():
    cover = csr_matrix(np.eye(4, dtype=np.int8))
    weight = [4.0, 3.0, 2.0, 1.0]
    two = [Group("a", np.array([0, 1]), 1), Group("b", np.array([2, 3]), 1)]
    assert maximal_cover(cover, weight, two).chosen == (0, 2)
    assert maximal_cover(cover, weight, 2, forbidden=[0]).chosen == (1, 2)
    assert maximal_cover(cover, weight, 3, cost=[3, 1, 1, 1], budget=3).value == 6.0
    assert maximal_cover(cover, weight, 1, covered=np.array([True, False, False, False])).chosen == (1,)


@pytest.mark.parametrize(
    ("weight", "most", "says"),
    [
        ([1, -1, 1, 1], 1, "demand 2"),
        ([1, 1], 1, "4 demands but 2"),
        ([1, 1, 1, 1], -1, "fewer than no"),
        ([1, 1, 1, 1], [Group("a", np.array([0]), 1), Group("b", np.array([0]), 1)], "two groups"),
    ],
)
def test_bad_input(weight, most, says):
    with pytest.raises(BadInput, match=says):
        maximal_cover(csr_matrix(np.eye(4, dtype=np.int8)), weight, most)
