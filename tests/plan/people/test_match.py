import datetime as dt
import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput, Infeasible, NoData
from tocsin.plan.people import Person, Post, Rule, match
from tocsin.plan.people.demands import demands_of
from tocsin.plan.people.fit import counted, fitness
from tocsin.plan.people.model import Trait
from tocsin.plan.people.prices import rows_of
from tocsin.plan.people.simplex import Simplex
from tocsin.plan.people.tree import Tree, _Node

MATCHING = importlib.import_module("tocsin.plan.people.match")  # the function has the module's name

PEOPLE = [
    Person("a", 3, {"gbv": 1.0}, {"fr": 1.0}, woman=True, nationality="SEN"),
    Person("b", 2, {"gbv": 0.5}, {"fr": 1.0, "sango": 1.0}, woman=False, nationality="SEN"),
    Person("c", 1, {"traffic": 1.0}, {"ar": 1.0}, woman=False, nationality="EGY"),
    Person("d", 1, {"traffic": 0.8}, {"fr": 0.6}, woman=True, nationality="RWA", formed=True),
]


def team(id, **options):
    return Post(id, groups=frozenset({"Bria"}), **options)


def test_the_best_fit_on_paper():
    posts = [team("gbv", skills={"gbv": 1.0}), team("traffic", skills={"traffic": 1.0}, weight=2.0)]
    found = match(PEOPLE, posts)
    assert found.pairs == ((0, 0), (2, 1))
    assert found.value == pytest.approx(1 * (1 + 0.98) + 2 * (1 + 0.98))  # 0.02 of the fit is for staying
    assert found.proven


def test_a_rule_changes_the_choice_and_costs_value():
    posts = [team("one", skills={"gbv": 1.0}), team("two", skills={"traffic": 1.0})]
    free = match(PEOPLE, posts)
    bound = match(PEOPLE, posts, [Rule("Bria", Trait.LANGUAGE, "sango", least=1)])
    assert 1 in {i for i, _ in bound.pairs}
    assert bound.value < free.value
    assert bound.proven


def test_who_may_not_serve_is_never_chosen():
    days = (dt.date(2026, 1, 1), dt.date(2026, 6, 30))
    people = [
        Person("late", available=(dt.date(2026, 2, 1), dt.date(2027, 1, 1))),
        Person("unfit", medical_until=dt.date(2026, 3, 1)),
        Person("formed", formed=True),
        Person("barred", nationality="EGY"),
        Person("junior", rank=0),
    ]
    post = Post("x", days=days, barred=frozenset({"EGY"}), ranks=(0, 3))
    assert [bool(ok) for ok in ~np.isnan(fitness(people, [post]))[:, 0]] == [False, False, False, False, True]
    none = match(people, [Post("y", skills={"gbv": 0.5}, must=frozenset({"gbv"}))])
    assert none.vacant == (0,)
    assert "0 with gbv" in none.unfillable[0]


def test_rules_that_clash_are_named_and_no_others():
    posts = [team("one"), team("two")]
    rules = [
        Rule("Bria", Trait.WOMAN, least=2),
        Rule("Bria", Trait.NATIONALITY, "SEN", least=2),
        Rule("Bria", Trait.RANK, "1", least=1),
    ]
    with pytest.raises(Infeasible) as problem:
        match(PEOPLE, posts, rules)
    assert "at least 2 women" in str(problem.value)
    assert "rank" not in str(problem.value)


def test_wrong_input_is_refused():
    with pytest.raises(BadInput, match="two people have the id a"):
        match([Person("a"), Person("a")], [Post("x")])
    with pytest.raises(BadInput, match="no post is in it"):
        match(PEOPLE, [Post("x")], [Rule("Bria", Trait.WOMAN, least=1)])
    with pytest.raises(BadInput, match="at least 3 and at most 2"):
        Rule("Bria", Trait.WOMAN, least=3, most=2)


@st.composite
def small(draw):
    skills = st.dictionaries(st.sampled_from(["s", "t"]), st.sampled_from([0.2, 0.5, 1.0]), max_size=2)
    people = [
        Person(str(k), draw(st.integers(0, 2)), draw(skills), woman=draw(st.booleans()),
               nationality=draw(st.sampled_from("XY")), size=draw(st.sampled_from([1, 1, 3])))
        for k in range(draw(st.integers(2, 5)))
    ]  # fmt: skip
    posts = [
        Post(str(k), draw(st.sampled_from([1.0, 2.0])), draw(skills), ranks=(draw(st.integers(0, 1)), 2),
             groups=frozenset({"g"} if draw(st.booleans()) or k == 0 else ()), must_fill=draw(st.integers(0, 5)) == 0)
        for k in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    rules = [
        Rule(
            "g", draw(st.sampled_from([Trait.WOMAN, Trait.MAN])), least=draw(st.sampled_from([0, 0.4, 0.5])), share=True
        ),
        Rule("g", Trait.NATIONALITY, "X", most=draw(st.integers(0, 2))),
        Rule("g", Trait.SKILL, "s", least=draw(st.integers(0, 1))),
    ]
    return people, posts, rules


def best_by_hand(people, posts, rules):
    fit = fitness(people, posts)
    best = None
    for choice in itertools.product([None, *range(len(people))], repeat=len(posts)):
        taken = [c for c in choice if c is not None]
        if any(p.must_fill and c is None for p, c in zip(posts, choice, strict=True)):
            continue
        if len(set(taken)) < len(taken) or any(np.isnan(fit[c, j]) for j, c in enumerate(choice) if c is not None):
            continue
        good = True
        for rule in rules:
            inside = [c for j, c in enumerate(choice) if c is not None and rule.group in posts[j].groups]
            count = sum(counted(people, rule)[inside])
            all_of = sum(people[c].size for c in inside)
            low, high = (rule.least * all_of, rule.most) if rule.share else (rule.least, rule.most)
            good &= low - 1e-9 <= count <= high
        if good:
            value = sum(posts[j].weight * (1 + fit[c, j]) for j, c in enumerate(choice) if c is not None)
            best = value if best is None else max(best, value)
    return best


@settings(max_examples=40)
@given(small())
def test_it_is_the_best_of_all_assignments(problem):
    people, posts, rules = problem
    want = best_by_hand(people, posts, rules)
    if want is None:
        with pytest.raises(Infeasible):
            match(people, posts, rules)
        return
    found = match(people, posts, rules)
    assert found.value == pytest.approx(want)
    assert found.proven
    assert len({i for i, _ in found.pairs}) == len(found.pairs)


def middling(seed, officers=80, posts=25):
    """A roster too large to try by hand, small enough for a plain branch and bound over every pair."""
    rng = np.random.default_rng(seed)
    people = [
        Person(str(k), int(rng.integers(5)), {"s": float(rng.uniform(0.3, 1)), "t": float(rng.uniform(0, 1))},
               {"fr": 1.0} if rng.random() < 0.6 else {"sango": 1.0}, bool(rng.random() < 0.25), f"C{rng.integers(5)}")
        for k in range(officers)
    ]  # fmt: skip
    made = [
        Post(str(k), float(rng.uniform(1, 3)), {"s": float(rng.uniform(0.5, 1)), "t": 0.7}, languages={"fr": 0.8},
             ranks=(int(rng.integers(2)), 4), groups=frozenset({f"team {k % 5}"}))
        for k in range(posts)
    ]  # fmt: skip
    rules = []
    for t in range(5):
        rules += [Rule(f"team {t}", Trait.WOMAN, least=0.4, share=True), Rule(f"team {t}", Trait.RANK, "4", least=2),
                  Rule(f"team {t}", Trait.LANGUAGE, "sango", least=3)]  # fmt: skip
        rules += [Rule(f"team {t}", Trait.NATIONALITY, f"C{c}", most=2) for c in range(5)]
    return people, made, rules


def best_by_whole_numbers(people, posts, rules):
    """The same by HiGHS over all pairs and all rules at once."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    fit = fitness(people, posts)
    demands = demands_of(people, posts, rules)
    at = np.argwhere(~np.isnan(fit))
    worth = np.array([posts[j].weight * (1 + fit[i, j]) for i, j in at])
    rows = rows_of(at, fit.shape, demands)
    limit = np.r_[np.ones(sum(fit.shape)), demands.limit]
    found = milp(-worth, constraints=LinearConstraint(rows, -np.inf, limit), bounds=Bounds(0, 1),
                 integrality=np.ones(len(at)), options={"mip_rel_gap": 0.0})  # fmt: skip
    return -found.fun


@pytest.mark.parametrize("seed", range(4))
def test_on_a_middling_roster_it_is_what_whole_numbers_over_every_pair_give(seed):
    people, posts, rules = middling(seed)
    found = match(people, posts, rules)
    assert found.value == pytest.approx(best_by_whole_numbers(people, posts, rules), abs=2e-6)
    assert found.gap == 0.0
    assert found.bound >= found.value
    assert all(kept(rule, people, posts, found) for rule in rules)


def kept(rule, people, posts, found):
    inside = [i for i, j in found.pairs if rule.group in posts[j].groups]
    count = counted(people, rule)[inside].sum()
    low, high = (rule.least * len(inside), rule.most) if rule.share else (rule.least, rule.most)
    return low - 1e-9 <= count <= high


def test_a_first_look_that_is_too_narrow_is_widened(monkeypatch):
    people, posts, rules = middling(1)
    wide = match(people, posts, rules)
    monkeypatch.setattr(MATCHING, "FIRST_ROOM", 1e-9)
    narrow = match(people, posts, rules)
    assert narrow.value == pytest.approx(wide.value, abs=1e-9)
    assert narrow.proven


def test_a_tree_that_grows_too_wide_is_closed_with_cuts(monkeypatch):
    people, posts, rules = middling(0)
    tree = match(people, posts, rules)
    monkeypatch.setattr(MATCHING, "MOST", 1)
    cuts = match(people, posts, rules)
    assert cuts.value == pytest.approx(tree.value, abs=1e-9)
    assert cuts.proven


def test_without_time_it_says_so(monkeypatch):
    people, posts, rules = middling(0)
    monkeypatch.setattr(Tree, "_dive", lambda self, node: None)
    with pytest.raises(NoData, match="give more seconds"):
        match(people, posts, rules, seconds=0.0)


def test_an_answer_found_before_time_is_over_is_bounded():
    people, posts, rules = middling(0)
    best = match(people, posts, rules)
    fit = fitness(people, posts)
    worth = np.nan_to_num(fit + 1) * np.array([p.weight for p in posts])
    demands = demands_of(people, posts, rules)
    tree = Tree(worth, np.argwhere(~np.isnan(fit)), demands, np.ones(len(demands), dtype=bool), -1.0)
    tree._dive(_Node(tree.program.low, tree.program.high, frozenset(), None))
    early = tree.grow(0.0)
    assert not early.finished
    assert early.value <= best.value <= early.bound


def test_a_program_is_bounded_by_any_prices():
    # Two people, one post: at most 3 by sight. Prices of nothing bound it by 5, those of the solver exactly.
    program = Simplex(np.array([3.0, 2.0]), csr_matrix(np.ones((1, 2))), np.ones(1))
    assert program.solve(first=True)
    assert program.bound(np.zeros(1))[0] == 5.0
    assert program.bound(program.prices())[0] == pytest.approx(3.0)
    program.bounds(np.zeros(2), np.array([0.0, 1.0]))
    assert program.solve(program.basis())
    assert program.bound(program.prices())[0] == pytest.approx(2.0)
    program.bounds(np.zeros(2), np.zeros(2), frozenset({0}))
    assert not program.solve(program.basis())
