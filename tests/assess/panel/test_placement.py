"""Where and when an event counts, on a country of 4 × 4 cells that can be checked on paper."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tocsin.assess.panel.build import UNIT, build, count
from tocsin.assess.panel.placement import PLACE_UNIT, SPAN_UNIT, Ground, area_of_cells, place, plain_name
from tocsin.core import lattice
from tocsin.core.mission import FirstLevelArea
from tocsin.core.time import month_id
from tocsin.listen.events.model import Events

WEST = FirstLevelArea("W", "Ouham-Pendé", shapely.box(20, 5, 21, 7))
EAST = FirstLevelArea("E", "East", shapely.box(21, 5, 22, 7))
GIDS = np.sort(lattice.cells_touching(shapely.box(20, 5, 22, 7))[0])
JAN, DEC = month_id(2018, 1), month_id(2018, 12)


def ground(weight: np.ndarray | None = None, gw: int | None = 482) -> Ground:
    weight = np.ones(len(GIDS)) if weight is None else weight
    areas = [WEST, EAST]
    return Ground(GIDS, weight, areas, area_of_cells(GIDS, areas), gw, np.full(len(GIDS), 482))


def events(**columns: list) -> Events:
    n = len(next(iter(columns.values())))
    base = {
        "id": range(n), "kind": [3] * n, "first_day": ["2018-03-04"] * n, "last_day": ["2018-03-04"] * n,
        "date_prec": [1] * n, "where_prec": [1] * n, "lon": [20.25] * n, "lat": [6.25] * n, "gw": [482] * n,
        "adm_1": [""] * n, "best": [12] * n, "deaths_civilians": [12.0] * n,
    }  # fmt: skip
    base.update(columns)
    base["gid"] = lattice.gid_at(base["lon"], base["lat"])
    types = {
        "first_day": "M8[D]",
        "last_day": "M8[D]",
        "lon": "f8",
        "lat": "f8",
        "deaths_civilians": "f8",
        "adm_1": "O",
    }
    return Events(**{k: np.array(list(v), dtype=types.get(k, "i8")) for k, v in base.items()})


def planes(known: Events, land: Ground | None = None, as_of: int = DEC):
    placed = place(known, land or ground(), as_of)
    covered = np.ones(as_of - JAN + 1, dtype=bool)
    return build(count(placed), GIDS, JAN, as_of, covered, {}), placed


def test_sixteen_cells_in_two_provinces() -> None:
    assert len(GIDS) == 16
    assert np.bincount(ground().area_of_cell).tolist() == [8, 8]


def test_a_precise_event_counts_in_its_cell_and_month_only() -> None:
    panel, _ = planes(events(best=[12]))
    assert panel.counts["os"].sum() == 12
    assert panel.counts["os"][2, np.searchsorted(GIDS, lattice.gid_at(20.25, 6.25))] == 12
    assert panel.counts["civilians"].sum() == 12
    assert panel.counts["sb"].sum() == panel.counts["ns"].sum() == 0
    assert panel.about["imprecise_share"] == 0


@pytest.mark.parametrize("adm_1", ["Ouham Pende province", "ouham-pendé", "unknown name"])
def test_an_event_in_a_province_is_shared_over_it_and_never_sits_on_the_centre(adm_1: str) -> None:
    panel, _ = planes(events(where_prec=[4], adm_1=[adm_1]))
    march = panel.counts["os"][2]
    west = ground().area_of_cell == 0
    assert march[west] == pytest.approx(12 / 8)
    assert march[~west].sum() == 0
    assert panel.about["imprecise_share"] == 1


def test_shares_follow_people() -> None:
    people = np.zeros(16)
    people[np.flatnonzero(ground().area_of_cell == 0)[:2]] = [300, 100]
    panel, _ = planes(events(where_prec=[4], adm_1=["Ouham-Pendé"]), ground(people))
    assert sorted(panel.counts["os"][2][panel.counts["os"][2] > 0].tolist()) == [3, 9]


def test_an_event_somewhere_in_the_country_is_shared_over_all_of_it() -> None:
    panel, _ = planes(events(where_prec=[6]))
    assert panel.counts["os"][2] == pytest.approx(12 / 16)


def test_a_stretch_is_shared_over_the_cells_around_it() -> None:
    panel, _ = planes(events(where_prec=[5], lon=[20.25], lat=[5.25]))
    march = panel.counts["os"][2]
    assert march.sum() == pytest.approx(12)
    assert 0 < (march > 0).sum() < 16


def test_at_sea_and_imprecise_in_the_neighbour_counts_in_no_cell_and_is_told() -> None:
    known = events(where_prec=[7, 6, 4, 1], gw=[482, 490, 490, 490], lon=[20.25, 20.25, 20.25, 25.0])
    panel, placed = planes(known)
    assert placed.outside == 4
    assert panel.counts["os"].sum() == 0


def test_an_event_known_by_its_year_is_shared_over_the_days() -> None:
    panel, _ = planes(
        events(best=[365], date_prec=[5], first_day=["2018-01-01"], last_day=["2018-12-31"], deaths_civilians=[0.0])
    )
    monthly = panel.counts["os"].sum(axis=1)
    assert monthly == pytest.approx([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], abs=0.05)
    assert monthly.sum() == pytest.approx(365)
    early, _ = planes(
        events(best=[365], date_prec=[5], first_day=["2018-01-01"], last_day=["2018-12-31"]), as_of=JAN + 2
    )
    assert early.counts["os"].sum(axis=1) == pytest.approx(monthly[:3]), "months after the as-of are not seen"


def test_civilians_are_one_sided_deaths_and_civilians_of_the_others_and_unknown_adds_nothing() -> None:
    known = events(kind=[1, 2, 3, 1], best=[10, 20, 30, 40], deaths_civilians=[1.0, 2.0, 0.0, np.nan])
    panel, _ = planes(known)
    totals = {t: float(p.sum()) for t, p in panel.counts.items()}
    assert totals == {"sb": 50, "ns": 20, "os": 30, "civilians": 33}


def test_no_data_is_not_zero() -> None:
    covered = np.array([True] * 6 + [False] * 6)
    panel = build(count(place(events(best=[12]), ground(), DEC)), GIDS, JAN, DEC, covered, {})
    assert np.isnan(panel.counts["os"][6:]).all()
    assert np.isfinite(panel.counts["os"][:6]).all()


def test_a_million_deaths_in_one_row_and_no_event_at_all() -> None:
    panel, _ = planes(events(best=[1_000_000], where_prec=[6]))
    assert panel.counts["os"].sum() == pytest.approx(1_000_000)
    panel, _ = planes(events(best=[]))
    assert panel.counts["os"].sum() == 0


@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), st.integers(0, 5), st.floats(20, 21.99), st.floats(5, 6.99), st.integers(0, 5_000),
            st.integers(0, 400), st.integers(1, 3),
        ),
        min_size=1, max_size=12,
    ),
    st.lists(st.floats(0, 1e6), min_size=16, max_size=16),
)  # fmt: skip
def test_no_death_is_lost_or_made_by_sharing(rows: list[tuple], weight: list[float]) -> None:
    first = np.datetime64("2018-01-01")
    known = events(
        where_prec=[r[0] for r in rows], date_prec=[r[1] for r in rows], lon=[r[2] for r in rows],
        lat=[r[3] for r in rows], best=[r[4] for r in rows], kind=[r[6] for r in rows],
        first_day=[first + np.timedelta64(r[5] // 2, "D") for r in rows],
        last_day=[first + np.timedelta64(r[5], "D") for r in rows],
        adm_1=["East"] * len(rows),
    )  # fmt: skip
    placed = place(known, ground(np.array(weight)), month_id(2020, 12))
    assert placed.outside == 0
    for table, id, unit in ((placed.place_share, "place_id", PLACE_UNIT), (placed.span_share, "span_id", SPAN_UNIT)):
        for value in np.unique(table[id]):
            assert table["share"][table[id] == value].sum() == unit
    counted = count(placed)
    total = sum(int(counted[t].sum()) for t in ("sb", "ns", "os"))
    assert total == sum(r[4] for r in rows) * UNIT


def test_names_compare_without_accents_case_and_the_word_for_province() -> None:
    assert plain_name("Nana-Mambéré Prefecture") == plain_name("nana mambere") == "nana mambere"
