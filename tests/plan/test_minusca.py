"""Who goes where on a real mission: MINUSCA as of June 2020, with the events of the Central African Republic."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app


@pytest.fixture(scope="module")
def minusca(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    folder = tmp_path_factory.mktemp("minusca") / "car"
    events = shared / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv"
    for words in (
        ["init", str(folder), "--area", "CAF"],
        ["import", str(events), str(shared / "geo_pko" / "Geo_PKO_v.2.1.csv.gz"), "--mission", str(folder)],
        ["assess", "--as-of", "2020-06", "--model", "conflictology_n", "--mission", str(folder)],
    ):
        done = CliRunner().invoke(app, [*words, "--quiet"])
        assert done.exit_code == 0, done.output
    return folder


def told(folder: Path, *words: object) -> dict:
    given = [*map(str, words), "--as-of", "2020-06", "--operation", "MINUSCA", "--mission", str(folder), "--json"]
    done = CliRunner().invoke(app, ["plan", *given])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_people(minusca: Path, tmp_path: Path):
    kinds = ["ipo", "ipo", "ipo", "expert"]
    rows = [f"U{k},{kinds[k % 4]},community:{0.4 + 0.1 * (k % 6):.1f},{('sango', 'french')[k % 2]},{'fm'[k % 3 > 0]}"
            for k in range(30)]  # fmt: skip
    (tmp_path / "r.csv").write_text("id,kind,skills,languages,gender\n" + "\n".join(rows))
    places = ["Bria", "Bambari", "Bangassou", "Kaga Bandoro", "Bouar"]
    posts = [f"{p}-{k},{p},community:0.8,sango:0.5,all" for p in places for k in range(4)]
    (tmp_path / "p.csv").write_text("id,place,skills,languages,groups\n" + "\n".join(posts))
    (tmp_path / "x.csv").write_text("group,trait,value,least,share\nall,woman,,0.3,yes\nall,language,sango,8,\n")
    found = told(minusca, "people", tmp_path / "r.csv", tmp_path / "p.csv", "--rules", tmp_path / "x.csv")
    assert found["filled"] == 20
    assert found["proven"]
    assert found["women"]["women"] >= 0.3 * 20
    assert {p["post"].split("-")[0] for p in found["pairs"]} == set(places)
    weight = {p["place"]: p["weight"] for p in found["pairs"]}
    assert max(weight.values()) == pytest.approx(5.0)
    assert min(weight.values()) < 4.0, "not all places are forecast alike"


def test_partners(minusca: Path, tmp_path: Path):
    (tmp_path / "f.csv").write_text(
        "force,kind,assessment,assessed_until\nMINUSCA,un,,\nRegional,security,cleared,2021-06-30\nArmy,host_state,,\n"
    )
    (tmp_path / "o.csv").write_text(
        "id,force,capability,place,hours,by\nheli,Regional,air,Bria,1.5,helicopter\nclinic,MINUSCA,medical,Bangui,,\n"
    )
    (tmp_path / "g.csv").write_text(
        "id,force,capability,place\nlift,MINUSCA,air,Bambari\nfar,MINUSCA,air,Bouar\nguard,Army,medical,Bangui\n"
    )
    found = told(minusca, "partners", tmp_path / "f.csv", tmp_path / "o.csv", tmp_path / "g.csv")
    assert {p["gap"] for p in found["passings"]} == {"lift"}
    why = {g["gap"]: " ".join(g["why"]) for g in found["gaps"]}
    assert "there is no way there" in why["far"], "Bouar is out of a helicopter's radius from Bria"
    assert "Army has no human rights due diligence assessment" in why["guard"]


def test_liaison(minusca: Path):
    found = told(minusca, "liaison", "--further", "4", "--hours", "4", "--speak", "sango")
    served = [g["served"] for g in found["gains"]]
    assert served == sorted(served)
    assert all(g["proven"] for g in found["gains"])
    assert len({f["place"] for f in found["further"]}) == 4
    assert found["forecast_elsewhere"] > 0


def test_corridor(minusca: Path):
    found = told(minusca, "corridor", "Bangui", "Bria", "--others", "1")
    hours = [way["hours"] for way in found["front"]]
    exposure = [way["exposure"] for way in found["front"]]
    assert hours == sorted(hours)
    assert exposure == sorted(exposure, reverse=True)
    assert found["over"] == "straight line", "nothing of the ground was given"
    assert found["legs"][-1]["end"].endswith("Bria")
    assert all(leg["helpers"] for leg in found["legs"]), "bases stand along this road"


def test_drawdown(minusca: Path):
    found = told(minusca, "drawdown", "--steps", "6", "--keep", "4")
    assert (found["bases"], len(found["kept"])) == (10, 4)
    assert found["proven"]
    values = {row["order"]: row["value"] for row in found["compared"]}
    assert values["cost: the largest first"] < 0.7 * found["value"]
    needs = {need["who"] for step in found["steps"] for need in step["in_place_before"]}
    assert {"police", "civilians", "local committees", "host-state forces"} <= needs


def test_contingency(minusca: Path):
    found = told(minusca, "contingency", "--left", "2018-06")
    alarms = {a["area"] for a in found["areas"] if a["alarm"]}
    # Vakaga and Bamingui-Bangoran, quiet until 2018, are where fighting spread in 2019 and 2020.
    assert alarms == {"Vakaga", "Bamingui-Bangoran"}


def test_scenario(minusca: Path, tmp_path: Path):
    (tmp_path / "s.toml").write_text(
        "[settings]\nadditional = 0\nmoves = 0\n[scenario.rains]\nwet = true\n[scenario.leaves]\n"
        "without_contributors = ['Rwanda']\n[scenario.worst]\nwithout_contributors = ['Rwanda']\n"
        "shared_units_go = true\n"
    )
    base, rains, leaves, worst = told(minusca, "scenario", tmp_path / "s.toml")["scenarios"]
    assert rains["within_now"] < base["within_now"]
    assert leaves["units"] == base["units"]
    assert leaves["shared"]
    assert worst["units"] == base["units"] - len(leaves["shared"])
    assert worst["within_now"] < base["within_now"]
