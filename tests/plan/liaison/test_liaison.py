"""The placing of liaison assistants on the square mission."""

from pathlib import Path

import pytest

from tocsin.core.errors import BadFile, BadInput, NoData, NotFound

# Worth by hand: two villages side by side in the south-east, one far off in the north-west, one without a worth.
VILLAGES = """name,lon,lat,languages,people,worth
Bari,21.75,5.25,sango,900,3
Baru,21.85,5.25,fulfulde,400,2
Nomo,20.25,6.75,sango,500,4
"""


def asked(tmp_path: Path, *more: object, villages: str = VILLAGES, there: str = "") -> list[object]:
    (tmp_path / "v.csv").write_text(villages)
    (tmp_path / "a.csv").write_text(there or "id,place\n")
    return ["plan", "liaison", "--villages", tmp_path / "v.csv", "--assistants", tmp_path / "a.csv", *more]


def test_on_paper(tocsin, tmp_path: Path):
    found = tocsin(*asked(tmp_path, "--further", "1"))
    # One person reaches Bari and Baru, and shares a language with one of the two only: Nomo alone is worth more.
    assert [f["place"] for f in found["further"]] == ["Nomo"]
    assert [g["served"] for g in found["gains"]][:4] == [0, 4, 7, 9]
    assert [g["gain"] for g in found["gains"]][1:5] == [4, 3, 2, 0]
    assert all(g["proven"] for g in found["gains"])
    # Somebody who also speaks Fulfulde serves both.
    both = tocsin(*asked(tmp_path, "--further", "1", "--speak", "fulfulde"))
    assert [v["village"] for v in both["further"][0]["serves"]] == ["Bari", "Baru"]
    assert both["value"] == 5
    assert "share no language" not in both["not_served"][0]["why"]


def test_those_there_keep_their_place(tocsin, tmp_path: Path):
    there = "id,lon,lat,languages,villages\nC1,21.8,5.25,sango,1\n"
    found = tocsin(*asked(tmp_path, "--further", "1", there=there))
    assert [v["village"] for v in found["assistants"][0]["serves"]] == ["Bari"]
    assert [f["place"] for f in found["further"]] == ["Nomo"]
    (left,) = found["not_served"]
    assert left["village"] == "Baru"
    assert "C1 could get there and share no language" in left["why"]
    assert found["those_there_anew"] == {"served_now": 3, "served_at_best": 4, "at_most": 4}
    said = tocsin(*asked(tmp_path, "--further", "1", there=there), as_json=False)
    assert "Not served: Baru" in said


def test_those_who_agreed_may_move_in_a_plan_beside(tocsin, tmp_path: Path):
    there = "id,lon,lat,languages,villages,may_move\nC1,21.8,5.25,sango,1,{}\n"
    words = ["--further", "0", "--moves", "1"]
    found = tocsin(*asked(tmp_path, *words, there=there.format("yes")))
    assert (found["value"], found["if_moved"]["value"]) == (3, 4), "in the plan itself all stay"
    (move,) = found["if_moved"]["moves"]
    assert (move["assistant"], move["to"], [v["village"] for v in move["serves"]]) == ("C1", "Nomo", ["Nomo"])
    assert found["if_moved"]["gain"] == 1
    assert "nobody may be moved" in tocsin(*asked(tmp_path, *words, there=there.format("no")), fails=BadInput)


def test_without_a_worth_the_forecast_says_it(tocsin, tmp_path: Path):
    villages = "name,lon,lat,people\nBig,21.75,5.25,300\nSmall,21.7,5.3,100\nQuiet,20.25,5.25,100\n"
    found = tocsin(*asked(tmp_path, "--further", "0", villages=villages))
    worth = {v["village"]: v["worth"] for v in found["not_served"]}
    assert worth["Big"] == pytest.approx(3 * worth["Small"])
    assert found["languages_not_known"] == 3
    assert all(v["why"] == "nobody gets there in time" for v in found["not_served"])


def test_languages_by_area_and_what_is_refused(tocsin, tmp_path: Path):
    villages = VILLAGES.replace("sango", "").replace("fulfulde", "")
    by_area = ["--language", "West=sango", "--language", "East=sango;fulfulde", "--further", "1"]
    found = tocsin(*asked(tmp_path, *by_area, villages=villages))
    assert found["languages_not_known"] == 0
    assert found["value"] == 5, "the two in the East share their languages"
    assert "there are: East, West" in tocsin(*asked(tmp_path, "--language", "North=sango"), fails=NotFound)
    assert "such as Ouaka=sango" in tocsin(*asked(tmp_path, "--language", "sango"), fails=BadInput)
    assert "looks like a name" in tocsin(*asked(tmp_path, there="id,place\nJean Dupont,Alpha\n"), fails=BadFile)
    assert "nothing says where" in tocsin(*asked(tmp_path, there="id,place\nC1,\n"), fails=BadFile)
    assert "fill in both or neither" in tocsin(*asked(tmp_path, villages="name,lon,lat\nx,20,\n"), fails=BadFile)
    assert "0 to 50" in tocsin(*asked(tmp_path, "--further", "99"), fails=BadInput)
    assert "give their worth" in tocsin(*asked(tmp_path, villages="name,lon,lat,worth\nx,20.2,5.2,0\n"), fails=NoData)


def test_without_tables_the_forecast_names_the_villages(tocsin):
    found = tocsin("plan", "liaison", "--further", "2")
    assert found["assistants"] == [], "the square has no unit of kind cla"
    served = [g["served"] for g in found["gains"]]
    assert served == sorted(served)
    assert served[-1] <= found["worth"] + 1e-9
    assert sum(v["worth"] for f in found["further"] for v in f["serves"]) == pytest.approx(found["value"])
    assert all(v["hours"] <= 2.0 for f in found["further"] for v in f["serves"])
