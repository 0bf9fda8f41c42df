"""Reports and alerts over HTTP: what each may see, what people do, and taking it back."""

import asyncio
import time
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.web.arrivals import read_all, say
from tests.web.houses import Place, door
from tocsin.core.codes import Role
from tocsin.listen.alerts.actions import change_alert
from tocsin.listen.alerts.jobs import Worker
from tocsin.listen.alerts.reads import AlertFilter, list_alerts
from tocsin.listen.alerts.tables import alert, notice, report, source
from tocsin.listen.places.tables import place as place_table
from tocsin.store import reading, writing
from tocsin.store.policy import Actor
from tocsin.store.tables import audit
from tocsin.web.api import listen_live
from tocsin.web.who import House


@pytest.fixture
def town(place: Place) -> Place:
    towns = [("Ippy", 20.2, 6.2), ("Bria", 20.8, 6.4), ("Bambari", 21.6, 5.6)]
    rows = [
        {"source": "t", "key": n, "name": n, "alternates": "", "lon": x, "lat": y, "population": 20_000, "admin1": "",
         "in_area": True}
        for n, x, y in towns
    ]  # fmt: skip
    with writing(place.engine) as connection:
        connection.execute(sa.insert(place_table), rows)
    return place


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


def get(client: TestClient, token: str, path: str) -> Any:
    answer = client.get(f"/api/{path}", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(client: TestClient, token: str, path: str, body: Any, status: int = 200, **headers: str) -> Any:
    answer = client.post(f"/api/{path}", json=body, headers=bearer(token, **headers))
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_waiting_report_is_placed_by_a_person_joined_by_the_program_and_taken_back(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    say(town, "attaque à Ippy", "+1111111111", ago=10)
    doubt = say(town, "attaque au village", "+2222222222")
    worker = read_all(town, Worker(town.engine, town.mission))
    with door(town) as client:
        waiting = get(client, duty, "reports?state=waiting")["rows"]
        assert [r["id"] for r in waiting] == [doubt]
        assert get(client, duty, f"reports/{doubt}")["history"][0]["details"]["doubts"] == ["place"]
        done = post(client, duty, "reports/place", {"ids": [doubt], "lon": 20.21, "lat": 6.21, "radius_km": 5})
        read_all(town, worker)
        (one,) = get(client, duty, "alerts")["rows"]
        assert (one["reports"], one["area"]) == (2, "W")
        assert get(client, duty, f"reports/{doubt}")["area"] == "W"
        post(client, duty, f"reports/undo/{done['undo']}", {})
        assert get(client, duty, f"reports/{doubt}")["state"] == "waiting"
        assert get(client, duty, f"alerts/{one['id']}")["reports"] == 1
        post(client, duty, f"reports/undo/{done['undo']}", {}, 404)


def test_hundreds_are_dismissed_and_taken_back_in_one_go(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    ids = [say(town, f"message sans lieu {n}", f"+33000000{n:03}") for n in range(150)]
    ids += [say(town, "attaque à Ippy", "+1111111111")]
    read_all(town)
    with door(town) as client:
        done = post(client, duty, "reports/dismiss", {"ids": ids, "why": "not_relevant"})
        assert get(client, duty, "alerts/counts") == {"reports": {"dismissed": 151}, "alerts": {"dismissed": 1}}
        post(client, duty, f"reports/undo/{done['undo']}", {})
        assert get(client, duty, "alerts/counts") == {
            "reports": {"waiting": 150, "joined": 1}, "alerts": {"open": 1},
        }  # fmt: skip
        post(client, duty, "reports/dismiss", {"ids": ids[:1], "why": "test"})
        answer = post(client, duty, "reports/dismiss", {"ids": ids, "why": "test"}, 409)
        assert "faster" in answer["title"]


def test_split_merge_and_what_was_seen_meanwhile(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    ids = [say(town, "attaque à Ippy", f"+111111111{n}", ago=30 - n) for n in range(4)]
    read_all(town)
    with door(town) as client:
        (one,) = get(client, duty, "alerts")["rows"]
        body = {"reports": ids[2:], "changed": one["changed"]}
        post(client, duty, f"alerts/{one['id']}/split", {**body, "changed": one["changed"] + 7}, 409)
        done = post(client, duty, f"alerts/{one['id']}/split", body)
        first, second = (get(client, duty, f"alerts/{n}") for n in (one["id"], done["new"]))
        assert (first["reports"], second["reports"]) == (2, 2)
        assert "split" in [h["what"] for h in first["history"]]
        late = say(town, "attaque à Ippy encore", "+2222222222")
        worker = read_all(town, Worker(town.engine, town.mission))
        assert get(client, duty, f"reports/{late}")["alert_id"] in (one["id"], done["new"])
        first, second = (get(client, duty, f"alerts/{n}") for n in (one["id"], done["new"]))
        merged = post(
            client, duty, f"alerts/{one['id']}/merge",
            {"other": done["new"], "changed": first["changed"], "other_changed": second["changed"]},
        )  # fmt: skip
        second = get(client, duty, f"alerts/{done['new']}")
        assert (second["state"], second["merged_into"]) == ("merged", one["id"])
        say(town, "attaque à Ippy toujours", "+4444444444")
        read_all(town, worker)
        assert get(client, duty, f"alerts/{one['id']}")["reports"] == 6
        post(client, duty, f"reports/undo/{merged['undo']}", {})
        assert get(client, duty, f"alerts/{done['new']}")["state"] == "open"


def test_a_missed_call_is_called_back_and_what_was_said_is_of_the_same_source(town: Place) -> None:
    duty, assistant = town.person(Role.DUTY_OFFICER), town.person(Role.LIAISON_ASSISTANT, "cla-1")
    call = say(town, "", "+1111111111")
    other = say(town, "", "+2222222222")
    with writing(town.engine) as connection:
        owned = sa.select(report.c.source_id).where(report.c.id == call).scalar_subquery()
        connection.execute(sa.update(source).where(source.c.id == owned).values(owner="cla-1"))
        connection.execute(sa.update(report).where(report.c.id == call).values(owner="cla-1"))
    read_all(town)
    with door(town) as client:
        assert [r["id"] for r in get(client, assistant, "reports?call_back=true")["rows"]] == [call]
        post(client, assistant, f"reports/{other}/call-back", {"reached": True}, 404)
        post(client, assistant, f"reports/{call}/call-back", {"reached": False})
        said = post(client, duty, f"reports/{call}/call-back", {"reached": True, "text": "attaque à Ippy, 2 morts"})
        read_all(town)
        one, two = get(client, duty, f"reports/{call}"), get(client, duty, f"reports/{said['answer']}")
        assert one["source_id"] == two["source_id"]
        assert (two["answers"], two["state"], two["threat"]) == (call, "joined", "attack")
        assert (one["state"], one["dismissed_why"]) == ("dismissed", "answered")
        assert [h["what"] for h in one["history"]] == ["read", "called_back", "called_back"]


def test_who_a_source_is_needs_a_right_and_a_reason_and_leaves_a_line(town: Place) -> None:
    duty, analyst = town.person(Role.DUTY_OFFICER), town.person(Role.ANALYST)
    id = say(town, "attaque à Ippy", "+23670011223")
    read_all(town)
    with door(town) as client:
        key = get(client, duty, f"reports/{id}")["source_id"]
        assert get(client, analyst, f"reports/{id}")["source_id"] is None
        post(client, analyst, f"sources/{key}/identity", {"reason": "case 12"}, 403)
        post(client, duty, f"sources/{key}/identity", {"reason": ""}, 422)
        post(client, duty, f"sources/{key}/identity", {"reason": "to warn +23670011223"}, 422)
        assert post(client, duty, f"sources/{key}/identity", {"reason": "case 12: call"}) == {"phone": "+23670011223"}
    with reading(town.engine) as connection:
        lines = connection.execute(sa.select(audit.c.who, audit.c.why).where(audit.c.what == "sealed.read")).all()
    assert lines == [("a-duty_officer", "case 12: call")]


def test_rights_hold_for_lists_single_things_and_actions(town: Place) -> None:
    people = {r: town.person(r) for r in (Role.PARTNER, Role.POLICE, Role.ADMINISTRATOR, Role.READ_ONLY, Role.PLANNER)}
    west = town.person(Role.LIAISON_ASSISTANT, "west", ("W",))
    id = say(town, "attaque à Ippy", "+1111111111")
    violence = say(town, "une femme violée à Bambari", "+2222222222")
    read_all(town)
    with door(town) as client:
        for role in (Role.PARTNER, Role.ADMINISTRATOR, Role.READ_ONLY, Role.PLANNER):
            for path in ("reports", f"reports/{id}"):
                assert client.get(f"/api/{path}", headers=bearer(people[role])).status_code in (403, 404)
            post(client, people[role], "reports/dismiss", {"ids": [id], "why": "test"}, 403)
        assert len(get(client, west, "alerts")["rows"]) == 1
        assert get(client, people[Role.POLICE], "alerts")["rows"] == []
        (seen,) = get(client, people[Role.PLANNER], "alerts")["rows"]  # the other one is for few
        assert seen["lon"] == pytest.approx(20.2)
        assert seen["radius_km"] >= 10
        assert client.get("/api/alerts?bbox=20,6,21,7", headers=bearer(people[Role.PLANNER])).status_code == 403
        assert client.get("/api/reports").status_code == 401
        assert violence


def test_who_has_two_roles_cannot_close_in_on_a_point_by_boxes(town: Place) -> None:
    say(town, "attaque à Ippy", "+1111111111")
    read_all(town)
    two = Actor("two", frozenset({Role.PLANNER, Role.POLICE}), frozenset({"*"}))
    one = Actor("one", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))
    lon = 20.23
    with writing(town.engine) as connection:
        connection.execute(sa.update(alert).values(lon=lon))
    with reading(town.engine) as connection:
        boxes = [AlertFilter(near=(lon + step, -90.0, 180.0, 90.0)) for step in (-0.002, 0.002)]
        assert [len(list_alerts(connection, one, box).rows) for box in boxes] == [1, 0]
        assert len({len(list_alerts(connection, two, box).rows) for box in boxes}) == 1
        assert len(list_alerts(connection, two, AlertFilter(near=(lon - 1, -90.0, 180.0, 90.0))).rows) == 1


def test_the_same_key_does_nothing_twice(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    with door(town) as client:
        body = {"text": "attaque à Ippy", "sender": "+23670011223"}
        first = post(client, duty, "reports", body, **{"Idempotency-Key": "k1"})
        again = client.post("/api/reports", json=body, headers=bearer(duty, **{"Idempotency-Key": "k1"}))
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (first, "true")
        post(client, duty, "reports", {**body, "text": "autre"}, 409, **{"Idempotency-Key": "k1"})
        assert len(get(client, duty, "reports")["rows"]) == 1


def test_pages_follow_one_another_without_gap_or_repeat(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    ids = [say(town, f"attaque à Ippy {n}", f"+33000000{n:03}", ago=6000 * (n % 7)) for n in range(23)]
    read_all(town)
    with door(town) as client:
        for path, key, count in (("reports?limit=5", "id", len(ids)), ("alerts?limit=3", "id", None),
                                 ("alerts?limit=3&order=heard_at", "id", None)):  # fmt: skip
            found, after = [], ""
            while after is not None:
                page = get(client, duty, path + (f"&after={after}" if after else ""))
                found += [r[key] for r in page["rows"]]
                after = page["next"]
            assert len(found) == len(set(found)) == (count or len(get(client, duty, "alerts?limit=200")["rows"]))
        for bad in ("x", "WzFd", "W251bGxd", "WyIxIiwgMV0"):
            assert client.get(f"/api/alerts?after={bad}", headers=bearer(duty)).status_code in (200, 422)


def test_an_outcome_goes_into_the_records_of_those_who_spoke(town: Place) -> None:
    say(town, "attaque à Ippy", "+1111111111", ago=10)
    read_all(town)
    duty = Actor("a-duty_officer", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))

    def close(outcome: str) -> tuple[float, float]:
        with writing(town.engine) as connection:
            change_alert(connection, duty, 1, None, {"outcome": outcome, "state": "closed"}, "closed", {}, town.clock())
        with reading(town.engine) as connection:
            row = connection.execute(sa.select(source.c.verified, source.c.refuted)).one()
            return float(row[0]), float(row[1])

    verified, refuted = close("averted")
    assert 0.5 < verified <= 1
    assert refuted == 0
    verified_after, refuted_after = close("false")
    assert (verified_after, refuted_after) == (0, pytest.approx(verified, abs=1e-3))
    with reading(town.engine) as connection:
        assert connection.execute(sa.select(alert.c.outcome)).scalar_one() == "false"


def test_live_events_say_what_changed_to_who_may_know(town: Place) -> None:
    duty, partner = town.person(Role.DUTY_OFFICER), town.person(Role.PARTNER)
    with door(town) as client:
        start = client.get("/api/live?seconds=0", headers=bearer(duty)).text.split("id: ")[1].split("\n")[0]
        say(town, "attaque à Ippy", "+1111111111")
        read_all(town)
        headers = {"Last-Event-ID": start}
        told = client.get("/api/live?seconds=0", headers=bearer(duty, **headers)).text
        assert "event: report" in told
        assert "event: alert" in told
        assert "attaque" not in told
        assert "event:" not in client.get("/api/live?seconds=0", headers=bearer(partner, **headers)).text
        time.sleep(0.3)
        assert "event:" not in client.get("/api/live?seconds=0", headers=bearer(duty)).text


def test_live_tells_everybody_by_one_question_and_late_ones_too(town: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    duty = [Actor(name, frozenset({Role.DUTY_OFFICER}), frozenset({"*"})) for name in "abc"]
    partner = Actor("d", frozenset({Role.PARTNER}))
    house = House(town.mission, town.engine, town.clock)
    bell = listen_live.Bell(lambda: house)
    monkeypatch.setattr(listen_live, "EVERY_S", 0.0)
    asked: list[str] = []
    monkeypatch.setattr(bell, "_tell", lambda *given, tell=bell._tell: asked.append("") or tell(*given))

    def happens(id: int) -> None:
        with writing(town.engine) as connection:
            values = {"id": id, "kind": "gateway_silent", "object_id": f"g{id}", "details": {}}
            connection.execute(sa.insert(notice).values(**values, began_at=town.clock(), last_at=town.clock()))

    async def listen() -> tuple[int, list[str]]:
        number = (await bell.newest()).number
        happens(507)
        first = await bell.newest()
        happens(506)  # its transaction began before, and ended after
        rings = [first, await bell.newest()]
        assert bell.since(number) == rings
        return number, [await bell.words(ring, who) for who in (*duty, partner) for ring in rings]

    happens(500)
    bell.come()
    number, told = asyncio.run(listen())
    assert [("g507" in one, "g506" in one, "g500" in one) for one in told] == (
        [(True, False, False), (False, True, False)] * 3 + [(False, False, False)] * 2
    )
    assert len(asked) == 4, "two views of two rings"
    bell._rings.popleft()
    bell._rings.popleft()
    assert bell.since(number) is None, "who is too far behind asks the records"
    trail = listen_live.Trail((0, 0, 0, 499))
    monkeypatch.setattr(listen_live, "MOST", 2)
    monkeypatch.setattr(listen_live, "OVERLAP", 1)
    with reading(town.engine) as connection:
        found = [trail.changed(connection)[0]["notice"] for _ in range(3)]
    assert found == [{500, 506}, {507}, set()]
