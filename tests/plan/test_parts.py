"""Parts of a plan taken by hand: all of them are the plan, none is the posture as it stands; kept as a plan."""

import pytest
from tests.conftest import NOW
from tests.store.conftest import person

from tocsin.core.codes import Role, UnitKind
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.plan.board import Board, Change
from tocsin.plan.parts import accept_part, part_of, proposed
from tocsin.plan.reach import compare_plans
from tocsin.plan.situation import situation
from tocsin.store import open_store, reading, run_of, writing

PLANNER = person(Role.PLANNER)


@pytest.fixture
def made(planned, tocsin):
    plan = tocsin("plan", "--hours", 1.6, "--additional", 1, "--moves", 1)
    assert len(plan["moves"]) == 2
    engine = open_store(planned.store_url)
    with reading(engine) as connection:
        board = Board(connection, planned, situation(connection, planned, NOW), plan["season"])
        yield plan, proposed(connection, plan["run"]), board, engine
    engine.dispose()


def at_limit(rows, limit=1.6):
    return next(r["risk_share"] for r in rows if r["limit_hours"] == limit)


def test_all_parts_are_the_plan_and_none_is_the_posture(made):
    told, plan, board, _ = made
    limits = [c["limit_hours"] for c in told["covered_after"]]
    whole = part_of(plan, (0, 1), board)
    assert [c["risk_share"] for c in board.after(whole, limits)] == pytest.approx(
        [c["risk_share"] for c in told["covered_after"]]
    )
    none = part_of(plan, (), board).summary
    assert none["covered_after"][0]["risk_share"] == pytest.approx(none["covered"][0]["risk_share"])
    assert (none["gains"], none["loses"]) == ([], [])
    one = part_of(plan, (0,), board).summary["covered_after"][0]["risk_share"]
    assert one <= whole.summary["covered_after"][0]["risk_share"] + 1e-12
    other = part_of(plan, (1,), board).summary["covered_after"][0]["risk_share"]
    assert max(one, other) > none["covered_after"][0]["risk_share"]


def test_a_part_is_kept_as_a_plan_and_compared(made):
    told, plan, board, engine = made
    with writing(engine) as connection:
        run = accept_part(connection, PLANNER, plan, [1], board, NOW)
        assert accept_part(connection, PLANNER, plan, [1], board, NOW) == run  # the same part is the same plan
        kept = run_of(connection, run)
        (first, second) = compare_plans(connection, [told["run"], run])
        again = proposed(connection, run)
    assert kept["changes"] == [told["moves"][1]]
    assert kept["part_of"] == told["run"]
    assert second["adds"] + second["moves"] == 1
    assert second["value"] <= first["value"] + 1e-9 or told["ground"]
    assert part_of(again, (0,), board).summary["covered_after"] == part_of(plan, (1,), board).summary["covered_after"]


def test_a_unit_that_leaves_takes_its_reach_along(made):
    board = made[2]
    gone = board.together([Change("close", "Bravo", UnitKind.TOB, None)], 2.5).summary
    assert gone["loses"]
    assert gone["covered_after"][0]["risk_share"] < gone["covered"][0]["risk_share"]
    before = sum(r["troops"] or 0 for r in gone["ratios"])
    assert sum(r["troops"] or 0 for r in gone["ratios_after"]) == before - 60
    with pytest.raises(BadInput, match="changed twice"):
        board.together([Change("close", "Bravo", UnitKind.TOB, None)] * 2, 1.6)


def test_what_cannot_be_is_refused(made, planned, tocsin):
    _, plan, board, engine = made
    with pytest.raises(BadInput, match="2 changes"):
        part_of(plan, (2,), board)
    with writing(engine) as connection:
        with pytest.raises(BadInput, match="at least one"):
            accept_part(connection, PLANNER, plan, [], board, NOW)
        with pytest.raises(Forbidden):
            accept_part(connection, person(Role.ANALYST), plan, [0], board, NOW)
        with pytest.raises(NotFound):
            proposed(connection, "0" * 12)
    night = tocsin("plan", "--hours", 1.6, "--night")
    with reading(engine) as connection, pytest.raises(Conflict, match="other ways of travelling"):
        part_of(proposed(connection, night["run"]), (), board)
