"""The planner of people on the square mission: weights from the forecast, what is told, what is kept."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from tocsin.core.errors import BadFile, Infeasible, NotFound
from tocsin.core.mission import Mission
from tocsin.store import open_store, reading
from tocsin.store.tables import run

ROSTER = "id,skills,gender,nationality,until\nU1,community,f,NPL,2019-03-31\nU2,gbv,m,NPL,\nU3,community:0.5,,SEN,\n"
POSTS = "id,area,skills,kinds,groups\nwest,West,community,,all\neast,East,community,,all\nteam,,gbv,spt,\n"


def files(tmp_path: Path, roster: str = ROSTER, posts: str = POSTS, rules: str = "") -> list[object]:
    for name, text in (("roster.csv", roster), ("posts.csv", posts), ("rules.csv", rules)):
        (tmp_path / name).write_text(text)
    more = ["--rules", tmp_path / "rules.csv"] if rules else []
    return ["plan", "people", tmp_path / "roster.csv", tmp_path / "posts.csv", *more]


def test_the_best_goes_where_most_is_forecast(tocsin, tmp_path: Path, planned: Mission):
    found = tocsin(*files(tmp_path))
    pairs = {p["post"]: p for p in found["pairs"]}
    # More died in the East: its post weighs 5, so the better of the two officers goes there.
    assert pairs["east"]["weight"] == pytest.approx(5.0)
    assert 1 < pairs["west"]["weight"] < 5
    assert (pairs["east"]["person"], pairs["west"]["person"]) == ("U1", "U3")
    assert pairs["west"]["short_of"] == ["community 0.5 of 1"]
    assert found["proven"]
    assert [v["post"] for v in found["vacant"]] == ["team"]
    assert "0 of the kind spt" in found["vacant"][0]["why"]
    assert found["ending"] == [{"person": "U1", "post": "east", "on": "2019-03-31", "what": "contract"}]
    assert found["women"] == {"women": 1, "men": 0, "not_known": 1}
    assert found == tocsin(*files(tmp_path))
    engine = open_store(planned.store_url)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(run.c.inputs, run.c.output).where(run.c.kind == "people")).all()
    engine.dispose()
    kept = json.dumps([list(r) for r in rows])
    assert "U1" in kept
    assert "NPL" not in kept, "what the roster says of a person is not written down"
    assert "U2" not in kept


def test_a_rule_changes_who_goes_and_is_counted(tocsin, tmp_path: Path):
    found = tocsin(*files(tmp_path, rules="group,trait,value,least,most\nall,nationality,NPL,,0\n"))
    assert [p["person"] for p in found["pairs"]] == ["U3"]
    assert found["rules"] == [{"rule": "in all at most 0 from NPL", "counted": 0.0, "of": 1}]
    assert "a rule holds them back" in next(v["why"] for v in found["vacant"] if v["post"] == "west")
    said = tocsin(*files(tmp_path), as_json=False)
    assert "Could get worse: A printed assignment" in said


def test_what_cannot_be_is_said(tocsin, tmp_path: Path):
    assert "clash: in all at least 3 women" in tocsin(
        *files(tmp_path, rules="group,trait,least\nall,woman,3\n"), fails=Infeasible
    )
    assert "there are: East, West" in tocsin(*files(tmp_path, posts="id,area\nx,North\n"), fails=NotFound)
    assert "row 2" in tocsin(*files(tmp_path, roster="id,rank\nx,high\n"), fails=BadFile)
    assert "nobody in it" in tocsin(*files(tmp_path, roster="id,rank\n"), fails=BadFile.__mro__[1])


def test_who_is_no_longer_there_fills_no_post_without_dates(tocsin, tmp_path: Path):
    # As of December 2018: one contract ended in June, one clearance on the last of December, one runs from January on.
    roster = ("id,skills,from,until,medical_until\nleft,community,2017-01-01,2018-06-30,\n"
              "unfit,community,2017-01-01,2020-01-01,2018-12-31\nthere,community,2019-01-01,2019-12-31,\n"
              "later,community,2019-01-15,2019-12-31,\n")  # fmt: skip
    found = tocsin(*files(tmp_path, roster=roster, posts="id,area,skills\nwest,West,community\neast,East,community\n"))
    assert [(p["post"], p["person"]) for p in found["pairs"]] == [("east", "there")]
    assert any("without dates" in line for line in found["assumes"])
    dated = "id,area,skills,from,until\nwest,West,community,2019-02-01,2019-03-31\neast,East,community,,\n"
    found = tocsin(*files(tmp_path, roster=roster, posts=dated))
    assert {p["post"]: p["person"] for p in found["pairs"]} == {"west": "later", "east": "there"}
