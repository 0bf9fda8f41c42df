import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.plan.partners import Force, ForceKind, Need, Offer, pair, stops
from tocsin.plan.partners.model import Assessment
from tocsin.plan.partners.pair import fits


def always(o, n, m):
    return True


def test_one_clinic_goes_where_it_weighs_more_and_stays_there():
    # On paper: one clinic, gaps of 3 and 2 for two months: 3 + 3, and it does not change hands.
    needs = [Need("a", "B", "medical", weight=3.0), Need("b", "C", "medical", weight=2.0)]
    found = pair([Offer("clinic", "A", "medical")], needs, [1, 2], always)
    assert found.value == pytest.approx(6.0)
    assert [(p.need, p.month) for p in found.passings] == [(0, 1), (0, 2)]
    assert found.proven


def test_a_set_helps_only_whole():
    needs = [Need("road", "B", "demining", set="open the road"), Need("fly", "B", "air", set="open the road"),
             Need("other", "C", "air", weight=1.5)]  # fmt: skip
    both = [Offer("sappers", "A", "demining"), Offer("heli", "C", "air"), Offer("second", "A", "air", months=(2, 2))]
    found = pair(both, needs, [1, 2], always)
    # Month 1: the helicopter of C cannot serve C; the set takes it: 2. Month 2: the set 2, and the other 1.5.
    assert found.value == pytest.approx(5.5)
    alone = pair(both[1:], needs, [1], always)
    assert alone.value == 0
    assert alone.passings == ()


def test_of_equal_answers_the_one_with_fewest_hands():
    offers = [Offer("one", "A", "isr"), Offer("two", "A", "isr")]
    needs = [Need("x", "B", "isr"), Need("y", "C", "isr")]
    found = pair(offers, needs, list(range(1, 7)), always)
    assert found.value == pytest.approx(12.0)
    assert len({(p.offer, p.need) for p in found.passings}) == 2


def test_a_language_is_not_another():
    offer = Offer("i", "A", "interpreters", detail="sango")
    assert fits(offer, Need("n", "B", "interpreters", detail="sango"), 1)
    assert not fits(offer, Need("n", "B", "interpreters", detail="fulfulde"), 1)
    assert not fits(offer, Need("n", "A", "interpreters"), 1), "one's own is not a partner's"


def test_the_gate():
    un, army, ngo = Force("UN"), Force("Army", ForceKind.HOST_STATE), Force("NGO", ForceKind.HUMANITARIAN)
    offer, need = Offer("o", "UN", "air"), Need("n", "Army", "air")
    month = 468  # December 2018

    def state(kind, until=None):
        return Force("Army", ForceKind.HOST_STATE, kind, until, "conduct in 2017")

    end, before = dt.date(2018, 12, 31), dt.date(2018, 12, 30)
    assert stops(un, un, offer, need, month) is None
    assert "no human rights due diligence" in stops(un, army, offer, need, month)
    assert "no human rights due diligence" in stops(army, un, offer, need, month)
    assert "not finished" in stops(un, state(Assessment.PENDING), offer, need, month)
    assert "says no (conduct in 2017)" in stops(un, state(Assessment.REFUSED, end), offer, need, month)
    assert stops(un, state(Assessment.CLEARED, end), offer, need, month) is None
    assert "not through 2018-12" in stops(un, state(Assessment.MITIGATED, before), offer, need, month)
    assert "holds to no day" in stops(un, state(Assessment.CLEARED), offer, need, month)
    assert "does not lend" in stops(ngo, un, offer, need, month)
    assert "has not asked" in stops(un, ngo, offer, need, month)
    assert stops(un, ngo, offer, Need("n", "NGO", "air", requested=True), month) is None
    assert "only to Togo" in stops(un, un, Offer("o", "UN", "air", lends_to=frozenset({"Togo"})), need, month)


@st.composite
def small(draw):
    force = st.sampled_from(["A", "B", "C"])
    what = st.sampled_from(["air", "isr"])
    offers = [Offer(f"o{k}", draw(force), draw(what), draw(st.integers(1, 2)), months=(draw(st.integers(1, 2)), 2))
              for k in range(draw(st.integers(1, 3)))]  # fmt: skip
    needs = [Need(f"n{k}", draw(force), draw(what), draw(st.integers(1, 2)), weight=draw(st.sampled_from([1.0, 2.0])),
                  set=draw(st.sampled_from(["", "", "s"]))) for k in range(draw(st.integers(1, 3)))]  # fmt: skip
    shut = draw(st.frozensets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3))
    return offers, needs, shut


def best_by_hand(offers, needs, month, may):
    """Every way to give each unit of each offer to a need or nobody."""
    units = [o for o, offer in enumerate(offers) for _ in range(offer.quantity)]
    best = 0.0
    for choice in itertools.product([None, *range(len(needs))], repeat=len(units)):
        met = [0] * len(needs)
        good = True
        for o, n in zip(units, choice, strict=True):
            if n is not None:
                good &= fits(offers[o], needs[n], month) and may(o, n, month)
                met[n] += 1
        good &= all(m <= need.quantity for m, need in zip(met, needs, strict=True))
        members = [k for k, n in enumerate(needs) if n.set]
        good &= all(met[k] == 0 for k in members) or all(met[k] == needs[k].quantity for k in members)
        if good:
            best = max(best, sum(m * need.weight for m, need in zip(met, needs, strict=True)))
    return best


@settings(max_examples=40)
@given(small())
def test_it_is_the_best_and_keeps_to_the_gate(problem):
    offers, needs, shut = problem

    def may(o, n, m):
        return (o, n) not in shut

    found = pair(offers, needs, [1, 2], may)
    assert found.value == pytest.approx(sum(best_by_hand(offers, needs, m, may) for m in (1, 2)))
    assert found.proven
    assert all((p.offer, p.need) not in shut for p in found.passings)
    for month in (1, 2):
        for o, offer in enumerate(offers):
            assert sum(p.quantity for p in found.passings if (p.offer, p.month) == (o, month)) <= offer.quantity
    assert sum(needs[p.need].weight * p.quantity for p in found.passings) == pytest.approx(found.value)


def test_no_month_is_refused():
    with pytest.raises(BadInput):
        pair([], [], [], always)
