import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location import capacitated_median, median, set_cover


def by_trying_all(away, weight, most):
    sets = itertools.combinations(range(away.shape[1]), most)
    return min(float((weight * away[:, list(s)].min(axis=1)).sum()) for s in sets)


@pytest.mark.parametrize("seed", range(8))
def test_median_finds_and_proves_the_optimum(seed):
    rng = np.random.default_rng(seed)
    away, weight = rng.integers(1, 50, (15, 9)).astype(float), rng.integers(0, 5, 15).astype(float)
    found = median(away, 3, weight, seed=seed, seconds=5)
    assert found.value == pytest.approx(by_trying_all(away, weight, 3))
    assert found.proven
    assert found.value == pytest.approx((weight * away[:, list(found.chosen)].min(axis=1)).sum())
    assert median(away, 4, weight, seconds=5).value <= found.value


def test_median_on_uneven_numbers_is_proven_too():
    points = np.random.default_rng(3).random((12, 2))
    away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    found = median(away, 4, seconds=5)
    assert found.value == pytest.approx(by_trying_all(away, np.ones(12), 4))
    assert found.proven


def test_median_says_whom_nobody_can_serve():
    with pytest.raises(Infeasible, match="client\\(s\\) 2"):
        median([[1.0, 2.0], [np.inf, np.inf]], 1)
    with pytest.raises(Infeasible, match="too few"):
        median([[1.0, np.inf], [np.inf, 1.0]], 1)
    with pytest.raises(BadInput, match="client 1"):
        median([[-1.0, 2.0]], 1)


def test_capacity_is_kept_and_the_bound_holds():
    points = np.array([[0, 0], [0, 1], [0, 2], [9, 0], [9, 1], [9, 2]], dtype=float)
    away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    found, served = capacitated_median(away, np.ones(6), 3, 2, runs=1)
    assert found.chosen == (1, 4)
    assert found.value == pytest.approx(4.0)
    assert found.bound <= found.value
    assert np.bincount(served).max() <= 3
    with pytest.raises(Infeasible, match="does not fit"):
        capacitated_median(away, np.ones(6), 2, 2)


@pytest.mark.parametrize("seed", range(6))
def test_set_cover_finds_and_proves_the_cheapest(seed):
    rng = np.random.default_rng(seed)
    cover = rng.random((12, 8)) < 0.35
    cover[np.arange(12), rng.integers(0, 8, 12)] = True
    cost = rng.integers(1, 6, 8).astype(float)
    found = set_cover(csr_matrix(cover), cost, seconds=2)
    full = [s for k in range(9) for s in itertools.combinations(range(8), k) if cover[:, list(s)].any(axis=1).all()]
    assert found.value == min(cost[list(s)].sum() for s in full)
    assert found.chosen in full
    assert found.proven


def test_set_cover_names_whom_nobody_reaches():
    with pytest.raises(Infeasible, match="demand\\(s\\) 2"):
        set_cover(csr_matrix(np.array([[1, 1], [0, 0]])))
