import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.act.triage.priority import LEVELS, Level, Priority, prioritise
from tocsin.act.triage.proposal import ORDINARY, SENSITIVE, Means, Owner, Responder, Tier, propose
from tocsin.core.errors import BadInput
from tocsin.core.words import translator
from tocsin.listen.alerts.grade import Grade, TrackRecord, Voice, grade
from tocsin.listen.alerts.model import ActorKind, Imminence, ThreatKind

NEW = grade([])
SURE = grade([Voice(TrackRecord(20, 0)), Voice(TrackRecord(20, 0))])
FALSE = grade([Voice(TrackRecord(0, 20))])


def priority(**change: object) -> Priority:
    known: dict[str, object] = {"kind": ThreatKind.ATTACK, "soon": Imminence.HAPPENING, "grade": SURE, "forecast": 1.0}
    known |= change
    return prioritise(known["kind"], known["soon"], known["grade"], known["forecast"])


def test_unknown_is_neither_low_nor_high() -> None:
    assert priority(soon=Imminence.DAYS).value < priority(soon=None).value < priority().value
    assert priority(forecast=0.0).value < priority(forecast=None).value < priority(forecast=50.0).value
    assert priority(grade=FALSE).value < priority(grade=NEW).value < priority(grade=SURE).value
    assert priority(kind=ThreatKind.ROAD_BLOCK).value < priority(kind=None).value < priority().value
    assert priority(kind=None, soon=None, forecast=None).unknown == ("imminence", "kind", "forecast")


def test_an_attack_under_way_where_nothing_was_forecast_is_still_urgent() -> None:
    assert priority(forecast=0.0, grade=NEW).level.name in ("1", "2")


def test_levels_set_due_times() -> None:
    at = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
    assert priority().due(at) == (at + dt.timedelta(minutes=10), at + dt.timedelta(minutes=30))
    with pytest.raises(BadInput):
        prioritise(None, None, NEW, None, levels=(Level("1", 10, dt.timedelta(1), dt.timedelta(1)),))
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput):
            priority(forecast=wrong)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_priority_is_a_sentence(language: str) -> None:
    say = translator(language)
    for kind, soon, forecast in itertools.product([None, *ThreatKind], [None, *Imminence], [None, 0.25]):
        words = priority(kind=kind, soon=soon, forecast=forecast).sentence(say)
        assert words.endswith(".")
        assert "{" not in words
    assert "graded A1" in priority().sentence(translator("en"))


@given(
    st.sampled_from([None, *ThreatKind]), st.sampled_from([None, *Imminence]), st.floats(0, 1000),
    st.lists(st.builds(Voice, st.just(TrackRecord()), st.floats(0, 1), st.booleans()), max_size=4),
)  # fmt: skip
def test_priorities_are_numbers_with_a_level(
    kind: ThreatKind | None, soon: Imminence | None, forecast: float, voices: list[Voice]
) -> None:
    found: Grade = grade(voices)
    one = prioritise(kind, soon, found, forecast)
    assert 0 <= one.value <= 100
    assert one.level in LEVELS
    assert prioritise(kind, soon, found, forecast + 1).value >= one.value


FORCE, PHONE = frozenset({Means.FORCE}), frozenset({Means.PHONE, Means.DIALOGUE})
TEAM = [
    Responder("TOB Ippy", Owner.MILITARY, FORCE),
    Responder("FPU Bambari", Owner.POLICE, frozenset({Means.POLICING})),
    Responder("Gendarmes", Owner.HOST_STATE, FORCE),
    Responder("CLA Ippy", Owner.CIVILIAN, PHONE),
    Responder("Far base", Owner.MILITARY, FORCE),
    Responder("Resting", Owner.MILITARY, FORCE, available=False),
]
HOURS = np.array([0.7, 1.5, 0.2, 3.0, np.inf, 0.1])


def test_all_three_tiers_and_who_arrives_first() -> None:
    found = propose(ThreatKind.ATTACK, TEAM, HOURS, 1.0)
    assert all(found.of(tier) for tier in Tier)
    assert [o.who for o in found.of(Tier.PHYSICAL)] == ["TOB Ippy", "Gendarmes", "FPU Bambari"]
    assert [o.margin for o in found.of(Tier.PHYSICAL)] == [0.3, 0.8, -0.5]
    assert found.of(Tier.DIALOGUE)[0].who == "CLA Ippy"
    assert (found.gap, found.ladder) == (False, ORDINARY)
    assert all(o.why and o.worse for o in found.options)


def test_what_cannot_arrive_is_said() -> None:
    found = propose(ThreatKind.ATTACK, TEAM, HOURS, 0.1)
    assert found.gap
    assert any(n.code == "nobody_arrives_before_harm" for n in found.notes)
    assert found.of(Tier.PHYSICAL)[0].action == "go afterwards"
    unknown = propose(ThreatKind.ATTACK, TEAM[:1], np.array([np.nan]), 2.0)
    assert unknown.of(Tier.PHYSICAL)[0].margin is None
    assert unknown.gap


@given(
    st.sampled_from([None, *ThreatKind]),
    st.lists(
        st.builds(Responder, st.text(min_size=1, max_size=5), st.sampled_from(Owner),
                  st.frozensets(st.sampled_from(Means), max_size=4), st.booleans()),
        max_size=8,
    ),
    st.sampled_from([None, -1.0, 0.0, 6.0]),
    st.sampled_from([(ActorKind.STATE, None), (None, 0.3), (ActorKind.REBEL, 0.9)]),
    st.data(),
)  # fmt: skip
def test_never_through_the_forces_that_are_the_likely_perpetrator(
    kind: ThreatKind | None, team: list[Responder], harm: float | None, who: tuple[ActorKind | None, float | None],
    data: st.DataObject,
) -> None:  # fmt: skip
    time = st.floats(0, 50) | st.sampled_from([np.inf, np.nan])
    hours = np.array([data.draw(time) for _ in team])
    found = propose(kind, team, hours, harm, actor=who[0], host_state_chance=who[1])
    assert found.ladder == SENSITIVE
    assert all(o.owner is not Owner.HOST_STATE for o in found.options)
    assert all(found.of(tier) for tier in (Tier.DIALOGUE, Tier.ENVIRONMENT))
    assert any(n.code == "likely_perpetrator_is_host_state" for n in found.notes)


def test_times_must_fit() -> None:
    for wrong in (HOURS[:2], -HOURS):
        with pytest.raises(BadInput):
            propose(None, TEAM, wrong, 1.0)
