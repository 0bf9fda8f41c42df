"""Small counts cannot be worked out from what is shown; blurred points cannot be averaged back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.codes import Tlp
from tocsin.core.errors import BadInput, Forbidden
from tocsin.store.disclosure import BLUR, blur, grid_cell, h3_cell, suppress

TABLES = st.integers(1, 4).flatmap(
    lambda rows: st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 30), min_size=columns, max_size=columns), min_size=rows, max_size=rows
        )
    )
)


@settings(max_examples=150)
@given(TABLES)
def test_no_small_count_is_shown_and_what_is_shown_is_true(counts: list[list[int]]):
    table = suppress(counts)
    inner = np.array(counts)
    assert (table.values[:-1, :-1] == inner).all()
    assert (table.values[:-1, -1] == inner.sum(axis=1)).all()
    assert not ((table.values > 0) & (table.values < 5) & ~table.hidden).any()
    if not ((table.values > 0) & (table.values < 5)).any():
        assert not table.hidden.any(), "nothing is hidden without need"


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), min_size=2, max_size=2))
def test_every_hidden_count_keeps_five_possible_values_by_brute_force(counts: list[list[int]]):
    table = suppress(counts)
    a, b, c, d = np.meshgrid(*[np.arange(19)] * 4, indexing="ij")
    whole = np.array([[a, b, a + b], [c, d, c + d], [a + c, b + d, a + b + c + d]]).reshape(3, 3, -1)
    fits = (whole[~table.hidden] == table.values[~table.hidden][:, None]).all(axis=0)
    possible = {tuple(place): set(whole[tuple(place)][fits].tolist()) for place in np.argwhere(table.hidden)}
    assert all(len(values) >= 5 for values in possible.values()), table.shown()


def test_a_bridge_between_two_hidden_squares_is_closed():
    """Two hidden numbers in each line are not enough: the one that joins two groups follows from the sums."""
    counts = np.full((4, 4), 50)
    counts[:2, :2] = [[3, 2], [4, 3]]
    counts[2:, 2:] = [[2, 4], [3, 2]]
    counts[1, 2] = 1
    table = suppress(counts)
    assert table.hidden[1, 2]
    assert table.hidden.sum() > 9


def test_examples_a_person_can_check():
    assert suppress([10, 20, 30]).shown()[0] == [10, 20, 30, 60]
    assert suppress([10, 3, 30]).shown()[0] == [None, None, 30, 43]
    assert suppress([0, 0, 0]).shown()[0] == [0, 0, 0, 0]
    assert suppress([3]).shown() == [[None, None]]
    assert suppress([1, 1, 20]).shown()[0] == [None, None, None, 22], "two ones could be told from their sum"
    assert suppress([[3, 10], [20, 30]]).shown() == [[None, None, 13], [None, None, 50], [23, 40, 63]]
    for bad in ([-1], [1.5], [float("nan")], [], [[[1]]]):
        with pytest.raises(BadInput):
            suppress(bad)


POINTS = st.tuples(st.floats(-179.9, 179.9), st.floats(-85, 85))


@given(POINTS, st.sampled_from([t for t in Tlp if BLUR[t] is not None]))
def test_the_same_place_gives_the_same_cell_and_the_point_lies_within_its_radius(point, tlp):
    from pyproj import Geod

    lon, lat = point
    told = blur(lon, lat, tlp)
    assert told == blur(lon, lat, tlp), "never random"
    _, _, metres = Geod(ellps="WGS84").inv(lon, lat, told.lon, told.lat)
    assert metres / 1000 <= told.radius_km * 1.01 + 0.1
    square = grid_cell(lon, lat)
    _, _, metres = Geod(ellps="WGS84").inv(lon, lat, square.lon, square.lat)
    assert metres / 1000 <= square.radius_km * 1.01 + 0.1


def test_the_less_cleared_the_coarser_and_points_of_a_cell_look_the_same():
    radii = [blur(18.56, 4.36, tlp).radius_km for tlp in (Tlp.AMBER_STRICT, Tlp.AMBER, Tlp.GREEN, Tlp.CLEAR)]
    assert radii == sorted(radii)
    assert radii[0] > 1
    assert blur(18.56, 4.36, Tlp.RED) is None
    assert len({blur(18.56 + i * 1e-4, 4.36, Tlp.GREEN) for i in range(50)}) == 1


@pytest.mark.parametrize("point", [(float("nan"), 1), (1, float("inf")), (181, 0), (0, 91), (None, 4), ("18", 4)])
def test_what_cannot_be_blurred_does_not_go_out(point):
    for way in (
        lambda: blur(*point, Tlp.CLEAR),
        lambda: blur(*point, Tlp.RED),
        lambda: grid_cell(*point),
        lambda: h3_cell(*point, 5),
    ):
        with pytest.raises(Forbidden, match="not given"):
            way()
    with pytest.raises(Forbidden):
        h3_cell(1, 1, 12)
    with pytest.raises(ValueError, match="MAUVE"):
        blur(1, 1, "MAUVE")
