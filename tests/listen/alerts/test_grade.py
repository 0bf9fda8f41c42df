import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.grade import SCORES, Credibility, Reliability, TrackRecord, Voice, grade, reliability

NEW, GOOD, BAD = TrackRecord(), TrackRecord(20, 1), TrackRecord(1, 12)
records = st.builds(TrackRecord, st.integers(0, 50).map(float), st.integers(0, 50).map(float))
voices = st.builds(Voice, records, st.floats(0, 1), st.booleans())


def test_unknown_sits_in_the_middle() -> None:
    for one in (grade([]), grade([Voice(NEW)])):
        assert (one.code, one.score, one.truth) == ("F6", 50, 0.5)


def test_independent_agreement_confirms_and_echo_does_not() -> None:
    two = grade([Voice(NEW), Voice(NEW)])
    assert two.credibility is Credibility.CONFIRMED
    repeated = grade([Voice(NEW), Voice(NEW, echo=0.95)])
    assert repeated.credibility is Credibility.UNKNOWN
    assert any(f.code == "repeats_set_aside" for f in repeated.why)


def test_one_good_source_is_believed_and_one_bad_is_not() -> None:
    assert grade([Voice(GOOD)]).code == "A2"
    assert grade([Voice(BAD)]).code == "E5"
    assert grade([Voice(GOOD), Voice(GOOD, denies=True)]).truth < grade([Voice(GOOD)]).truth


def test_a_record_is_made_of_what_was_verified() -> None:
    record = TrackRecord()
    for _ in range(3):
        record = record.after(true=True)
    assert (record.verified, reliability(record)[0]) == (3, Reliability.B)
    assert record.after(true=False, weight=0.5).refuted == 0.5
    with pytest.raises(BadInput):
        TrackRecord(-1)


@given(st.lists(voices, max_size=6), st.floats(0.05, 0.95))
def test_grades_are_sound(found: list[Voice], prior: float) -> None:
    one = grade(found, prior)
    assert 0 <= one.truth <= 1
    assert one.score == (SCORES[one.reliability] + SCORES[one.credibility]) / 2


@given(records, st.booleans())
def test_a_better_record_never_gives_a_worse_letter(record: TrackRecord, more: bool) -> None:
    letter, better = reliability(record)[0], reliability(record.after(true=True))[0]
    if letter is not Reliability.F:
        assert SCORES[better] >= SCORES[letter]


@given(st.lists(records.filter(lambda r: r.mean >= 0.5), min_size=1, max_size=5))
def test_another_independent_source_never_makes_it_less_likely(found: list[TrackRecord]) -> None:
    alone = grade([Voice(r) for r in found])
    assert grade([*(Voice(r) for r in found), Voice(NEW)]).truth >= alone.truth


def test_the_prior_is_a_chance() -> None:
    with pytest.raises(BadInput):
        grade([], prior=1.0)
