"""Every planner on the demonstration mission, from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.core.errors import TocsinError
from tocsin.plan.scenarios import read_kept


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planners") / "demo"
    for words in (["demo", str(folder)], ["assess", "--mission", str(folder)]):
        done = CliRunner().invoke(app, [*words, "--quiet"])
        assert done.exit_code == 0, done.output
    return folder


def told(demo: Path, *words: str) -> dict:
    done = CliRunner().invoke(app, ["plan", *words, "--mission", str(demo), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def refused(demo: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["plan", *words, "--mission", str(demo)])
    assert isinstance(done.exception, TocsinError), done.output
    return str(done.exception)


def test_drawdown(demo: Path, tmp_path: Path):
    file = tmp_path / "gaps.geojson"
    found = told(demo, "drawdown", "--steps", "4", "--keep", "2", "--map", str(file))
    closed = [c["unit"] for step in found["steps"] for c in step["closes"]]
    assert len(closed) == len(set(closed)) == found["bases"] - 2
    assert not set(closed) & {*found["kept"], *found["stay_to_the_end"]}
    assert found["value"] <= found["bound"]
    assert all(found["value"] >= other["value"] - 1e-9 for other in found["compared"])
    assert sum(step["protection"] for step in found["steps"]) == pytest.approx(found["value"])
    assert all(step["in_place_before"] for step in found["steps"] if step["closes"])
    for step in found["steps"]:
        if step["loses_reach"]:
            assert {n["who"] for n in step["in_place_before"]} == {
                "police", "civilians", "local committees", "host-state forces", "contingency"}  # fmt: skip
    drawn = [f["properties"] for f in json.loads(file.read_text())["features"]]
    assert {p["unit"] for p in drawn if p["what"] == "base" and p["step"]} == set(closed)
    assert sum(p["what"] == "out of reach at the end" for p in drawn) == len(found["residual"])
    # A base that may not close early does not, and other dates are weighed against it.
    first = closed[0]
    held = told(demo, "drawdown", "--steps", "4", "--keep", "2", "--not-before", f"{first}=4", "--contract",
                f"{first}=1", "--cost", f"{closed[-1]}=9")  # fmt: skip
    assert first not in [c["unit"] for step in held["steps"][:3] for c in step["closes"]]
    assert held["value"] <= found["value"] + 1e-9
    assert [other["order"] for other in held["compared"]][-1] == "contract date"
    assert "cost: the dearest first" in [other["order"] for other in held["compared"]]
    assert "1 to 60 months" in refused(demo, "drawdown", "--steps", "0")
    assert "not a base and its cost" in refused(demo, "drawdown", "--cost", "Bria=much")
    assert "no unit" in refused(demo, "drawdown", "--by", "Nowhere=2")


def test_contingency(demo: Path):
    found = told(demo, "contingency")
    assert len(found["areas"]) == len({a["area"] for a in found["areas"]}) > 5
    for area in found["areas"]:
        assert area["alarm"] == (area["statistic"] > area["threshold"])
        assert area["false_alarm"] <= 0.1
        assert (area["events_next_month_that_raise_it"] is None) == area["alarm"]
        assert area["delays"][0]["mean"] >= area["delays"][1]["mean"]
        if area["back"] and area["back"]["restores_floor"]:
            assert area["back"]["share_after"] is None or area["back"]["share_after"] >= found["floor"] - 1e-9
    assert told(demo, "contingency")["areas"] == found["areas"]
    assert "before the month" in refused(demo, "contingency", "--left", "2030-01")


def test_patrols_and_their_track(demo: Path, tmp_path: Path):
    words = ["patrols", "--plans", "4", "--cards", str(tmp_path / "cards.html"), "--gpx", str(tmp_path / "gpx")]
    found = told(demo, *words)
    mix = found["mix"]
    assert found["value"] <= found["bound"] + 1e-9
    assert sum(p["chance"] for p in mix["plans"]) == pytest.approx(1)
    assert mix["value"] <= mix["best"] + 1e-9
    for plan in mix["plans"]:
        places = [s["name"] for p in plan["patrols"] for s in p["stops"]]
        assert all(p["back"] <= 18 + 1e-5 for p in plan["patrols"])
        assert len(places) == len({(s["lon"], s["lat"]) for p in plan["patrols"] for s in p["stops"]})
    assert "<section>" in (tmp_path / "cards.html").read_text()
    first = next(p for p in mix["plans"][0]["patrols"] if p["stops"])
    drawn = sorted((tmp_path / "gpx").glob("*.gpx"))
    assert len(drawn) == len(found["bases"])
    at = [p["patrol"] for p in mix["plans"][0]["patrols"]].index(first["patrol"])
    driven = told(demo, "track", str(drawn[at]), first["patrol"])
    assert driven["share"] == 1
    assert driven["in_order"]
    assert driven["off_plan_km"] == pytest.approx(0, abs=0.1)
    assert "no patrol" in refused(demo, "track", str(drawn[0]), "Nobody")
    assert "1 to 5 days" in refused(demo, "patrols", "--days", "6")
    assert "no unit or place" in refused(demo, "patrols", "--must", "Nowhere at all")


def test_corridor_and_its_card(demo: Path, tmp_path: Path):
    names = ["Base Touroré", "Base Kougoua"]
    card = tmp_path / "card.html"
    found = told(demo, "corridor", names[0], names[1], "--lang", "fr", "--card", str(card))
    # The mission knows its roads, and a way is a way over them.
    assert found["over"] == "ground"
    assert any("roads" in layer for layer in found["layers"])
    assert found["fastest"]["hours"] <= found["chosen"]["hours"] <= 2 * found["fastest"]["hours"] + 1e-9
    assert sum(leg["hours"] for leg in found["legs"]) == pytest.approx(found["chosen"]["hours"])
    turn = found["turn_back"]
    assert turn is None or turn["after_hours"] <= found["chosen"]["hours"] / 2
    for leg in found["legs"]:
        hours = [h["hours"] for h in leg["helpers"]]
        assert hours == sorted(hours)
        assert leg["helper"] == (leg["helpers"][0]["name"] if hours else None)
    page = card.read_text()
    assert page.count('<tr><td class="n">') == len(found["legs"])
    assert "Repos" in page or not found["rests"]
    assert '<html lang="fr" dir="ltr">' in page
    english = ("in trouble", "who can come", "turning back", "Leave at", "events near it", *found["worse"])
    assert not [line for line in (*english, *found["assumes"]) if line in page]
    # By hour of leaving: what the card says at its own hour, and no way of the front is less exposed than the least.
    rows = {row["leave"]: row for row in found["by_hour"]}
    assert sorted(rows) == list(range(6, 18))
    rested = sum(r["exposure"] for r in found["rests"])
    assert rows[6]["chosen"] == pytest.approx(found["chosen"]["exposure"] + rested)
    assert rows[6]["arrive_after_hours"] == pytest.approx(found["arrive_after_hours"])
    assert all(row["least"]["exposure"] <= min(row["fastest"], row["chosen"]) + 1e-12 for row in rows.values())
    assert any("equally dangerous" in line for line in found["assumes"])
    # A checkpoint on the way costs its hours and is on the card of the leg that passes it.
    lon, lat = found["chosen"]["line"][len(found["chosen"]["line"]) // 2]
    stopped = told(demo, "corridor", names[0], names[1], "--most-time", "1", "--checkpoint", f"{lon},{lat},0.25")
    passed = [c["hours"] for leg in stopped["legs"] for c in leg["checkpoints"]]
    assert stopped["chosen"]["hours"] <= found["fastest"]["hours"] + 0.25 * 2**0.5 + 1e-3
    assert len(passed) <= 1
    assert bool(passed) == (stopped["chosen"]["hours"] > found["fastest"]["hours"] + 1e-3)
    assert "1 to 100 times" in refused(demo, "corridor", names[0], names[1], "--most-time", "0.5")


def test_patrols_with_escorts_companions_fuel_and_places_to_keep(demo: Path, tmp_path: Path):
    free = told(demo, "patrols", "--plans", "1")
    sent = next(p for p in free["best"] if p["hours_driven"] > 0)
    base, far = sent["patrol"], sent["stops"][-1]["name"]
    tasks, cards = tmp_path / "tasks.toml", tmp_path / "cards.html"
    tasks.write_text(f'[[escort]]\nname = "convoy"\nstart = "{far}"\nend = "{base}"\nafter = 8\n'
                     f'[[visit]]\nplace = "{far}"\nneeds = ["sango"]\nmust = true\n'
                     f'[[companion]]\nname = "Section"\nskills = ["sango"]\nafter = 6.5\n')  # fmt: skip
    words = ["patrols", "--base", base, "--plans", "1", "--litres", "20", "--tasks", str(tasks), "--visited",
             f"{far}=1,3", "--keep", f"{far}=1/7", "--cards", str(cards)]  # fmt: skip
    found = told(demo, *words, "--range-hours", f"{sent['hours_driven'] + 0.1}")
    patrol = found["best"][0]
    stops = [s["name"] for s in patrol["stops"]]
    assert stops.index(f"convoy: {base}") == stops.index(f"convoy: {far}") + 1
    assert far in stops
    assert patrol["leave"] == 6.5
    assert patrol["with"] == ["Section"]
    assert patrol["litres"] == pytest.approx(20 * patrol["hours_driven"])
    assert 0 <= patrol["fuel_hours_left"] <= 0.1 + 1e-5
    at = {s["name"]: s["at"] for s in patrol["stops"]}
    assert at[f"convoy: {far}"] >= 8
    assert at[f"convoy: {base}"] - at[f"convoy: {far}"] == pytest.approx(found["escorts"][0]["hours"])
    assert found["escorts"][0]["chance"] == 1
    assert [(k["due_in_days"], k["at_least"], k["chance"]) for k in found["keep"]] == [(6, 1 / 7, 1)]
    assert "escort convoy" in cards.read_text()
    assert f"no patrol can visit {far}, convoy: {far} within its hours, its fuel" in refused(
        demo, *words, "--range-hours", "0.1"
    )
    tasks.write_text(f'[[escort]]\nname = "convoy"\nstart = "{far}"\nend = "{base}"\nafter = 8\nbefore = 8.1\n')
    assert "cannot be over within the hours" in refused(demo, *words)
    assert "such as Bria=2/7" in refused(demo, "patrols", "--keep", "Bria=often")


def test_scenarios(demo: Path, tmp_path: Path):
    now = told(demo)
    area = now["by_area"][0]["area"]
    file = tmp_path / "s.toml"
    file.write_text(f'[scenario.same]\n[scenario.front]\nrisk = {{ "{area}" = 3 }}\n[scenario.shut]\n'
                    f'forbidden_areas = ["{area}"]\n')  # fmt: skip
    found = told(demo, "scenario", str(file), "--additional", "1", "--moves", "0")
    base, same, front, shut = found["scenarios"]
    assert {**same, "name": ""} == {**base, "name": ""}
    more = next(a["risk"] for a in now["by_area"] if a["area"] == area)
    assert front["risk"] == pytest.approx(base["risk"] + 2 * more)
    assert shut["within_planned"] <= base["within_planned"] + 1e-9
    assert all(m["area"] != area for m in shut["moves"])
    assert all(r["within_planned"] <= r["bound"] + 1e-9 for r in found["scenarios"])
    # Saved, it is one file that gives the same again and says so; a closed line needs nothing but two places.
    file.write_text('[settings]\nadditional = 0\nmoves = 0\n[scenario.border]\n'
                    'closed = [["Base Touroré", "Base Kougoua"]]\n')  # fmt: skip
    saved = tmp_path / "saved.json"
    found = told(demo, "scenario", str(file), "--save", str(saved))
    base, border = found["scenarios"]
    assert border["within_now"] < base["within_now"]
    assert found["changed_since_saved"] is None
    kept = read_kept(saved)
    assert kept.changed_since(found) == []
    assert kept.settings == {"as_of": found["as_of"], "additional": 0, "moves": 0, "hours": 6.0, "operations": [],
                             "seed": 1}  # fmt: skip
    file.write_text('[scenario.x]\nwithout_units = ["Nobody"]')
    assert "no unit" in refused(demo, "scenario", str(file))


def test_people(demo: Path, tmp_path: Path):
    roster, posts = tmp_path / "roster.csv", tmp_path / "posts.csv"
    areas = [a["area"] for a in told(demo)["by_area"]]
    roster.write_text("id,kind,skills,size,women\n" + "".join(f"U{k},ipo,community,,\n" for k in range(12))
                      + "T1,spt,gbv,5,3\nP1,fpu,community,30,4\n")  # fmt: skip
    posts.write_text("id,area,skills,kinds\n" + "".join(f"post {a},{a},community,\n" for a in areas[:10])
                     + f"team,{areas[0]},gbv,spt\nguard,{areas[1]},community,fpu;ipo\n")  # fmt: skip
    found = told(demo, "people", str(roster), str(posts))
    assert found["filled"] == 12
    assert found["proven"]
    assert {p["kind"] for p in found["pairs"] if p["post"].startswith("post ")} == {"ipo"}
    assert found["formed"]["in_community_posts"] in ([], ["guard"])
    assert "row 2: rank" in refused(demo, "people", str(_written(tmp_path, "id,rank\nx,y\n")), str(posts))


def test_partners(demo: Path, tmp_path: Path):
    names = [u for step in told(demo, "drawdown", "--steps", "2")["steps"] for u in [c["unit"] for c in step["closes"]]]
    forces = _written(tmp_path, "force,kind\nMission,un\nAgency,humanitarian\n")
    offers, gaps = tmp_path / "o.csv", tmp_path / "g.csv"
    offers.write_text(f"id,force,capability,place,hours,by\nheli,Mission,air,{names[0]},3,helicopter\n")
    gaps.write_text(f"id,force,capability,place,requested\nasked,Agency,air,{names[0]},yes\nnot,Agency,air,,\n")
    found = told(demo, "partners", str(forces), str(offers), str(gaps))
    assert {p["gap"] for p in found["passings"]} == {"asked"}
    assert any("has not asked" in w for g in found["gaps"] for w in g["why"])
    assert found["proven"]


def test_liaison(demo: Path):
    found = told(demo, "liaison", "--further", "3")
    assert found["assistants"], "the demonstration mission has liaison assistants"
    assert len(found["further"]) == 3
    served = [g["served"] for g in found["gains"]]
    assert served == sorted(served)
    assert found["value"] == served[3]
    assert all(g["proven"] for g in found["gains"])


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text)
    return path
