"""Who goes where on a real mission: MINUSCA as of June 2020, with the events of the Central African Republic."""

import gzip
import json
import shutil
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


def test_patrols(minusca: Path):
    # Three days out from Bria, sleeping where that is worth most; nothing is worth more than the bound wherever it is.
    found = told(minusca, "patrols", "--base", "Bria", "--days", "3", "--plans", "2")
    one, two, three = found["best"]
    assert one["start"]["name"] == three["end"]["name"] == "Bria"
    assert (one["end"], two["end"]) == (two["start"], three["start"])
    stops = [(s["lon"], s["lat"]) for p in found["best"] for s in p["stops"]]
    assert len(stops) == len(set(stops))
    for day, patrol in enumerate(found["best"]):
        assert 24 * day + 6 <= patrol["leave"] <= patrol["leave_until"] <= patrol["back"] <= 24 * day + 18 + 1e-5
    assert 0 < found["value"] <= found["bound"] + 1e-9
    assert found["mix"]["loss"] <= 0.2
    for g in found["mix"]["guess"]:
        assert g["entropy"] >= g["entropy_floor"] - 1e-9
        assert g["routes"] == 1 or g["times_chance"] <= 1.5 + 1e-6


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


def test_the_seven_what_ifs_side_by_side(minusca: Path, shared: Path, tmp_path: Path):
    ground = tmp_path / "car"
    shutil.copytree(minusca, ground)
    roads = tmp_path / "roads.geojson"
    packed = shared / "roads_overture" / "africa_trunk_roads_preview.geojson.gz"
    roads.write_bytes(gzip.decompress(packed.read_bytes()))
    given = ["plan", "ground", "add", "roads", str(roads), "--known", "2015-01-01", "--mission", str(ground), "--quiet"]
    assert CliRunner().invoke(app, given).exit_code == 0
    (tmp_path / "s.toml").write_text(
        "[settings]\nadditional = 0\nmoves = 0\n[scenario.'new front']\nrisk = { Vakaga = 3.0 }\n"
        "[scenario.'loss of a contributor']\nwithout_contributors = ['Rwanda']\nshared_units_go = true\n"
        "[scenario.'border closed']\nclosed = [['19.5,5.5', '21.5,6.6']]\n[scenario.'early rains']\nwet = true\n"
        '[scenario.election]\nrisk = { Lobaye = 1.5, "Ombella-M\'Poko" = 1.5 }\n'
        "[scenario.'camp moved']\nshift = [['Bria', 'Ndélé']]\n"
        "[scenario.'partner leaves']\nwithout_operations = ['MINUSCA']\n"
        "[scenario.'contributor leaves, shared units stay']\nwithout_contributors = ['Rwanda']\n"
    )
    base, *rows, stay = told(ground, "scenario", tmp_path / "s.toml")["scenarios"]
    front, lost, border, rains, election, camp, partner = rows
    assert front["risk"] > base["risk"] < election["risk"]
    assert camp["risk"] == pytest.approx(base["risk"])
    assert (stay["units"], bool(stay["shared"])) == (base["units"], True)
    assert lost["units"] == base["units"] - len(stay["shared"])
    assert max(r["within_now"] for r in (lost, rains, camp)) < base["within_now"]
    assert border["within_now"] <= base["within_now"]
    assert (partner["units"], partner["within_now"]) == (0, 0.0)
    for row in rows:
        assert row["within_now_less"] == pytest.approx(base["within_now"] - row["within_now"])
        assert set(row) == set(base), "the same axes"
    (tmp_path / "x.toml").write_text("[scenario.x]\nwithout_operations = ['MINUSCO']\n")
    done = CliRunner().invoke(app, ["plan", "scenario", str(tmp_path / "x.toml"), "--mission", str(ground)])
    assert str(done.exception) == "no unit here is of the operation MINUSCO; there are: MINUSCA"
