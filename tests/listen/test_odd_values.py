"""Odd values in files: one id has one way of being written, and what only looks like a value is none."""

from pathlib import Path

import pytest

from tests.listen import ged
from tests.listen.test_known import bring, known
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.mission import Mission
from tocsin.listen.deployments.formats.geopko import full_row
from tocsin.listen.files.columns import days, numbers_of, whole_numbers

ACLED = (
    "event_id_cnty,event_date,time_precision,event_type,actor1,inter1,actor2,inter2,latitude,longitude,geo_precision,"
    "fatalities,civilian_targeting,iso\n"
)


def test_what_only_looks_like_a_value_is_none() -> None:
    assert whole_numbers(["1", "1_000"], 0, 10**6)[1].tolist() == [True, False]
    assert numbers_of(["1.5", "1_0.5"])[1].tolist() == [True, False]
    assert numbers_of(["nan", "inf", "1e309", "-1e308"])[1].tolist() == [False, False, False, True]
    assert whole_numbers(["1e308", "1,000", "007"], 0, 10**6)[1].tolist() == [False, False, True]
    for odd in ("2018-12-011", "2018-12-01x", "2019-02-29", "29/02/2019", "1899-12-31", "2018-1", "12/25/2018"):
        assert days(["2018-12-01", odd])[1].tolist() == [True, False], odd
        assert days([odd])[1].tolist() == [False], odd
    assert days(["2018-12-01T10:00:00", "2018-12-01 00:00:00.000", "2018-12-01"])[1].all()


def test_one_event_has_one_id_however_it_is_written(tmp_path: Path, small_mission: Mission) -> None:
    rows = [ged.row(7), ged.row(8), ged.row(9)]
    rows[1][0], rows[2][0] = "007", "٧"
    done = bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    assert (done.counts.added, done.counts.unchanged, done.counts.rejected) == (1, 1, 1)
    assert known(small_mission, "2018-06").best.tolist() == [3]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_quotes_of_every_kind(ending: str, tmp_path: Path, small_mission: Mission) -> None:
    text = ged.text([ged.row(1, source_headline='he said ""no"", "twice"'), ged.row(2)]).replace("\r\n", ending)
    path = tmp_path / "GEDEvent_v19_1.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert bring(small_mission, path).counts.added == 2


def test_binary_data_in_the_middle_and_an_endless_year_are_refused(tmp_path: Path, small_mission: Mission) -> None:
    path = tmp_path / "GEDEvent_v19_1.csv"
    path.write_text(ged.text([ged.row(i) for i in range(100)] + [ged.row(200, adm_1="a\0b")]), newline="")
    with pytest.raises(BadFile, match="binary"):
        bring(small_mission, path)
    at = {n: i for i, n in enumerate(("longitude", "latitude", "year", "mission", "location", "no.troops"))}
    with pytest.raises(BadInput, match="not a number"):
        full_row(["20", "5", "inf", "M", "L", "1"], at)


def test_acled_deletions_are_honoured_once_and_an_event_may_come_back(tmp_path: Path, small_mission: Mission) -> None:
    line = "{id},2018-06-04,1,Violence against civilians,A,3,B,7,5.25,20.25,1,{n},Civilian targeting,140\n"
    events = tmp_path / "acled.csv"
    events.write_text(ACLED + line.format(id="CEN1", n=3) + line.format(id="cen2", n=5)
                      + line.format(id="CEN3", n=0).replace("06-04", "07-04"))  # fmt: skip
    assert bring(small_mission, events).counts.added == 3
    gone = tmp_path / "deleted.csv"
    gone.write_text("event_id_cnty,deleted_timestamp\nCEN2,1\nXXX9,1\n")
    done = bring(small_mission, gone).counts
    assert (done.updated, done.unchanged) == (1, 1)
    assert known(small_mission, "2018-06").best.tolist() == [3]
    more = tmp_path / "deleted later.csv"
    more.write_text("event_id_cnty,deleted_timestamp\ncen2,1\nXXX9,1\nXXX10,2\n")
    done = bring(small_mission, more).counts
    assert (done.updated, done.unchanged) == (0, 3), "the list is cumulative"
    again = tmp_path / "acled again.csv"
    again.write_text(ACLED + line.format(id="CEN2", n=5))
    done = bring(small_mission, again).counts
    assert done.read == 1
    assert sorted(known(small_mission, "2018-06").best.tolist()) == [3, 5]
    last = tmp_path / "deleted again.csv"
    last.write_text("event_id_cnty,deleted_timestamp\nCEN2,9\n")
    assert bring(small_mission, last).counts.updated == 1
    assert known(small_mission, "2018-06").best.tolist() == [3]
