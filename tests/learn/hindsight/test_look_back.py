"""`tocsin learn hindsight` on a small mission: counts by hand, nothing seen before its time, refusals in words."""

from pathlib import Path

import pytest
from tests.assess.test_as_of import bring
from tests.conftest import NOW
from tests.listen import ged

from tocsin.core import lattice
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.learn.hindsight.actions import PEOPLE, PLAN, RECENT, LookedBack, look_back
from tocsin.store import open_store, writing

YEAR = (parse_month("2017-01"), parse_month("2017-12"))


def looked(mission: Mission, first: int = YEAR[0], last: int = YEAR[1], **options) -> LookedBack:
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            return look_back(connection, mission, NOW, first, last, **options)
    finally:
        engine.dispose()


def raid(id: int, day: str, lon: float, killed: int, **more: object) -> list[str]:
    return ged.row(id, date_start=f"{day} 00:00:00.000", date_end=f"{day} 00:00:00.000", longitude=lon, latitude=5.25,
                   best=killed, deaths_civilians=killed, **more)  # fmt: skip


def units(mission: Mission, tmp_path: Path, lon: float = 20.25) -> None:
    path = tmp_path / "units.csv"
    path.write_text(f"name,kind,latitude,longitude,strength,from,until\nA,base,5.25,{lon},100,2016-01,\n")
    bring(mission, path)


def by(summary: dict, policy: str, hours: float, who: str = "all") -> dict:
    (row,) = [g for g in summary["gains"]
              if (g["policy"], g["limit_hours"], g["perpetrator"]) == (policy, hours, who)]  # fmt: skip
    return row


def test_reach_is_counted_by_hand(tmp_path: Path, small_mission: Mission) -> None:
    # the unit stands in the west; killing was, and goes on, in the east of the square, some 165 km away
    past = [raid(i, f"2016-{i:02d}-10", 21.75, 5) for i in range(1, 13)]
    after = [raid(100, "2018-03-10", 21.75, 8), raid(101, "2018-04-10", 20.25, 2, side_a="Government of Square")]
    coarse = [raid(102, "2018-05-10", 21.75, 10, where_prec=6)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", past + after + coarse))
    units(small_mission, tmp_path)
    done = looked(small_mission, YEAR[1], YEAR[1], most_moves=1).summary
    assert done["months"] == 1
    assert done["left_out_share"] == pytest.approx(10 / 80), "placed in the country only"
    row = by(done, RECENT, 2.0)
    assert row["killed"] == 10
    assert row["share_as_is"] == pytest.approx(0.2), "only the two in the unit's own cell"
    assert by(done, RECENT, 2.0, "state")["share_as_is"] == 1
    # nobody was killed in the year before December 2017: there is nothing to go after, so nobody moves
    assert row["gain"] == 0
    assert done["units_moved"][RECENT] == 0
    moved = looked(small_mission, YEAR[0], YEAR[0], most_moves=1)
    assert moved.summary["units_moved"][RECENT] == 1, "last year's killing was in the east"
    assert moved.summary["units_moved"]["leave as is"] == 0


def test_what_comes_later_does_not_change_what_a_policy_wanted(tmp_path: Path, small_mission: Mission) -> None:
    past = [raid(i, f"2016-{i:02d}-10", 21.75, 5) for i in range(1, 13)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v17_1.csv", [*past, raid(50, "2016-12-20", 20.25, 1)]))
    units(small_mission, tmp_path)
    before = looked(small_mission, YEAR[0] - 2, YEAR[0] - 2, most_moves=1).summary
    later = [raid(60 + i, f"2017-{i:02d}-10", 20.75, 40) for i in range(1, 13)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v18_1.csv", past + later))
    again = looked(small_mission, YEAR[0] - 2, YEAR[0] - 2, most_moves=1).summary
    assert again["units_moved"] == before["units_moved"]
    assert by(again, PLAN, 6.0)["killed"] > by(before, PLAN, 6.0)["killed"], "but more is known of what happened"
    assert again["run"] != before["run"]
    assert {g["policy"] for g in again["gains"]} == {PLAN, RECENT, PEOPLE}


def test_what_else_was_known_counts_as_it_does_for_a_forecast(tmp_path: Path, small_mission: Mission) -> None:
    past = [raid(i, f"2016-{i:02d}-10", 21.75, 5) for i in range(1, 13)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v18_1.csv", [*past, raid(60, "2017-03-10", 20.75, 4)]))
    units(small_mission, tmp_path)
    month = parse_month("2017-02")
    before = looked(small_mission, month, month, most_moves=1).summary
    folder = small_mission.folder / "indicators"
    folder.mkdir()
    rows = {"later": "2017-04-01", "in time": "2016-06-01"}
    for name, day in rows.items():
        gid = int(lattice.gid_at(21.75, 5.25))
        (folder / "displaced.csv").write_text(
            f"priogrid_gid,month,indicator,value,published\n{gid},2016-05,displaced,900,{day}\n"
        )
        again = looked(small_mission, month, month, most_moves=1).summary
        assert (again["run"] == before["run"]) == (name == "later"), name


def test_refusals_say_what_to_do(tmp_path: Path, small_mission: Mission) -> None:
    with pytest.raises(BadInput, match="first month before the last"):
        looked(small_mission, 5, 4)
    with pytest.raises(BadInput, match="not a model"):
        looked(small_mission, model="oracle")
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", [raid(1, "2018-03-10", 20.25, 8)]))
    with pytest.raises(NoData, match="import deployments"):
        looked(small_mission)
