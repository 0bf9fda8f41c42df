import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.people import Person, Post, Rule, match
from tocsin.plan.people.fit import counted, fitness
from tocsin.plan.people.model import Trait

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
