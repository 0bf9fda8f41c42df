"""A unit moved or a base drawn on the board, in either season: checked against great circles by hand."""

import numpy as np
import pytest
from tests.conftest import NOW

from tocsin.core.errors import BadInput, NotFound
from tocsin.core.geometry import distance_km
from tocsin.plan.board import Board
from tocsin.plan.situation import situation

LIMIT = 1.6


@pytest.fixture
def here(records, planned):
    return situation(records, planned, NOW)


def share(board, away_kmh, start, units):
    """Share of expected deaths within LIMIT of Alpha, Bravo and Wing, and of more TOBs, by hand."""
    risk, x, y = board.here.risk, board.lon, board.lat
    best = np.full(len(x), np.inf)
    for kind, lon, lat in [("base", 20.25, 5.25), ("tob", 21.75, 6.75), ("helicopter", 20.25, 5.25), *units]:
        away = distance_km(lon, lat, x, y)
        if kind == "helicopter":
            time = np.where(away <= 200, start[kind] + away / 200, np.inf)
        else:
            time = start[kind] + away / away_kmh
        best = np.minimum(best, time)
    return float(risk[best <= LIMIT].sum() / risk.sum())


DRY = {"base": 1.0, "tob": 0.5, "helicopter": 1.0}
WET = {"base": 1.0, "tob": 0.5, "helicopter": 2.0}


def test_a_drawn_base_adds_what_it_reaches_and_takes_nothing(records, planned, here):
    board = Board(records, planned, here)
    told = board.add("21.75,5.25", 80, LIMIT).summary
    assert told["covered"][0]["risk_share"] == pytest.approx(share(board, 20, DRY, []))
    assert told["covered_after"][0]["risk_share"] == pytest.approx(share(board, 20, DRY, [("tob", 21.75, 5.25)]))
    assert told["covered_after"][0]["risk_share"] > told["covered"][0]["risk_share"]
    assert told["gains"]
    assert told["loses"] == []
    east = {r["area"]: r["troops"] for r in told["ratios"]}
    after = {r["area"]: r["troops"] for r in told["ratios_after"]}
    assert sum(after.values()) - sum(east.values()) in (0, 80)  # its area is known or it has none
    unknown = board.add("21.75,5.25", None, LIMIT).summary
    assert {r["area"]: r["troops"] for r in unknown["ratios_after"]} == east
    assert unknown["covered_after"] == told["covered_after"]


def test_the_rains_shorten_reach_as_by_hand(records, planned, here):
    dry, wet = Board(records, planned, here, "dry"), Board(records, planned, here, "wet")
    assert (dry.season, wet.season) == ("dry", "wet")
    (now,) = wet.stands([LIMIT])
    assert now["risk_share"] == pytest.approx(share(wet, 8, WET, []))
    assert now["risk_share"] < dry.stands([LIMIT])[0]["risk_share"]
    told = wet.add("21.75,5.25", 80, LIMIT).summary
    assert told["season"] == "wet"
    assert told["covered_after"][0]["risk_share"] == pytest.approx(share(wet, 8, WET, [("tob", 21.75, 5.25)]))


def test_a_season_the_mission_has_not_and_a_base_that_cannot_be_are_refused(records, planned, here):
    import dataclasses

    with pytest.raises(BadInput, match="no wet season"):
        Board(records, dataclasses.replace(planned, wet_months=()), here, "wet")
    board = Board(records, planned, here)
    with pytest.raises(BadInput, match="outside the mission"):
        board.add("40,5", 50)
    with pytest.raises(BadInput, match="above zero"):
        board.add("21.75,5.25", 0)
    with pytest.raises(NotFound):
        board.add("Nowhere at all", 50)


def test_moving_a_unit_onto_itself_changes_nothing(records, planned, here):
    stay = Board(records, planned, here).move("Bravo", "21.75,6.75", LIMIT).summary
    assert stay["covered"] == stay["covered_after"]
    assert stay["ratios"] == stay["ratios_after"]


def test_the_best_move_after_a_drawn_base_brings_what_it_says_by_hand(records, planned, here):
    board = Board(records, planned, here)
    told = board.add("20.25,6.75", 80, LIMIT).summary
    best = told["next_best"][0]
    assert best["unit"] in ("Alpha", "Bravo"), "the base that is only drawn is nobody's to move"
    row = here.gids.tolist().index(best["gid"])
    kind = {"Alpha": "base", "Bravo": "tob"}[best["unit"]]
    stays = [("tob", 20.25, 6.75), (kind, float(board.lon[row]), float(board.lat[row]))]
    left = {"Alpha": (20.25, 5.25), "Bravo": (21.75, 6.75)}[best["unit"]]
    x, y, risk = board.lon, board.lat, here.risk
    others = [("base", 20.25, 5.25), ("tob", 21.75, 6.75), ("helicopter", 20.25, 5.25)]
    stays += [o for o in others if o[0] == "helicopter" or (o[1], o[2]) != left]
    reached = np.zeros(len(x), dtype=bool)
    for k, lon, lat in stays:
        away = distance_km(lon, lat, x, y)
        time = np.where(away <= 200, 1 + away / 200, np.inf) if k == "helicopter" else DRY[k] + away / 20
        reached |= time <= LIMIT
    then = told["covered_after"][0]["risk_share"] * risk.sum() + best["gain"]
    assert float(risk[reached].sum()) == pytest.approx(then)
