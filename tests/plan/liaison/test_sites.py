import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.plan.liaison import best_service, place_assistants

NOBODY = (np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=np.int64))
WORTH = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
NEW = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]], dtype=bool)


def test_on_paper():
    # One assistant for two villages: 5 + 4 at the first site. A second: 3 + 2 at the second. A third: the last village.
    found = [place_assistants(WORTH, *NOBODY, NEW, 2, k) for k in range(5)]
    assert [f.value for f in found] == [0, 9, 14, 15, 15]
    assert [f.sites for f in found[:4]] == [(), (0,), (0, 1), (0, 1, 2)]
    assert found[4].sites == (0, 1, 2), "a fourth would have nobody to serve"
    assert all(f.proven for f in found)


def test_those_there_come_first_and_keep_their_languages():
    there = np.array([[1, 0, 0, 0, 0]], dtype=bool)
    one = place_assistants(WORTH, there, np.array([3]), NEW, 2, 1)
    assert one.served[0] == 0 or one.served[1] == 1
    # The assistant there takes the first village, the further one two of 4, 3, 2.
    assert one.value == pytest.approx(12.0)
    assert one.sites == (1,)
    away = place_assistants(WORTH, there, np.array([0]), NEW, 2, 0)
    assert away.value == 0


def test_a_village_moves_on_so_that_another_fits():
    can = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0]], dtype=bool)
    served = best_service(can, np.array([1, 1]), WORTH)
    assert served.tolist() == [1, 0, -1, -1, -1]


@st.composite
def small(draw):
    villages = draw(st.integers(2, 5))
    flags = st.lists(st.lists(st.booleans(), min_size=villages, max_size=villages), min_size=1, max_size=3)
    worth = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0]), min_size=villages, max_size=villages))
    there = draw(flags)
    caps = draw(st.lists(st.integers(0, 2), min_size=len(there), max_size=len(there)))
    return (np.array(worth), np.array(there, dtype=bool), np.array(caps, dtype=np.int64),
            np.array(draw(flags), dtype=bool), draw(st.integers(1, 3)), draw(st.integers(0, 3)))  # fmt: skip


def most_by_hand(can, capacity, worth):
    best = 0.0
    for choice in itertools.product([-1, *range(len(can))], repeat=len(worth)):
        fits = all(a < 0 or can[a, v] for v, a in enumerate(choice))
        if fits and all(choice.count(a) <= capacity[a] for a in range(len(can))):
            best = max(best, sum(w for w, a in zip(worth, choice, strict=True) if a >= 0))
    return best


@settings(max_examples=40)
@given(small())
def test_it_is_the_best_of_all_choices(problem):
    worth, there, caps, new, capacity, further = problem
    best = 0.0
    for sites in itertools.combinations_with_replacement(range(len(new)), further):
        rows = np.vstack([there, new[list(sites)]])
        room = np.r_[caps, np.full(further, capacity)].astype(np.int64)
        by_hand = most_by_hand(rows, room, worth) if further <= 1 else None
        served = best_service(rows, room, worth)
        got = worth[served >= 0].sum()
        assert by_hand is None or got == pytest.approx(by_hand)
        assert all(rows[a, v] for v, a in enumerate(served) if a >= 0)
        assert all((served == a).sum() <= room[a] for a in range(len(rows)))
        best = max(best, got)
    found = place_assistants(worth, there, caps, new, capacity, further)
    assert found.value == pytest.approx(best)
    assert found.proven
    assert len(found.sites) <= further


def test_wrong_numbers_are_refused():
    with pytest.raises(BadInput, match="0 or more"):
        place_assistants(WORTH, *NOBODY, NEW, 0, 1)
    with pytest.raises(BadInput, match="a row of villages"):
        place_assistants(WORTH[:2], *NOBODY, NEW, 1, 1)
