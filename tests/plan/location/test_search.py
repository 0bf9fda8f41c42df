"""The large-problem path on problems small enough to solve by trying everything."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tocsin.plan.location import covered_weight
from tocsin.plan.location.model import Group
from tocsin.plan.location.reduce import merge_rows
from tocsin.plan.location.search import CoverSearch, search_cover


def problem(seed, rows=40, columns=12, share=0.2):
    rng = np.random.default_rng(seed)
    return csr_matrix((rng.random((rows, columns)) < share).astype(np.int8)), rng.integers(0, 20, rows).astype(float)


@pytest.fixture(autouse=True)
def _no_shortcut(monkeypatch):
    monkeypatch.setattr("tocsin.plan.location.search.SMALL_NONZEROS", 0)
    monkeypatch.setattr("tocsin.plan.location.search.MOVES", 4000)


@pytest.mark.parametrize("seed", range(6))
def test_large_path_finds_and_proves_the_optimum(seed):
    cover, weight = problem(seed)
    found = search_cover(merge_rows(cover, weight), [Group("all", np.arange(12), 4)], np.zeros(12), np.inf, 0, 600.0)
    best = max(covered_weight(cover, weight, s) for s in itertools.combinations(range(12), 4))
    assert found.value == pytest.approx(covered_weight(cover, weight, found.chosen))
    assert found.value == pytest.approx(best)
    assert found.bound == pytest.approx(best)


@pytest.mark.parametrize("seed", range(4))
def test_large_path_keeps_groups_and_budget(seed):
    cover, weight = problem(seed)
    cost = np.array([0.0] * 6 + [1.0] * 6)
    groups = [Group("a", np.arange(0, 9), 2), Group("b", np.arange(9, 12), 1)]
    found = search_cover(merge_rows(cover, weight), groups, cost, 1.0, 0, 600.0)
    allowed = [
        s
        for k in range(4)
        for s in itertools.combinations(range(12), k)
        if sum(j < 9 for j in s) <= 2 and sum(j >= 9 for j in s) <= 1 and cost[list(s)].sum() <= 1
    ]
    assert found.chosen in allowed
    assert found.value == pytest.approx(max(covered_weight(cover, weight, s) for s in allowed))
    assert found.bound >= found.value


def test_every_subgradient_bound_holds():
    cover, weight = problem(3, rows=200, columns=14, share=0.15)
    search = CoverSearch(merge_rows(cover, weight), [Group("all", np.arange(14), 4)], np.zeros(14), np.inf, 0)
    best = max(covered_weight(cover, weight, s) for s in itertools.combinations(range(14), 4))
    for steps in (1, 10, 100, 1000):
        search.lower_bound(steps)
        assert search.state.bound >= best
    out, into = search.fixed()
    assert not (out & into).any()


def test_same_seed_same_plan():
    cover, weight = problem(9, rows=300, columns=40, share=0.1)
    small, groups = merge_rows(cover, weight), [Group("all", np.arange(40), 6)]
    plans = [search_cover(small, groups, np.zeros(40), np.inf, 7, 60.0, threads=t) for t in (1, 2)]
    assert plans[0] == plans[1]


def search_of(seed, groups, cost, budget):
    cover, weight = problem(seed, rows=60)
    return CoverSearch(merge_rows(cover, weight), groups, cost, budget, 0)


def plans_within(search, free, into):
    """Every choice of the search's own columns that keeps its groups and budget, by trying them all."""
    for flags in itertools.product((False, True), repeat=len(search.columns)):
        plan = np.array(flags)
        counts = np.bincount(search.group_of[plan], minlength=len(search.most))
        if (
            (plan <= free).all()
            and (plan >= into).all()
            and (counts <= search.most).all()
            and search.cost[plan].sum() <= search.budget + 1e-9
        ):
            yield plan


@pytest.mark.parametrize("seed", range(5))
def test_own_branch_and_bound_proves_what_trying_everything_finds(seed):
    cost = np.array([0.0] * 6 + [1.0] * 6)
    groups = [Group("a", np.arange(0, 8), 3), Group("b", np.arange(8, 12), 2)]
    search = search_of(seed, groups, cost, 2.0)
    everything, nothing = np.ones(len(search.columns), dtype=bool), np.zeros(len(search.columns), dtype=bool)
    search.state.bound = search.weight.sum()
    bound = search.branch_over(everything, nothing, 10.0)
    best = max(search.worth(plan) for plan in plans_within(search, everything, nothing))
    assert bound == pytest.approx(best)
    assert search.state.value == pytest.approx(best)


@pytest.mark.parametrize("seed", range(3))
def test_own_branch_and_bound_keeps_what_is_forced_and_leaves_out_what_is_not_free(seed):
    search = search_of(seed, [Group("all", np.arange(12), 4)], np.zeros(12), np.inf)
    n = len(search.columns)
    free, into = np.arange(n) >= 2, np.arange(n) == n - 1
    search.state.taken, search.state.value = into.copy(), search.worth(into)
    bound = search.branch_over(free, into, 10.0)
    best = max(search.worth(plan) for plan in plans_within(search, free, into))
    assert search.state.value == pytest.approx(best)
    assert bound == pytest.approx(best)
    assert (search.state.taken <= free).all()
    assert (search.state.taken >= into).all()


def test_a_branch_and_bound_cut_short_still_gives_a_bound_that_holds(monkeypatch):
    monkeypatch.setattr("tocsin.plan.location.search.ROOT_STEPS", 2)
    monkeypatch.setattr("tocsin.plan.location.search.NODE_STEPS", 2)
    cover, weight = problem(5, rows=400, columns=14, share=0.15)
    search = CoverSearch(merge_rows(cover, weight), [Group("all", np.arange(14), 5)], np.zeros(14), np.inf, 0)
    everything, nothing = np.ones(len(search.columns), dtype=bool), np.zeros(len(search.columns), dtype=bool)
    best = max(covered_weight(cover, weight, s) for s in itertools.combinations(range(14), 5))
    for stopped in (1, 0):
        search.stop[0] = stopped
        assert best <= search.branch_over(everything, nothing, 0.0) <= search.weight.sum()


def test_a_search_stopped_by_the_clock_says_so_and_keeps_a_bound_that_holds():
    cover, weight = problem(2, rows=300, columns=30, share=0.1)
    small, groups = merge_rows(cover, weight), [Group("all", np.arange(30), 6)]
    hurried = search_cover(small, groups, np.zeros(30), np.inf, 0, 0.0)
    proven = search_cover(small, groups, np.zeros(30), np.inf, 0, 600.0)
    assert proven.value == pytest.approx(proven.bound)
    assert hurried.value <= proven.value <= hurried.bound
    assert "stopped by the clock" in hurried.method or hurried.bound == pytest.approx(hurried.value)
