import shapely

from tocsin.core import areas


def test_mission_countries_have_outlines_first_level_areas_and_numbers() -> None:
    for iso3, gw, least in (("CAF", 482, 15), ("COD", 490, 10), ("SDN", 625, 15), ("SSD", 626, 9), ("MLI", 432, 8)):
        assert areas.country(iso3).gw == gw
        assert areas.country_of_gw(gw).iso3 == iso3
        outline = areas.country_polygon(iso3)
        parts = areas.first_level_areas(iso3)
        assert outline.is_valid
        assert len(parts) >= least
        together = shapely.union_all([p for *_, p in parts])
        assert together.intersection(outline).area > 0.95 * outline.area


def test_towns_of_a_country_lie_in_its_outline() -> None:
    import duckdb

    rows = duckdb.sql(f"SELECT lon, lat FROM '{areas.places_file()}' WHERE iso2 = 'CF'").fetchall()
    inside = [shapely.contains_xy(areas.country_polygon("CAF"), lon, lat) for lon, lat in rows]
    assert len(rows) > 40
    assert sum(inside) > 0.85 * len(rows)  # border towns on a generalised outline may fall just outside


def test_a_country_across_the_antimeridian_does_not_run_round_the_world() -> None:
    from tocsin.core import lattice

    cells = lattice.cells_touching(areas.country_polygon("FJI"))[0]
    lon, _ = lattice.centre(cells)
    assert 10 < len(cells) < 60
    assert (abs(lon) > 174).all()
