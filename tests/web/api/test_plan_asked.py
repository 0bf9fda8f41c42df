"""Plans asked for over HTTP: patrols with tasks, leaving, what-ifs; who may, what is refused, what comes of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.plan.conftest import _assessed, planned  # noqa: F401 - fixtures
from tests.web.houses import Place, door, house_of
from tocsin.core.codes import Role
from tocsin.core.progress import silent
from tocsin.plan.wishes import keep
from tocsin.plan.wishes.model import wanted
from tocsin.plan.wishes.tables import plan_wish
from tocsin.store import reading, writing
from tocsin.store.tables import audit

ESCORT = {"name": "market convoy", "start": "20.25,5.25", "end": "20.75,5.25", "hours": 1.0}
PATROLS: dict[str, Any] = {
    "bases": ["Alpha"], "back": 20.0, "stay_hours": 0.5, "must": ["20.75,5.75"],
    "keep": {"20.75,5.75": {"visits": 2, "days": 7}}, "visited": {"20.75,5.75": [1, 5]}, "range_hours": 40,
    "litres": 20, "fuel_at": ["Alpha"], "escorts": [ESCORT],
    "companions": [{"name": "Section", "skills": ["sango"], "after": 6.0}],
    "joint": [{"place": "20.75,5.75", "needs": ["sango"]}],
}  # fmt: skip


@pytest.fixture
def place(planned) -> Iterator[Place]:  # noqa: F811
    made = house_of(planned)
    yield made
    made.engine.dispose()


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    with door(place) as made:
        yield made


def ask(client: TestClient, token: str, path: str, body: Any = None, content: bytes | None = None) -> Any:
    head = {"Authorization": f"Bearer {token}"}
    if body is None and content is None:
        return client.get(f"/api/plan/{path}", headers=head)
    return client.post(f"/api/plan/{path}", headers=head, json=body, content=content)


def work(place: Place) -> list[str]:
    """What the process beside the server does with what waits, done here: the runs that come of it."""
    with reading(place.engine) as connection:
        rows = connection.execute(sa.select(plan_wish).where(plan_wish.c.state == "waiting")).mappings().all()
        found = [(row["id"], wanted(row["objective"], row["demands"])) for row in rows]
        made = [(id, asked, asked.calculate(connection, place.mission, place.clock(), silent)) for id, asked in found]
    with writing(place.engine) as connection:
        for id, asked, done in made:
            keep(connection, id, done, place.clock(), asked.kind)
    return [done.run for _, _, done in made]


def taken(place: Place) -> list[str]:
    with reading(place.engine) as connection:
        return list(connection.execute(sa.select(audit.c.what)).scalars())


def test_patrols_with_tasks_keep_and_fuel(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    assert ask(client, token, "cards/patrols", PATROLS).status_code == 200
    (run,) = work(place)
    told = ask(client, token, f"cards/{run}?lang=fr").json()
    assert told["value"] <= told["bound"] + 1e-9
    assert 0 <= told["given_up"] <= 1
    assert [(k["visits"], k["in_days"]) for k in told["keep"]] == [(2, 7)]
    assert told["keep"][0]["chance"] >= told["keep"][0]["at_least"] - 1e-9
    assert [(e["name"], e["hours"], e["chance"], e["must"]) for e in told["escorts"]] == [("market convoy", 1, 1, True)]
    assert [(c["name"], bool(c["patrols"])) for c in told["companions"]] == [("Section", True)]
    assert any("escorte" in line for line in told["worse"]), "what it could make worse, in the language asked for"
    assert "stops" not in str(told), "the routes come out by the draw alone"
    drawn = ask(client, token, f"cards/{run}/draw", {}).json()["patrols"]
    assert [p["along"] for p in drawn if p["stops"]] == [["Section"]]
    assert {s["kind"] for p in drawn for s in p["stops"]} == {"visit", "escort"}
    assert all(p["litres"] == pytest.approx(20 * p["hours_driven"]) for p in drawn)
    assert all(0 <= p["fuel_hours_left"] <= 40 for p in drawn if p["stops"])


def test_a_sentence_for_each_wrong_field(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    wrong = {**PATROLS, "keep": {"X": {"visits": 3, "days": 2}}, "leave": 21.0, "companions": [],
             "escorts": [{**ESCORT, "after": 9, "before": 8, "day": 2}]}  # fmt: skip
    said = ask(client, token, "cards/patrols", wrong)
    assert said.status_code == 422
    assert set(said.json()["wrong"]) == {"keep.X", "leave", "escorts.0.after", "escorts.0.day", "joint.0.needs"}
    assert all(line in said.json()["title"] for line in said.json()["wrong"].values())
    for field, value in (("patrols", 9), ("range_hours", 0), ("escorts", [{"name": "x"}]), ("mode", "boat"),
                         ("keep", {"X": "often"}), ("other", 1)):  # fmt: skip
        said = ask(client, token, "cards/patrols", {**PATROLS, field: value})
        assert said.status_code == 422
        assert any(f"body.{field}" in name for name in said.json()["fields"]), said.json()
    order = {"steps": 3, "by": {"Bravo": 1}, "not_before": {"Bravo": 2}}
    assert "by month 1 and not before month 2" in ask(client, token, "leaving/order", order).json()["title"]
    assert ask(client, token, "leaving/watch", {"left": "2018-13"}).status_code == 422
    said = ask(client, token, "scenarios", {"scenarios": {"as it is": {}, "b": {}}})
    assert set(said.json()["wrong"]) == {"scenarios.as it is"}
    assert ask(client, token, "cards").json() == ask(client, token, "leaving").json() == []


def test_an_order_of_leaving_and_its_map(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    assert ask(client, token, "leaving/order", {"steps": 2, "limit_hours": 3.0, "seconds": 5}).status_code == 200
    (run,) = work(place)
    assert ask(client, token, "leaving").json()[0]["run"] == run
    told = ask(client, token, f"leaving/{run}?lang=ar").json()
    assert (told["kind"], len(told["steps"])) == ("drawdown", 2)
    closed = [c["unit"] for s in told["steps"] for c in s["closes"]]
    assert len(closed) == told["bases"] - len(told["kept"])
    assert told["value"] <= told["bound"] + 1e-9
    assert sum(s["protection"] for s in told["steps"]) == pytest.approx(told["value"])
    assert all(o["kept_more"] >= -1e-9 and o["by"] for o in told["compared"])
    assert all(n["need"] for s in told["steps"] for n in s["in_place_before"])
    assert not any(line.isascii() for line in (*told["worse"], *told["assumes"])), "in the language asked for"
    drawn = ask(client, token, f"leaving/{run}/map")
    assert drawn.headers["content-disposition"].endswith('.geojson"')
    features = drawn.json()["features"]
    assert sum(f["properties"]["what"] == "out of reach at the end" for f in features) == len(told["residual"])
    assert "plan.map" in taken(place)


def test_a_watch_states_how_often_it_errs_and_how_late_it_sees(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    body = {"left": "2018-06", "baseline": 12, "months": 6}
    assert ask(client, token, "leaving/watch", body).status_code == 200
    (run,) = work(place)
    told = ask(client, token, f"leaving/{run}?lang=ar").json()
    assert not any(line.isascii() for line in (*told["worse"], *told["assumes"])), "in the language asked for"
    assert (told["kind"], told["left"]) == ("contingency", "2018-06")
    assert {a["area"] for a in told["areas"]} == {"East", "West"}
    for area in told["areas"]:
        low, high = area["false_alarm_between"]
        assert low < area["false_alarm"] <= 0.1 < 2 * high
        assert area["delays"][0]["mean"] >= area["delays"][1]["mean"]
        assert all(d["mean_error"] > 0 for d in area["delays"])
    assert ask(client, token, f"leaving/{run}/map").status_code == 404


def test_what_ifs_are_compared_shared_as_a_file_and_brought_back(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    known = ask(client, token, "scenarios/known").json()
    assert known["areas"] == ["East", "West"]
    assert known["contributors"] == ["Ghana", "Nepal"]
    body = {"scenarios": {"front": {"risk": {"East": 2}}, "Nepal leaves": {"without_contributors": ["Nepal"]}},
            "additional": 1, "moves": 0, "hours": 2.0}  # fmt: skip
    assert ask(client, token, "scenarios", body).status_code == 200
    (run,) = work(place)
    told = ask(client, token, f"scenarios/{run}").json()
    assert [s["name"] for s in told["scenarios"]] == ["as it is", "front", "Nepal leaves"]
    base, front, leaves = told["scenarios"]
    assert front["risk"] > base["risk"]
    assert leaves["units"] < base["units"]
    assert all(s["within_now"] <= s["within_planned"] + 1e-9 <= s["bound"] + 2e-9 for s in told["scenarios"])
    assert told["worse"]
    file = ask(client, token, f"scenarios/{run}/file")
    assert file.headers["content-disposition"].endswith('.json"')
    again = ask(client, token, "scenarios/read", content=file.content).json()
    assert set(again["scenarios"]) == {"front", "Nepal leaves"}
    assert ask(client, token, "scenarios", again).status_code == 200
    assert work(place) == [run], "the same file gives the same run"
    assert ask(client, token, "scenarios").json()[0]["changed"] == []
    other = json.loads(file.content)
    other["result"]["scenarios"][1]["risk"] += 1
    assert ask(
        client, token, "scenarios", ask(client, token, "scenarios/read", content=json.dumps(other).encode()).json()
    )
    work(place)
    assert ask(client, token, "scenarios").json()[0]["changed"] == ["front"]
    assert "plan.scenarios.file" in taken(place)


NO_FILES = (
    (b"\xff\xfe", "UTF-8"), (b"{", "cannot be read"), (b"[]", "1 to 12 tables"), (b"[" * 100_000, "cannot be read"),
    (b'{"scenario": {"x": {"wett": true}}}', "'wett'"), (b'{"scenario": {"x": {"risk": {"East": "2"}}}}', "factor"),
    (b'{"scenario": {"x": {}}, "settings": {"seconds": 1}}', "settings in the file may have"),
    (b'{"scenario": {"x": {}}, "settings": {"moves": 99}}', "units may move"),
    (b'{"scenario": {"x": {}}, "result": 3}', "none that was saved"),
    (b'{"scenario": {"x": {"shift": [["a"]]}}}', "'shift' is not what it should be"),
    (b'{"scenario": {"x": {"without_units": [""]}}}', "values that cannot be"),
    (b"x" * 2_000_001, "larger than 2 MB"),
)  # fmt: skip


def test_a_file_that_is_none_is_refused_in_one_sentence(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    for content, why in NO_FILES:
        said = ask(client, token, "scenarios/read", content=content)
        assert said.status_code == 422, why
        assert why in said.json()["title"]
        assert len(said.json()["title"]) < 700


def test_who_may_ask_who_may_read_and_who_may_not(place: Place, client: TestClient) -> None:
    token = place.person(Role.PLANNER)
    asks = {"cards/patrols": {"bases": ["Alpha"]}, "leaving/order": {"steps": 2, "limit_hours": 3.0},
            "scenarios": {"scenarios": {"rains": {"wet": True}}, "moves": 0}}  # fmt: skip
    for path, body in asks.items():
        assert ask(client, place.person(Role.DUTY_OFFICER), path, body).status_code == 403
        assert ask(client, place.person(Role.PARTNER), path, body).status_code == 403
        assert ask(client, token, path, body).status_code == 200
    runs = dict(zip(asks, work(place), strict=True))
    order, scenario = runs["leaving/order"], runs["scenarios"]
    reads = ["leaving", "scenarios", "scenarios/known", f"leaving/{order}", f"leaving/{order}/map",
             f"scenarios/{scenario}", f"scenarios/{scenario}/file"]  # fmt: skip
    for path in reads:
        assert ask(client, place.person(Role.DUTY_OFFICER), path).status_code == 200, path
        for role in (Role.PARTNER, Role.LIAISON_ASSISTANT, Role.READ_ONLY):
            assert ask(client, place.person(role), path).status_code == 403, path
        assert client.get(f"/api/plan/{path}").status_code == 401
    read = b'{"scenario": {"x": {}}}'
    assert ask(client, place.person(Role.DUTY_OFFICER), "scenarios/read", content=read).status_code == 403
    for path in ("leaving", "scenarios"):
        assert ask(client, token, f"{path}/0123456789ab").status_code == 404
    assert ask(client, token, f"leaving/{scenario}").status_code == 404
    assert ask(client, token, f"scenarios/{order}").status_code == 404
