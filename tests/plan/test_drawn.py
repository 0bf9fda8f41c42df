"""A country of five cells in a row along the equator, small enough to check on paper.

Cells are 0.5 degree apart (55.6 km). A base starts after 1 h and makes 20 km/h: within 6 h it reaches 100 km, that is
its own cell and the next on each side (55.6 km), not the one after (111 km).
"""

import numpy as np
import pytest
import shapely

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.listen.deployments import Unit
from tocsin.plan import draw_up
from tocsin.plan.mobility import Grid, Overland, Road, Terrain

CELLS = lattice.gid_at(np.arange(5) * 0.5 + 20.25, np.full(5, 0.25))
RISK = np.array([1.0, 2.0, 0.0, 8.0, 4.0])
PEOPLE = np.array([100.0, 300.0, np.nan, 500.0, 100.0])
AREAS = ("west", "west", "west", "east", "east")
JULY, JANUARY = 463, 457


def base(place: int, name: str = "base", strength: int | None = 100, kind: UnitKind = UnitKind.BASE) -> Unit:
    lon, lat = lattice.centre(CELLS[place])
    return Unit(name, kind, float(lon), float(lat), strength)


def test_coverage_gaps_and_ratios_by_hand():
    plan = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0)
    by_limit = {c.limit_hours: c for c in plan.covered}
    assert by_limit[6.0].cells == 2
    assert by_limit[6.0].risk_share == pytest.approx(3 / 15)
    assert by_limit[6.0].people_share == pytest.approx(400 / 1000)
    assert by_limit[2.0].risk_share == pytest.approx(1 / 15)
    assert [g.place for g in plan.gaps] == [3, 4]
    assert plan.gaps[0].nearest_hours == pytest.approx(1 + 3 * 55.6 / 20, rel=0.01)
    east, west = plan.ratios
    assert (west.troops, west.troops_per_1000_people) == (100, 250.0)
    assert (east.troops, east.troops_per_expected_death) == (0, 0.0)
    assert plan.moves.moves == ()


def test_the_best_addition_is_the_one_that_reaches_most():
    plan = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=1)
    (move,) = plan.moves.moves
    assert move.place in (3, 4)  # either reaches both gaps
    assert move.gain == pytest.approx(12)
    assert plan.moves.value == pytest.approx(15)
    assert plan.moves.gap == 0
    assert plan.worse == ()


def test_a_move_says_what_it_gives_up():
    plan = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0, movable=[0])
    (move,) = plan.moves.moves
    assert (move.what, move.place) == ("move", 3) or move.place == 4
    assert move.gain == pytest.approx(12 - 3)
    lost = [w for w in plan.worse if w.loses_reach]
    assert {w.place for w in lost} == {0, 1}
    assert lost[0].risk == 2.0  # the worse first


def test_a_unit_is_not_moved_for_nothing():
    plan = draw_up([base(4)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0, movable=[0])
    assert plan.moves.moves == ()


def test_unknown_strength_is_neither_zero_nor_known():
    units = [base(0, "silent", None), base(4, "empty", 0)]
    plan = draw_up(units, CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0)
    six = next(c for c in plan.covered if c.limit_hours == 6)
    assert six.risk_share == pytest.approx(3 / 15)  # the empty base reaches nobody
    assert six.risk_share_known == 0
    east, west = plan.ratios
    assert (west.troops, west.unknown_units, west.troops_per_1000_people) == (0, 1, None)
    assert (east.troops, east.unknown_units) == (0, 0)
    assert plan.to_json()["unknown_strength"] == ["silent"]
    assert plan.to_json()["cannot_respond"] == ["empty"]


def test_the_wet_season_shrinks_reach():
    dry = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JULY, additional=0)
    wet = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JULY, additional=0, wet_months=(7,))
    assert (dry.season, wet.season) == ("dry", "wet")
    assert wet.covered[1].cells == 1 < dry.covered[1].cells


def test_a_helicopter_cannot_go_beyond_its_radius_and_the_plan_lists_who_nobody_reaches():
    plan = draw_up([base(0, kind=UnitKind.HELICOPTER)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0)
    assert plan.to_json()["unreachable"] == [int(CELLS[4])]  # 222 km
    assert plan.gaps[-1].nearest_hours is None


def test_forbidden_cells_are_never_chosen():
    plan = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=1, forbidden=CELLS[2:].tolist())
    assert all(m.place < 2 for m in plan.moves.moves)


def test_interval_over_draws_holds_the_mean():
    draws = np.random.default_rng(5).poisson(RISK, (200, 5)).astype(float)
    six = draw_up([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0, draws=draws).covered[1]
    assert six.risk_share_low is not None
    assert six.risk_share_high is not None
    assert six.risk_share is not None
    assert six.risk_share_low < six.risk_share < six.risk_share_high


def test_same_data_same_plan_and_documented_keys():
    first, second = (
        draw_up([base(0), base(2, "two")], CELLS, RISK, PEOPLE, AREAS, JANUARY, movable=[0, 1], seed=3).to_json()
        for _ in range(2)
    )
    assert first == second
    assert {
        "covered", "gaps", "moves", "ratios", "bound", "gap", "value", "unreachable", "worse", "seed", "data_hash",
    } <= set(first)  # fmt: skip


def test_a_mission_without_units_still_gets_a_plan():
    plan = draw_up([], CELLS, RISK, None, None, JANUARY, additional=1)
    assert plan.covered[1].risk_share == 0
    assert plan.covered[1].people_share is None
    assert len(plan.unreachable) == 5
    assert plan.moves.moves[0].gain == pytest.approx(12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"risk": np.array([1, 2, -1, 0, 0])}, "place 3 has a risk"),
        ({"risk": np.ones(4)}, "5 places but 4 risks"),
        ({"areas": ("x",)}, "5 cells but 1 area"),
        ({"gids": np.repeat(CELLS[0], 5)}, "stands twice"),
        ({"units": [base(0), base(1, "odd", -5)]}, "unit 2"),
        ({"units": [Unit("lost", UnitKind.BASE, 999.0, 0.0, 1)]}, "unit 1"),
    ],
)
def test_bad_input_names_the_row(change, says):
    given = {"units": [base(0)], "gids": CELLS, "risk": RISK, "people": PEOPLE, "areas": AREAS, "month": JANUARY}
    with pytest.raises(BadInput, match=says):
        draw_up(**{**given, **change})


def test_a_plan_for_the_year_counts_the_rains_by_their_share():
    # dry: the base in cell 0 reaches cells 0 and 1; wet: (6 - 1) h x 8 km/h = 40 km, its own cell only
    plan = draw_up(
        [base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=0, ahead=12, wet_months=(5, 6, 7), limit=6.0
    )
    assert plan.moves.before == pytest.approx(0.75 * 3 + 0.25 * 1)
    year = draw_up([], CELLS, RISK, PEOPLE, AREAS, JANUARY, additional=1, ahead=12, wet_months=tuple(range(1, 13)))
    assert year.moves.moves[0].place == 3  # 5.5 h x 8 km/h = 44 km: one cell, so the worst
    assert year.moves.value == pytest.approx(8)


def test_over_terrain_a_river_cuts_reach_and_a_road_brings_it_back():
    grid = Grid(20.0, 0.5, 0.05, 10, 50)
    river = shapely.LineString([(20.5, 0.0), (20.5, 0.5)])
    road = Road(shapely.LineString([(20.0, 0.25), (22.5, 0.25)]), "trunk")
    given = ([base(0)], CELLS, RISK, PEOPLE, AREAS, JANUARY)
    open_land = draw_up(*given, additional=0, overland=Overland(Terrain(grid)))
    cut = draw_up(*given, additional=0, overland=Overland(Terrain(grid, barriers=[river])))
    fast = draw_up(*given, additional=1, overland=Overland(Terrain(grid, [road], crossings=[(20.5, 0.25)])))
    # off the road 8 km/h: 5 h reach 40 km, the own cell only; on the road 40 km/h: 200 km, four cells
    assert [p.covered[1].cells for p in (open_land, cut, fast)] == [1, 1, 4]
    assert [open_land.covered[2].cells, cut.covered[2].cells] == [2, 1]
    assert "over the roads" in fast.to_json()["assumes"][0]
    assert fast.moves.value == pytest.approx(15)
