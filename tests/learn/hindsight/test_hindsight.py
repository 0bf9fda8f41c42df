"""One unit on a row of cells; killing starts at the far end in the second year. Checkable on paper."""

import numpy as np
import pytest

from tocsin.core.codes import UnitKind
from tocsin.core.errors import NoData
from tocsin.learn.hindsight import AS_IS, Killings, replay, responsiveness
from tocsin.listen.deployments import Unit

LON, LAT = np.arange(6) * 0.5 + 20.25, np.full(6, 0.25)
UNIT = Unit("base", UnitKind.BASE, 20.25, 0.25, 150)


def killings(months, places, killed, by="non-state"):
    n = len(months)
    return Killings(
        LON[places],
        LAT[places],
        np.array(months),
        np.array(killed, dtype=float),
        np.array([by] * n),
        np.array(["west" if p < 3 else "east" for p in places]),
    )


def test_counts_by_hand():
    events = killings([101, 102, 103, 120], [5, 5, 0, 5], [10, 5, 1, 99])
    known = {100: np.array([0, 0, 0, 0, 0, 3.0])}
    found = replay({100: [UNIT]}, events, {"plan": known.__getitem__}, LON, LAT)
    assert found.killed.sum() == 16  # what comes after twelve months does not count
    assert found.moved.tolist() == [[0], [1]]
    gain = found.gain("plan", 6.0, np.random.default_rng(0))
    assert gain.share_as_is == pytest.approx(1 / 16)
    assert gain.share == pytest.approx(15 / 16)
    assert gain.gain == pytest.approx(14 / 16)
    assert gain.by_areas[0] <= gain.gain <= gain.by_areas[1]
    as_is = found.gain(AS_IS, 6.0, np.random.default_rng(0))
    assert (as_is.gain, as_is.by_months) == (0, (0, 0))


def test_the_future_does_not_reach_the_plan():
    seen = []

    def weigh(month):
        seen.append(month)
        return np.array([1.0, 0, 0, 0, 0, 0])

    postures = {m: [UNIT] for m in (100, 101)}
    first = replay(postures, killings([105], [5], [10]), {"plan": weigh}, LON, LAT)
    second = replay(postures, killings([105], [1], [10]), {"plan": weigh}, LON, LAT)
    assert seen == [100, 101, 100, 101]  # asked for what was known then, and nothing else
    np.testing.assert_array_equal(first.moved, second.moved)


def test_fixed_units_and_move_limits_hold():
    events = killings([101], [5], [10])
    far = {"plan": lambda month: np.array([0, 0, 0, 0, 0, 3.0])}
    held = replay({100: [UNIT]}, events, far, LON, LAT, fixed=lambda unit: unit.name == "base")
    none = replay({100: [UNIT]}, events, far, LON, LAT, most_moves=0)
    assert held.moved.sum() == none.moved.sum() == 0
    with pytest.raises(NoData):
        held.gain("plan", 6.0, np.random.default_rng(0), months=[999])
    with pytest.raises(NoData):
        replay({}, events, far, LON, LAT)


def test_response_is_seen_when_there_and_not_when_absent():
    rng = np.random.default_rng(3)
    killed = np.zeros((60, 30))
    presence = rng.normal(100, 1, (60, 30))
    for place in range(15):
        month = 20 + place
        killed[month, place] = 10
        presence[month + 3 :, place] += 50
    found = responsiveness(presence, killed, np.random.default_rng(1))
    assert found.shocks == 15
    assert found.months_to_respond == 3
    assert found.change[-1] == pytest.approx(50, abs=2)
    assert abs(found.change[found.lags == -3][0]) < 2
    blind = responsiveness(rng.normal(100, 1, (60, 30)), killed, np.random.default_rng(1))
    assert abs(blind.change[-1]) < 2


def test_unknown_presence_is_left_out_and_nothing_to_see_is_said():
    killed = np.zeros((40, 3))
    killed[20, 0] = 10
    with pytest.raises(NoData):
        responsiveness(np.full((40, 3), np.nan), killed, np.random.default_rng(1))
