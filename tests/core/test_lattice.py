import csv
import gzip

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import lattice
from tocsin.core.errors import BadInput

GIDS = st.integers(1, lattice.ROWS * lattice.COLUMNS)


@given(GIDS)
def test_a_cell_holds_its_centre_and_its_south_west_corner(gid: int) -> None:
    lon, lat = lattice.centre(gid)
    assert int(lattice.gid_at(lon, lat)) == gid
    assert int(lattice.gid_at(lon - 0.25, lat - 0.25)) == gid
    row, col = lattice.row_col(gid)
    assert (int(row) - 1) * 720 + int(col) == gid


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_every_point_of_the_world_lies_in_the_square_of_its_cell(lon: float, lat: float) -> None:
    gid = lattice.gid_at(lon, lat)
    x, y = lattice.centre(gid)
    assert abs(lon - x) <= 0.25
    assert abs(lat - y) <= 0.25


@given(GIDS)
def test_neighbours_are_mutual_and_eight_away_from_the_poles(gid: int) -> None:
    ring = lattice.neighbours(gid)[0]
    around = ring[ring > 0]
    row = int(lattice.row_col(gid)[0])
    assert len(set(around.tolist())) == (8 if 1 < row < 360 else 5)
    for other in around.tolist():
        assert gid in lattice.neighbours(other)[0]


@pytest.mark.parametrize(("lon", "lat"), [(180.1, 0), (0, 91), (np.nan, 0), (0, np.inf)])
def test_points_outside_the_world_are_refused(lon: float, lat: float) -> None:
    with pytest.raises(BadInput, match="outside the world"):
        lattice.gid_at(lon, lat)


def test_cells_that_do_not_exist_are_refused() -> None:
    for gid in (0, 259_201):
        with pytest.raises(BadInput, match="259200"):
            lattice.row_col(gid)


def test_land_cells_as_published(shared) -> None:
    with gzip.open(shared / "prio_grid_cells" / "priogrid_land_cells.csv.gz", "rt") as text:
        rows = list(csv.DictReader(text))
    gid = np.array([int(r["gid"]) for r in rows])
    lon, lat = np.array([float(r["xcoord"]) for r in rows]), np.array([float(r["ycoord"]) for r in rows])
    assert len(gid) == 64_818
    assert np.array_equal(lattice.gid_at(lon, lat), gid)
    assert np.allclose(lattice.centre(gid), (lon, lat))
    row, col = lattice.row_col(gid)
    assert np.array_equal(row, [int(r["row"]) for r in rows])
    assert np.array_equal(col, [int(r["col"]) for r in rows])


def test_areas_add_up_to_the_sphere() -> None:
    every = np.arange(1, 259_201)
    assert lattice.area_km2(every).sum() == pytest.approx(4 * np.pi * 6371.0072**2)


def test_cells_touching_a_square_and_a_sliver() -> None:
    gids, share = lattice.cells_touching(shapely.box(20, 5, 21, 6))
    assert len(gids) == 4
    assert share.tolist() == [1, 1, 1, 1]
    gids, share = lattice.cells_touching(shapely.box(20.4, 5.1, 20.6, 5.2))
    assert len(gids) == 2
    assert share == pytest.approx([0.04, 0.04])


def test_adjacency_of_three_cells_in_a_row_in_any_order() -> None:
    matrix = lattice.adjacency([101, 100, 102]).toarray()
    assert matrix.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
