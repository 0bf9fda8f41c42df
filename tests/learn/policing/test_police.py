"""What police did, on the square mission and on MINUSCA, from the command line."""

import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import NOW, SQUARE
from tests.listen import ged
from typer.testing import CliRunner

from tocsin.act.tables import task
from tocsin.cli.main import app
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import NoData, NotFound
from tocsin.core.mission import load
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.store import open_store, writing

LOG = "day,what,kind,area,skill,officers,women\n" + "".join(
    f"2018-{1 + k % 6:02d}-0{1 + k % 9},{('patrol', 'contact', 'escort')[k % 3]},{('fpu', 'ipo')[k % 2]},West,"
    f"{('community', 'public order')[k % 2]},10,{k % 4}\n"
    for k in range(12)
)


@pytest.fixture
def square(tmp_path: Path) -> Path:
    (tmp_path / "square.geojson").write_text(json.dumps(SQUARE))
    make(tmp_path / "mission", str(tmp_path / "square.geojson"), "Square", (6, 7, 8), "")
    mission = load(tmp_path / "mission")
    rows = [ged.row(k + 1, date_start=f"2018-0{1 + k % 6}-10", date_end=f"2018-0{1 + k % 6}-10", best=3,
                    deaths_civilians=3, longitude=21.75, latitude=5.25, adm_1="East") for k in range(8)]  # fmt: skip
    engine = open_store(mission.store_url)
    with writing(engine) as connection:
        import_file(connection, mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows), NOW)
    engine.dispose()
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path


def told(folder: Path, *words: object, fails: type[Exception] | None = None) -> dict | str:
    done = CliRunner().invoke(app, ["learn", "police", "--mission", str(folder), "--json", *map(str, words)])
    if fails is not None:
        assert isinstance(done.exception, fails), (done.output, done.exception)
        return str(done.exception)
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.output)


def test_a_log_against_what_was_faced(square: Path):
    found = told(square / "mission", "--log", square / "log.csv")
    assert (found["first"], found["last"], found["lines"]) == ("2018-01", "2018-06", 12)
    assert found["all"]["officer_days"] == 120
    assert found["all"]["formed_share"] == pytest.approx(0.5)
    assert [r["name"] for r in found["by_tier"]] == ["II", "I"]
    east = next(g for g in found["area_gaps"] if g["name"] == "East")
    # All killed in the East, all officers in the West.
    assert (east["faced"], east["faced_share"], east["days_share"], east["short"]) == (24, 1.0, 0.0, True)
    assert found["deployed"][0]["units_known"] is False
    later = told(square / "mission", "--log", square / "log.csv", "--from", "2018-04", "--to", "2018-12")
    assert later["lines"] + later["left_out"] == 12
    assert len(later["by_month"]) == 9
    assert later["by_month"][-1]["officer_days"] == 0


def test_tasks_of_police_count_and_few_are_hidden(square: Path):
    assert "give a log" in told(square / "mission", "--from", "2018-01", "--to", "2018-06", fails=NoData)
    engine = open_store(load(square / "mission").store_url)
    at = dt.datetime(2018, 3, 1, tzinfo=dt.UTC)
    rows = [
        {"what": "patrol the market", "responder": "", "responder_owner": "police", "component": component,
         "tier": tier, "practice": practice, "state": state, "given_at": at, "given_by": "x", "answer_by": at,
         "due_at": at, "changed": 1, "tlp": Tlp.AMBER.value, "classification": Classification.UNCLASSIFIED.value}
        for component, tier, practice, state, n in (("police", "II", False, "done", 9),
            ("police", "I", False, "given", 2), ("military", "II", False, "done", 7), ("police", "II", True, "done", 5))
        for _ in range(n)
    ]  # fmt: skip
    with writing(engine) as connection:
        connection.execute(sa.insert(task), rows)
    engine.dispose()
    found = told(square / "mission", "--from", "2018-01", "--to", "2018-06")
    tasks = found["tasks"]
    assert tasks["by_tier"]["I"] is None, "two tasks could point at somebody"
    assert None in (tasks["all"], tasks["by_tier"]["II"]), "nor may they follow from the others"
    assert set(tasks["by_state"]) == {"given", "done, not said"}
    assert None in (tasks["all"], tasks["by_state"]["done, not said"])
    assert found["lines"] == 0


def test_a_log_of_another_country_is_refused(square: Path):
    (square / "log.csv").write_text("day,what,kind,area\n2018-01-01,patrol,ipo,Nowhere\n")
    assert "there are: East, West" in told(square / "mission", "--log", square / "log.csv", fails=NotFound)


def test_minusca(tmp_path: Path, shared: Path):
    folder = tmp_path / "car"
    events = shared / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv"
    units = shared / "geo_pko" / "Geo_PKO_v.2.1.csv.gz"
    for words in (
        ["init", str(folder), "--area", "CAF"],
        ["import", str(events), str(units), "--mission", str(folder)],
    ):
        done = CliRunner().invoke(app, [*words, "--quiet"])
        assert done.exit_code == 0, done.output
    log = tmp_path / "log.csv"
    log.write_text("day,what,kind,area,officers\n2020-02-03,patrol,fpu,Ouaka,30\n2020-05-03,contact,ipo,Ouaka,4\n")
    found = told(folder, "--log", log, "--from", "2020-01", "--to", "2020-06", "--operation", "MINUSCA")
    killed = {g["name"]: g["faced"] for g in found["area_gaps"]}
    assert sum(killed.values()) > 50
    assert found["all"]["formed_share"] == pytest.approx(30 / 34)
    assert found["deployed"][0]["formed_at"] > 0
    assert found["deployed"][0]["formed_share"] is None, "Geo-PKO does not say how many police"
