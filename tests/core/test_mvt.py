"""Tiles: what is written is what is read, by the specification and by GDAL; cells count everything once."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tile_reading import back, read_tile

from tocsin.core import mvt
from tocsin.core.errors import BadInput
from tocsin.core.mvt import Words
from tocsin.core.points import FINEST, SMALLEST, Points, Weight, coded, squares_tile


def some(lon: list[float], lat: list[float], exact: bool = True, weight: Weight | None = None) -> Points:
    count = len(lon)
    words = {"state": Words(["open", "closed"], np.arange(count) % 2)}
    return Points(np.arange(1, count + 1), np.array(lon), np.array(lat), np.full(count, exact), words, weight)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40), st.integers(-5000, 9000), st.integers(-5000, 9000),
            st.one_of(st.none(), st.text(max_size=20)), st.one_of(st.none(), st.integers(-(2**40), 2**40)),
        ),
        min_size=1, max_size=40,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_what_is_read(rows: list[tuple[int, int, int, str | None, int | None]]) -> None:
    ids, x, y, said, count = (list(c) for c in zip(*rows, strict=True))
    texts: dict[str, int] = {}
    whole: dict[int, int] = {}
    text_codes, whole_codes = coded(said, texts), coded(count, whole)
    words = {"said": Words(list(texts), text_codes), "count": Words(list(whole), whole_codes)}
    data = mvt.layer("a", mvt.POINT, mvt.points(np.array(x), np.array(y)), words, np.array(ids))
    found = read_tile(data)["a"]
    assert [f.id or 0 for f in found] == ids
    assert [f.point for f in found] == list(zip(x, y, strict=True))
    assert [f.properties.get("said") for f in found] == said
    assert [f.properties.get("count") for f in found] == count


def test_values_of_every_kind() -> None:
    words = {"v": Words([True, False, 1.5, -3, "é"], np.arange(5))}
    found = read_tile(mvt.layer("a", mvt.POINT, mvt.points(np.zeros(5), np.zeros(5)), words))["a"]
    assert [f.properties["v"] for f in found] == [True, False, 1.5, -3, "é"]
    assert mvt.layer("a", mvt.POINT, np.zeros((0, 3), dtype=np.int64), {}) == b""
    with pytest.raises(BadInput, match="ids"):
        mvt.layer("a", mvt.POINT, mvt.points(np.zeros(1), np.zeros(1)), {}, np.array([-1]))


def test_gdal_reads_the_same(tmp_path: Path) -> None:
    raw = pytest.importorskip("pyogrio.raw", reason="the extra geofiles is not installed")
    points = some([20.0, 20.7, 21.4], [5.0, 5.5, 6.0])
    (tmp_path / "0.pbf").write_bytes(points.tile("alerts", 0, 0, 0))
    about, _, shapes, columns = raw.read(tmp_path / "0.pbf", layer="alerts")
    found = dict(zip(about["fields"], columns, strict=True))
    assert about["geometry_type"] == "Point"
    assert found["n"].sum() == 3 == len(shapes) + sum(found["n"] - 1)


def test_a_tile_knows_where_a_point_is() -> None:
    x, y = mvt.to_world([0.0, 180.0, -180.0, 20.0], [0.0, 0.0, 90.0, 5.0])
    assert x[0] == y[0] == 0.5
    assert 0 <= y[2] < 1e-9
    assert x[1] < 1
    assert x[3] == pytest.approx(20 / 360 + 0.5)
    assert y[3] == pytest.approx(0.5 - np.arcsinh(np.tan(np.radians(5))) / (2 * np.pi))


def test_tiles_of_a_zoom_count_every_point_once() -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(14, 27, 800), rng.uniform(2, 11, 800)
    deaths = Weight("deaths", "sum", rng.integers(0, 9, 800).astype(float))
    points = some(lon.tolist(), lat.tolist(), weight=deaths)
    for z in (0, 3, 6):
        n = dead = 0
        for x in range(2**z):
            for y in range(2**z):
                for f in read_tile(points.tile("e", z, x, y)).get("e", []):
                    n += f.properties["n"]
                    dead += f.properties["deaths"]
                    assert (f.properties["n"] == 1) == ("state" in f.properties) == (f.id is not None)
        assert (n, dead) == (800, deaths.values.sum())


def test_close_by_points_stand_one_by_one() -> None:
    points = some([20.0] * 7, [5.0] * 7)
    x, y = (int(float(v) * 2**FINEST) for v in mvt.to_world(20.0, 5.0))
    found = read_tile(points.tile("e", FINEST, x, y))["e"]
    assert sorted(f.id or 0 for f in found) == [1, 2, 3, 4, 5, 6, 7]
    (one,) = read_tile(points.tile("e", FINEST - 1, x // 2, y // 2))["e"]
    assert one.properties == {"n": 7}
    assert one.id is None


def test_small_cells_of_blurred_points_tell_no_number_and_name_nobody() -> None:
    few = some([20.01] * (SMALLEST - 1), [5.0] * (SMALLEST - 1), exact=False)
    (one,) = read_tile(few.tile("a", 8, 142, 124))["a"]
    assert one.properties == {"few": True}
    assert one.id is None
    assert one.point[0] % 128 == one.point[1] % 128 == 64  # the middle of its cell, not of its points
    enough = some([20.01] * SMALLEST, [5.0] * SMALLEST, exact=False)
    assert read_tile(enough.tile("a", 8, 142, 124))["a"][0].properties == {"n": SMALLEST}


def test_squares_are_cut_at_the_edge() -> None:
    lon, lat = np.array([20.25, 20.75]), np.array([5.25, 5.25])
    words = {"mean": mvt.numbers(np.array([0.5, np.nan]))}
    data = squares_tile("risk", 3, 4, 3, lon, lat, 0.5, np.array([11, 12]), words)
    one, two = read_tile(data)["risk"]
    assert (one.id, one.properties, two.properties) == (11, {"mean": 0.5}, {})
    west, wide = back(one.geometry[1]), back(one.geometry[4])
    assert west == int(((20.0 + 180) / 360 * 8 - 4) * 4096)
    assert wide == pytest.approx(0.5 / 360 * 8 * 4096, abs=1)
    assert squares_tile("risk", 3, 0, 0, lon, lat, 0.5, np.array([11, 12]), words) == b""
    (cut,) = read_tile(squares_tile("risk", 12, 2275, 1988, lon, lat, 0.5, np.array([11, 12]), words))["risk"]
    assert abs(back(cut.geometry[4])) <= 4096 + 2 * 64
