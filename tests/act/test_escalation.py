import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.act.triage.escalation import (
    Ladder,
    Page,
    Rota,
    Shift,
    Silence,
    State,
    Step,
    Storm,
    advance,
    answer,
    handover,
    open_ladder,
)
from tocsin.core.errors import BadInput

NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
MIN = dt.timedelta(minutes=1)
LADDER = Ladder((Step("duty officer", 10 * MIN), Step("deputy", 15 * MIN), Step("chief", 20 * MIN)), "head of office")
ROTA = Rota(holders={"duty officer": "Ada", "deputy": "Ben", "chief": "Cleo", "head of office": "Dora"})


def run(state: State, minutes: list[float], rota: Rota = ROTA, silences: tuple[Silence, ...] = ()) -> list[Page]:
    """All pages when looked at so many minutes after the start."""
    pages: list[Page] = []
    for minute in minutes:
        state, new = advance(state, NOW + minute * MIN, LADDER, rota, silences)
        pages += new
    return pages


def test_climbs_and_stops_at_a_named_role() -> None:
    pages = run(open_ladder("a", 60, NOW), list(range(200)))
    assert [(p.step, p.person) for p in pages] == [(0, "Ada"), (1, "Ben"), (2, "Cleo"), (3, "Dora")]


def test_one_answer_stops_it() -> None:
    state, _ = advance(open_ladder("a", 60, NOW), NOW, LADDER, ROTA)
    state = answer(state, "Ada", NOW + MIN)
    assert run(state, list(range(100))) == []
    assert answer(state, "Ben", NOW + 2 * MIN) == state


@given(st.lists(st.floats(-5_000_000, 5_000_000), min_size=1, max_size=80), st.integers(0, 80))
def test_each_rung_is_paged_once_whatever_the_clock_does(jumps: list[float], answered: int) -> None:
    state, pages, minutes = open_ladder("a", 60, NOW), [], 0.0
    for turn, jump in enumerate(jumps):
        minutes += jump
        if turn == answered:
            state = answer(state, "Ada", NOW)
        before = len(pages)
        state, new = advance(state, NOW + minutes * MIN, LADDER, ROTA)
        pages += new
        assert len(pages) - before <= 1
        assert turn < answered or len(pages) == before
    steps = [p.step for p in pages]
    assert steps == list(range(len(steps)))


@given(st.lists(st.floats(-500_000, 500_000), max_size=10))
def test_after_the_clock_has_calmed_down_the_ladder_goes_on(jumps: list[float]) -> None:
    state, pages, minutes = open_ladder("a", 60, NOW), 0, 0.0
    for jump in [*jumps, *[1.0] * 60]:
        minutes += jump
        state, new = advance(state, NOW + minutes * MIN, LADDER, ROTA)
        pages += len(new)
    assert pages == 4


@given(st.lists(st.floats(0, 9), max_size=60), st.integers(0, 60))
def test_stopping_and_starting_the_program_changes_nothing(steps: list[float], lost: int) -> None:
    """What was not stored did not happen: the same look is taken again and pages the same."""
    state, minutes = open_ladder("a", 60, NOW), 0.0
    paged: list[int] = []
    for turn, step in enumerate(steps):
        minutes += step
        after, new = advance(state, NOW + minutes * MIN, LADDER, ROTA)
        if turn == lost:
            assert advance(state, NOW + minutes * MIN, LADDER, ROTA) == (after, new)
            continue  # the program died before storing either
        state = after
        paged += [p.step for p in new]
    assert paged == list(range(len(paged)))


def test_the_next_rung_has_its_whole_time_after_a_jump() -> None:
    pages = run(open_ladder("a", 60, NOW), [0, 100_000, 100_001, 100_014, 100_015])
    assert [p.step for p in pages] == [0, 1, 2]


def test_rota_shifts_substitutes_and_nobody() -> None:
    shifts = (
        Shift("duty officer", "Eve", NOW - 60 * MIN, NOW + 5 * MIN),
        Shift("duty officer", "Fay", NOW + 5 * MIN, NOW + 60 * MIN),
    )
    rota = Rota(shifts, {"Eve": ("Gil",), "Fay": ()}, frozenset({"Eve"}), {"head of office": "Dora"})
    assert rota.on_call("duty officer", NOW) == "Gil"
    assert rota.on_call("duty officer", NOW + 5 * MIN) == "Fay"
    assert rota.on_call("duty officer", NOW + 60 * MIN) is None
    state, (page,) = advance(open_ladder("a", 60, NOW + 61 * MIN), NOW + 61 * MIN, LADDER, rota)
    assert (page.person, page.step, state.skipped) == ("Dora", 3, (0, 1, 2))
    state, pages = advance(open_ladder("a", 60, NOW), NOW, LADDER, Rota())
    assert (state.unheard, pages) == (True, ())


def test_silence_holds_back_what_is_not_urgent() -> None:
    night = (Silence(NOW, NOW + 30 * MIN, below_priority=35),)
    assert [p.step for p in run(open_ladder("a", 20, NOW), [0, 10, 29], silences=night)] == []
    assert [p.step for p in run(open_ladder("a", 20, NOW), [0, 29, 30, 31], silences=night)] == [0]
    assert [p.step for p in run(open_ladder("a", 60, NOW), [0, 10], silences=night)] == [0, 1]


def test_the_final_role_is_paged_even_in_silence() -> None:
    state = open_ladder("a", 20, NOW)
    for minute in (0, 10, 25):
        state, _ = advance(state, NOW + minute * MIN, LADDER, ROTA)
    night = (Silence(NOW, NOW + 600 * MIN),)
    assert [p.person for p in run(state, [46], silences=night)] == ["Dora"]


def test_a_storm_of_300_messages_pages_one_person_once() -> None:
    storm, pages = Storm(), []
    for second in range(300):
        at = NOW + second * dt.timedelta(seconds=1)
        storm = storm.report("attack on Ippy", 50 + second / 10, at)
        storm, new = storm.advance(at, LADDER, ROTA)
        pages += new
    assert [(p.person, p.step) for p in pages] == [("Ada", 0)]
    state = storm.ladders["attack on Ippy"]
    assert (state.reports, state.priority) == (300, 50 + 299 / 10)
    other = storm.report("looting in Bria", 40, NOW)
    assert len(other.advance(NOW, LADDER, ROTA)[1]) == 1


def test_what_grows_far_more_urgent_after_an_answer_pages_again() -> None:
    storm = Storm().report("x", 40, NOW)
    storm = Storm({"x": answer(storm.ladders["x"], "Ada", NOW)})
    for priority in (45, 50, 55):
        storm = storm.report("x", priority, NOW + MIN)
        assert not storm.ladders["x"].open
    storm, pages = storm.report("x", 61, NOW + MIN).advance(NOW + MIN, LADDER, ROTA)
    assert [p.ladder for p in pages] == ["x/2"]


def test_a_storm_that_returns_later_is_a_new_one() -> None:
    storm = Storm().report("x", 60, NOW)
    storm = Storm({"x": answer(storm.ladders["x"], "Ada", NOW)})
    assert not storm.report("x", 60, NOW + dt.timedelta(hours=1)).ladders["x"].open
    again = storm.report("x", 60, NOW + dt.timedelta(hours=7)).ladders["x"]
    assert (again.open, again.id) == (True, "x/2")


def test_handover_lists_what_is_open() -> None:
    one, _ = advance(open_ladder("one", 20, NOW), NOW, LADDER, ROTA)
    two, _ = advance(open_ladder("two", 60, NOW), NOW, LADDER, ROTA)
    done = answer(two, "Ada", NOW)
    assert [s.id for s in handover([one, two], "Ada")] == ["two", "one"]
    assert handover([done], "Ada") == ()


def test_ladders_that_could_hang_are_refused() -> None:
    for steps, final in (((), ""), ((Step("x", dt.timedelta()),), "y"), ((Step("", MIN),), "y")):
        with pytest.raises(BadInput):
            Ladder(steps, final)
    with pytest.raises(BadInput):
        open_ladder("a", 1, dt.datetime(2026, 1, 1))
