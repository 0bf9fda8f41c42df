import numpy as np
import pytest

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.listen.deployments import Unit
from tocsin.plan.mobility import hours
from tocsin.plan.posture.protection import DEFAULTS, DRAWN, compare, harm, read_prior

CELLS = lattice.gid_at(np.arange(5) * 0.5 + 20.25, np.full(5, 0.25))
LON, LAT = lattice.centre(CELLS)
TOUCH = lattice.adjacency(CELLS)
REBEL, STATE = np.array([10.0, 0, 0, 10, 0]), np.array([0.0, 4, 0, 0, 0])


def posture(*places, strength=150, kind=UnitKind.BASE):
    units = [Unit(f"u{p}", kind, float(LON[p]), float(LAT[p]), strength) for p in places]
    return units, hours(units, LON, LAT, 463)


def constants(**given):
    neutral = dict.fromkeys(DRAWN, 0.0) | {"projection_fades_hours": 6.0, "further": 1.0}
    return {k: np.array([float(v)]) for k, v in (neutral | given).items()}


def run(units, **given):
    return harm(*units, LON, LAT, REBEL, STATE, TOUCH, read_prior(), constants(**given), 150 * len(units[0]), 0)


def test_nothing_assumed_nothing_changes():
    rebel, state, moved = run(posture(0))
    assert (rebel[0], state[0], moved[0]) == (20, 4, 0)


def test_presence_near_by_and_displacement_by_hand():
    rebel, state, moved = run(posture(0), base_rebel=np.log(0.5), displaced=0.2)
    assert moved[0] == pytest.approx(0.2 * 5)  # half of the ten in the first cell is averted
    assert rebel[0] == pytest.approx(5 + 10 + 1)
    assert state[0] == 4  # nothing assumed against state forces
    small = run(posture(0, strength=75), base_rebel=np.log(0.5))
    assert small[0][0] == pytest.approx(10 * np.sqrt(0.5) + 10)


def test_projection_falls_with_arrival_time_and_further_units_add_less():
    at_once = run(posture(0), projection=0.3)[0][0]
    assert at_once == pytest.approx(20 - 0.3 * (10 * np.exp(-1 / 6) + 10 * np.exp(-(1 + 166.8 / 20) / 6)), rel=1e-3)
    first = run(posture(0), base_rebel=-0.5)[0][0]
    second = run(posture(0, 0), base_rebel=-0.5, further=0.5)[0][0]
    assert first > second > 10 * np.exp(-1.0) + 10


def test_civilians_add_only_where_they_work_with_others():
    alone = posture(0, kind=UnitKind.CLA, strength=2)
    assert run(alone, civilians_with_others=-0.5)[0][0] == 20
    units = [*posture(0)[0], *alone[0]]
    both = (units, hours(units, LON, LAT, 463))
    assert run(both, civilians_with_others=-0.5)[0][0] == pytest.approx(10 * np.exp(-0.5) + 10)


def test_comparison_carries_its_doubt():
    found = compare(posture(1), posture(0, 3), LON, LAT, REBEL, STATE, TOUCH, np.random.default_rng(1))
    assert found.before == 24
    assert found.change_low < found.change < found.change_high
    assert 0.5 < found.better < 1  # the prior includes nothing and harm
    assert "association" in found.words.lower()
    again = compare(posture(1), posture(0, 3), LON, LAT, REBEL, STATE, TOUCH, np.random.default_rng(1))
    assert again == found
    same = compare(posture(1), posture(1), LON, LAT, REBEL, STATE, TOUCH, np.random.default_rng(1))
    assert (same.change, same.better) == (0, 0)


def test_no_strength_and_never_observed_sizes_are_refused():
    with pytest.raises(BadInput, match="unit 1"):
        run(posture(0, strength=None))
    with pytest.raises(BadInput, match="more than were ever observed"):
        run(posture(0, strength=40_000))


def test_every_parameter_needs_a_source(tmp_path):
    path = tmp_path / "protection.toml"
    path.write_text(DEFAULTS.read_text().replace("source =", "sauce ="))
    with pytest.raises(BadFile, match="source"):
        read_prior(path)
    assert read_prior().shapes["troops_rebel"] == ("normal", (-0.20, 0.20))
