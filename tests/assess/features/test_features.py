import numpy as np
import pytest

from tocsin.assess.features import decayed, since, trailing, trailing_max
from tocsin.assess.features.around import faded, near, surroundings, surroundings_at, townspeople
from tocsin.assess.panel import Panel
from tocsin.core.lattice import adjacency, gid_at

# Bangui's cell and the ones east and west of it.
GIDS = np.array([135757, 135758, 135759])


def test_the_past_by_hand():
    plane = np.array([[0.0], [4.0], [np.nan], [2.0]])
    assert trailing(plane, 2).ravel().tolist() == [0, 2, 4, 2]
    assert trailing_max(plane, 2).ravel().tolist() == [0, 4, 4, 2]
    assert decayed(plane, 1).ravel().tolist() == [0, 2, 2, 2]
    assert faded(plane, 1).ravel().tolist() == [0, 4, 2, 3]
    assert since(plane, longest=9).ravel().tolist() == [9, 0, 1, 0]
    assert np.isnan(trailing(np.full((3, 1), np.nan), 2)).all()


def test_near_weighs_by_distance_and_never_itself():
    weights = near(GIDS).toarray()
    assert np.allclose(weights, weights.T, rtol=1e-5)
    assert np.diag(weights).tolist() == [0, 0, 0]
    assert weights[0, 1] == pytest.approx(np.exp(-((55.5 / 150) ** 2)), abs=0.01)
    assert weights[0, 1] > weights[0, 2] > 0
    edge = np.array([gid_at(-179.9, 0.1), gid_at(179.9, 0.1)])
    assert near(edge).nnz == 0


def test_towns_are_where_people_live():
    people = townspeople(GIDS)
    assert people[1] > 500_000  # Bangui
    assert (people >= 2000).all()


@pytest.fixture
def panel():
    rng = np.random.default_rng(0)
    planes = {t: rng.poisson(0.2, (40, 3)).astype(np.float32) for t in ("sb", "ns", "os", "civilians")}
    return Panel(GIDS, 1, planes)


def test_no_plane_sees_the_future(panel):
    changed = Panel(GIDS, 1, {t: p.copy() for t, p in panel.counts.items()})
    for plane in changed.counts.values():
        plane[30:] += 9
    for (name, one), (_, two) in zip(surroundings(panel, "os"), surroundings(changed, "os"), strict=True):
        assert one.shape == (40, 3), name
        assert np.array_equal(one[:30], two[:30]), name
        assert (one >= 0).all(), name


def test_some_months_from_the_events_alone_are_the_planes(panel):
    panel.counts["os"][7, 1] = np.nan
    panel.counts["os"][9, 0] = 0.2
    planes = np.stack([plane for _, plane in surroundings(panel, "os")], axis=-1)
    found = surroundings_at(panel, "os", np.array([40, 1, 12]))
    assert found == pytest.approx(planes[[39, 0, 11]], rel=1e-5, abs=1e-6)


def test_civilians_do_not_count_as_other_violence_of_one_sided(panel):
    quiet = Panel(GIDS, 1, {**{t: np.zeros((40, 3), np.float32) for t in ("sb", "ns")}, "os": panel.counts["os"],
                            "civilians": panel.counts["os"]})  # fmt: skip
    planes = dict(surroundings(quiet, "os"))
    assert planes["other 2"].sum() == 0
    assert dict(surroundings(panel, "os"))["other 2"].sum() > 0


def test_a_killing_next_door_is_in_the_ring():
    plane = np.zeros((5, 3), np.float32)
    plane[2, 0] = 8
    planes = dict(surroundings(Panel(GIDS, 1, {"os": plane}), "os"))
    assert planes["ring 1"][2].tolist() == [0, 0.125, 0]
    assert planes["own 1"][:, 0].tolist() == [0, 0, 1, 0.5, 0.25]
    assert planes["big 1"][2, 0] == pytest.approx(np.log(9))
    assert adjacency(GIDS).nnz == 4
