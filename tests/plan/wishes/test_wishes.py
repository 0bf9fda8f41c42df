"""A plan asked for: kept, drawn up in a process of its own, found again; refused in words when it cannot be."""

import datetime as dt
import multiprocessing
from types import SimpleNamespace

import pytest
from tests.conftest import NOW
from tests.store.conftest import person

from tocsin.core.codes import Role
from tocsin.core.errors import BadFile, BadInput, Forbidden, TooMany
from tocsin.plan.reach import compare_plans
from tocsin.plan.wishes import Asked, Planner, ask, list_wishes
from tocsin.plan.wishes.jobs import calculate
from tocsin.store import open_store, reading, writing

PLANNER = person(Role.PLANNER)
CLASH = {"limits": {"new_bases": 0, "moves": 0}, "fixed": [{"unit": "Bravo", "place": "20.25,5.25"}]}


def drawn(mission, asked):
    """What the process says, said here."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    calculate(theirs, mission.folder, asked, NOW)
    told = []
    while ours.poll():
        try:
            told.append(ours.recv())
        except EOFError:
            break
    return told


@pytest.fixture
def engine(planned):
    made = open_store(planned.store_url)
    yield made
    made.dispose()


def test_asked_on_the_screen_is_the_plan_of_the_command(planned, tocsin, tmp_path):
    file = tmp_path / "request.toml"
    file.write_text("[limits]\nnew_bases = 1\nmoves = 1\n")
    told = tocsin("plan", "--request", file, "--hours", 1.6)
    asked = Asked(limit_hours=1.6, request={"limits": {"new_bases": 1, "moves": 1}})
    what, found = drawn(planned, asked)[-1]
    assert what == "done"
    assert found.run == told["run"]
    assert found.summary["changes"] == told["changes"]


def test_a_season_alone_is_planned_for(planned):
    limits = {"limits": {"new_bases": 1, "moves": 0}}
    wet = drawn(planned, Asked(limit_hours=1.6, season="wet", request=limits))[-1][1].summary
    dry = drawn(planned, Asked(limit_hours=1.6, season="dry", request=limits))[-1][1].summary
    assert (wet["axes"]["season"], dry["axes"]["season"]) == ("wet", "dry")
    assert wet["axes"]["value"] < dry["axes"]["value"]
    for one in (wet, dry):
        reached = one["axes"]["value"] / (one["axes"]["before"] or 1)
        assert reached >= 1
        # With one season and one tier, the aim is the share that stays out of reach.
        total = sum(a["risk"] for a in one["axes"]["by_area"]) or None
        if total:
            assert one["axes"]["value"] <= total + 1e-6


def test_demands_that_clash_are_named_as_a_smallest_set(planned):
    what, told = drawn(planned, Asked(limit_hours=1.6, request=CLASH))[-1]
    assert (what, told["code"]) == ("refused", "infeasible")
    assert len(told["demands"]) == 2
    assert "0 moves" in told["demands"]
    assert any(d.startswith("Bravo at cell") for d in told["demands"])
    for gone in ({**CLASH, "limits": {"new_bases": 0, "moves": 1}}, {**CLASH, "fixed": []}):
        assert drawn(planned, Asked(limit_hours=1.6, request=gone))[-1][0] == "done"


def test_it_is_drawn_up_beside_and_found_again_and_compared(planned, engine, tocsin):
    with writing(engine) as connection:
        ids = [ask(connection, PLANNER, Asked(limit_hours=1.6, request=r), NOW) for r in ({}, CLASH)]
    planner = Planner(planned, lambda: SimpleNamespace(engine=engine, now=lambda: NOW))
    for id in ids:
        planner.take(id)
    assert planner.wait(120)
    with reading(engine) as connection:
        clash, done = list_wishes(connection, PLANNER, NOW)
        assert (done["state"], clash["state"]) == ("done", "refused")
        assert "0 moves" in clash["problem"]["demands"]
    plain = tocsin("plan", "--hours", 1.6)["run"]
    with reading(engine) as connection:
        sides = compare_plans(connection, [plain, done["run"]])
    assert [s["objective"] for s in sides] == [None, "harm"]
    assert sides[1]["covered_after"][0]["limit_hours"] == 2.0
    assert sides[1]["before"] == pytest.approx(sides[0]["before"], rel=0.5)


def test_what_nobody_works_on_any_more_is_told_as_stopped(engine):
    with writing(engine) as connection:
        ask(connection, PLANNER, Asked(), NOW)
        assert list_wishes(connection, PLANNER, NOW)[0]["state"] == "waiting"
        later = list_wishes(connection, PLANNER, NOW + dt.timedelta(minutes=2))
        assert later[0]["state"] == "stopped"


def test_wishes_that_cannot_be_are_refused_before_they_wait(engine):
    with writing(engine) as connection:
        for wrong, why in (
            (Asked(objective="glory"), BadInput), (Asked(season="spring"), BadInput), (Asked(limit_hours=0), BadInput),
            (Asked(seconds=9_999), BadInput), (Asked(request={"limts": {}}), BadFile),
            (Asked(request={"forbidden": [{"area": "East", "season": "spring"}]}), BadFile),
        ):  # fmt: skip
            with pytest.raises(why):
                ask(connection, PLANNER, wrong, NOW)
        with pytest.raises(Forbidden):
            ask(connection, person(Role.DUTY_OFFICER), Asked(), NOW)
        for _ in range(5):
            ask(connection, PLANNER, Asked(), NOW)
        with pytest.raises(TooMany):
            ask(connection, PLANNER, Asked(), NOW)
        assert len(list_wishes(connection, person(Role.DUTY_OFFICER), NOW)) == 5
        with pytest.raises(Forbidden):
            list_wishes(connection, person(Role.PARTNER), NOW)
