"""A small brief that a person can check by hand: two areas of 1° by 2°, four cells, one of them without data."""

import datetime as dt

import pytest
from shapely.geometry import box

from tocsin.brief.content import (
    Area,
    AreaFigures,
    BriefContent,
    Cell,
    Changes,
    Estimate,
    Gap,
    GapKind,
    Harm,
    HarmKind,
    History,
    MapUnit,
    Move,
    NearbyViolence,
    NearestUnit,
    Place,
    Reach,
    RecentViolence,
    Source,
    Trend,
    Unknown,
)
from tocsin.core.codes import UnitKind


def small() -> BriefContent:
    west, east = Area("Westland", box(20, 5, 21, 7)), Area("Eastland", box(21, 5, 22, 7))
    cells = (
        Cell(1, 20.25, 5.25, Estimate(30.0, 10.0, 62.0), 0.999, 4.0),
        Cell(2, 20.75, 6.25, Estimate(3.2, 0.4, 8.0), 0.7, -1.0),
        Cell(3, 21.25, 5.75, Estimate(0.02, 0.0, 0.0), 0.004, 0.0),
        Cell(4, 21.75, 6.75, None),
    )
    places = (
        Place(
            1, "Karo", "Westland", 20.25, 5.25, Estimate(30.0, 10.0, 62.0), 0.999, NearestUnit("Dorn", None), 12, 2,
            (RecentViolence(6, 41, 6, dt.date(2018, 12, 3), ("Group A", "Group B")), NearbyViolence(0, 6),
             Trend(41, 9, 6)),
            4.0,
        ),
        Place(
            2, "Mela", "Westland", 20.75, 6.25, Estimate(3.2, 0.4, 8.0), 0.7, NearestUnit("Mela", 0.5), 0, 0,
            (NearbyViolence(41, 6), Trend(0, 5.5, 6), History(4, 12)),
        ),
        Place(3, "Tiva", "Eastland", 21.25, 5.75, Estimate(0.02), 0.004, NearestUnit("Dorn", 7.25), 30, 225),
    )  # fmt: skip
    return BriefContent(
        mission="MISSION",
        area="Testland",
        as_of=468,
        horizon=12,
        known_on=dt.date(2019, 1, 15),
        reconstructed=False,
        model="conflictology",
        total=Estimate(33.2, 12.0, 70.0),
        outline=box(20, 5, 22, 7),
        areas=(west, east),
        cells=cells,
        units=(
            MapUnit("Mela", UnitKind.BASE, 20.75, 6.25, 650),
            MapUnit("Dorn", UnitKind.TOB, 21.75, 5.25, None),
            MapUnit("Sector", UnitKind.HQ, 21.5, 6.0, 120),
        ),
        places=places,
        reach=(Reach(2, 0.1), Reach(6, 0.25), Reach(12, 0.4), Reach(24, 0.9)),
        gaps=(Gap("Karo", "Westland", 30.0), Gap("Tiva", "Eastland", 0.02, 7.25)),
        moves=(
            Move("TOB Dorn", "Karo", 0.71, 6, "Dorn", 23.6,
                 (Harm(HarmKind.LOSES_REACH, "Tiva", 0.02), Harm(HarmKind.THINS, "Dorn"), Harm(HarmKind.EXPOSES))),
            Move("one company", "Karo", 0.7, 6, None, None, (Harm(HarmKind.RAINS, "Karo"), Harm(HarmKind.SHIFTS))),
            Move("one platoon", "Tiva", 0.001, 6),
        ),
        figures=(
            AreaFigures("Westland", 33.2, 650, 200_000),
            AreaFigures("Eastland", 0.02, 120, None, 1, 1),
            AreaFigures("Nowhere", None, 0, 10_000, 3, 1),
        ),
        changes=Changes(30.0, ("Karo",), ("Obel",), 11, 6.25, (Reach(6, 0.3),)),
        unknowns=(
            Unknown(GapKind.CELLS_WITHOUT_DATA, 1, 4),
            Unknown(GapKind.MONTHS_WITHOUT_DATA, 0, 360),
            Unknown(GapKind.IMPRECISE, share=0.14),
            Unknown(GapKind.UNITS_UNKNOWN, 1, 3),
            Unknown(GapKind.STALE, 3, name="Geo-PKO 2.1", month=465),
            Unknown(GapKind.ONLY_LETHAL),
            Unknown(GapKind.STRAIGHT_LINE),
            Unknown(GapKind.NO_POPULATION, 1),
        ),
        sources=(Source("UCDP GED 23.1", "CC BY 4.0", "Sundberg & Melander (2013), https://example.org/ged", 468),),
    )  # fmt: skip


@pytest.fixture
def content() -> BriefContent:
    return small()
