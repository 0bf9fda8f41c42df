import dataclasses
import datetime as dt
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.echoes import echo_chances, independent_sources
from tocsin.listen.alerts.join import Caps, Item, Joiner
from tocsin.listen.alerts.model import ThreatKind

NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
ATTACK = ThreatKind.ATTACK


def item(id: str, hours: float = 0, lon: float = 21.0, lat: float = 6.0, **others: object) -> Item:
    base = Item(id, NOW + dt.timedelta(hours=hours), lon, lat, 10, ATTACK, 5, f"s{id}", 5, "attaque à Ippy")
    return dataclasses.replace(base, **others)


def test_the_story_of_one_attack() -> None:
    joiner = Joiner()
    call = joiner.add(item("call", kind=None, number=None, text="", radius_km=35))
    assert joiner.add(item("sms 1", 0.5)) == call
    assert joiner.add(item("sms 2", 2, lon=21.05, number=6)) == call
    assert joiner.add(item("elsewhere", 2, lon=22.5)) != call
    assert joiner.add(item("another kind", 2, kind=ThreatKind.HATE_SPEECH)) != call
    assert joiner.add(item("next week", 24 * 7)) != call


def test_growth_is_capped() -> None:
    joiner = Joiner(caps=Caps(km=20, hours=5))
    walk = [joiner.add(item(str(n), n * 0.5, lon=21 + n * 0.1)) for n in range(12)]
    assert len(set(walk)) > 1
    for alert in set(walk):
        lons = [i.lon for i in joiner.reports(alert)]
        assert (max(lons) - min(lons)) * 111 < 2 * (20 + 20)
    small = Joiner(caps=Caps(reports=3))
    assert len({small.add(item(str(n))) for n in range(7)}) == 3


def test_split_and_merge_keep_history() -> None:
    joiner = Joiner()
    one = joiner.add(item("a"))
    assert joiner.add(item("b")) == one
    two = joiner.split(one, ["b"], "duty officer", NOW)
    assert joiner.alerts() == {one: ("a",), two: ("b",)}
    assert joiner.merge(one, two, "duty officer", NOW) == one
    assert joiner.alerts() == {one: ("a", "b")}
    assert [c.what for c in joiner.history(one)] == ["started", "joined", "split", "merged"]
    assert [c.what for c in joiner.history(two)] == ["split", "merged"]
    assert joiner.history(one)[2].by == "duty officer"
    for wrong in (["a", "b"], [], ["zzz"]):
        with pytest.raises(BadInput):
            joiner.split(one, wrong, "x", NOW)
    with pytest.raises(BadInput):
        joiner.merge(one, one, "x", NOW)
    with pytest.raises(NotFound):
        joiner.merge(one, two, "x", NOW)
    joiner.close(one)
    assert joiner.add(item("c")) != one


def test_bad_items_are_refused() -> None:
    joiner = Joiner()
    joiner.add(item("a"))
    for wrong in (
        item("a"),
        item("b", lat=91),
        item("c", at=dt.datetime(2026, 1, 1)),
        item("d", radius_km=float("nan")),
    ):
        with pytest.raises(BadInput):
            joiner.add(wrong)
    with pytest.raises(NotFound):
        joiner.alert_of("zzz")


@given(st.integers(0, 10_000))
def test_every_report_is_in_one_alert_whatever_happens(seed: int) -> None:
    rng = random.Random(seed)
    joiner = Joiner(caps=Caps(reports=6))
    for n in range(40):
        kind = rng.choice([None, *ThreatKind])
        joiner.add(item(str(n), rng.uniform(0, 100), 21 + rng.random(), 6 + rng.random(), kind=kind))
        alerts = joiner.alerts()
        pick = rng.choice(list(alerts))
        if rng.random() < 0.2 and len(alerts[pick]) > 1:
            joiner.split(pick, alerts[pick][:1], "x", NOW)
        elif rng.random() < 0.2 and len(alerts) > 1:
            joiner.merge(*rng.sample(list(alerts), 2), "x", NOW)
    found = joiner.alerts()
    assert sorted(i for a in found.values() for i in a) == sorted(str(n) for n in range(40))
    assert all(joiner.alert_of(i) == a for a, ids in found.items() for i in ids)
    # the history alone tells the present
    where: dict[str, int] = {}
    for change in joiner._history:
        where |= dict.fromkeys(change.items, change.target)
    assert where == {i: joiner.alert_of(i) for i in where}


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_starting_again_from_the_records_decides_the_same(seed: int, stop: int) -> None:
    rng = random.Random(seed)
    stream = [item(str(n), n * 0.7, 21 + rng.random() / 2, kind=rng.choice([None, ATTACK])) for n in range(40)]
    first, second = Joiner(), Joiner()
    for each in stream[:stop]:
        first.add(each)
    if len(first.reports(1)) > 1:
        first.split(1, [first.reports(1)[-1].id], "x", NOW)
    for alert, ids in first.alerts().items():
        for each in stream[:stop]:
            if each.id in ids:
                second.restore(each, alert)
    assert [first.add(each) for each in stream[stop:]] == [second.add(each) for each in stream[stop:]]
    with pytest.raises(BadInput):
        second.restore(item("z"), 0)


def test_columns_grow() -> None:
    joiner = Joiner()
    for n in range(2100):
        joiner.add(item(str(n), n))
    assert sum(map(len, joiner.alerts().values())) == 2100


def test_echoes_come_late_and_from_far() -> None:
    told = [item("w", 0, home_km=5), item("e", 20, home_km=80, number=9, text="ils ont attaqué"), item("m", 1, text="")]
    witness, echo, missed = echo_chances(told)
    assert witness < 0.2 < 0.8 < echo
    assert np.isnan(missed)
    assert 1.0 < independent_sources(told, np.array([witness, echo, missed])) + 0.2 < 1.4


def test_copied_words_are_an_echo_and_the_same_sender_counts_once() -> None:
    long = "des hommes armés ont attaqué le marché du village hier soir beaucoup de morts"
    first, copy = item("a", 0, text=long), item("b", 2, text=long.upper())
    other = item("b", 2, text="tirs et maisons brûlées près de chez nous")
    assert echo_chances([first, copy])[1] > echo_chances([first, other])[1] + 0.2
    again = dataclasses.replace(other, source=first.source)
    assert independent_sources([first, again], np.array([0.1, 0.2])) == pytest.approx(0.9)
