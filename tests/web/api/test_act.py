"""Acting over HTTP: what each role may do, the same request twice, whatever is sent, and no number in any answer."""

import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.act.conftest import add_alert, add_report, add_source
from tests.act.servers import http_world
from tests.conftest import NOW
from tests.web.houses import Place, app_of, door
from tocsin.act.jobs import SERVER_SILENT_S, worker_of
from tocsin.act.notify import set_sender
from tocsin.act.notify.senders import Post
from tocsin.act.tables import notification, page
from tocsin.core.codes import Component, Role
from tocsin.store import reading, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.tables import audit

CANARY = "+23670011223"


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


def ask(client: TestClient, token: str, path: str, status: int = 200) -> Any:
    answer = client.get(f"/api/{path}", headers=bearer(token))
    assert answer.status_code == status, answer.text
    return answer.json()


def do(
    client: TestClient, token: str, path: str, body: Any, status: int = 200, method: str = "POST", **more: str
) -> Any:
    answer = client.request(method, f"/api/{path}", json=body, headers=bearer(token, **more))
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
def case(place: Place) -> int:
    """An alert that somebody with a canary's number reported."""
    with writing(place.engine) as c:
        id = add_alert(c)
        add_report(c, id, add_source(c, place.keys, CANARY))
    return id


def test_a_request_sent_again_does_nothing_twice(place: Place, case: int) -> None:
    duty = place.person(Role.DUTY_OFFICER)
    due = (NOW + dt.timedelta(hours=1)).isoformat()
    body = {"what": "Patrol", "tier": "II", "component": "military", "due_at": due, "alert": case}
    with door(place) as client:
        first = do(client, duty, "tasks", body, **{"Idempotency-Key": "one"})
        again = do(client, duty, "tasks", body, **{"Idempotency-Key": "one"})
        assert first == again
        do(client, duty, "tasks", body | {"what": "Another"}, 409, **{"Idempotency-Key": "one"})
        assert len(ask(client, duty, "tasks")["rows"]) == 1
        stale = {"to": "acknowledged", "changed": 0}
        problem = do(client, duty, f"tasks/{first['id']}/step", stale, 409)
        assert problem["type"] == "urn:tocsin:conflict"
        many = {"to": "acknowledged", "tasks": {str(first["id"]): 1, "999": 1}}
        done = do(client, duty, "tasks/step", many)["tasks"]
        assert [(d["id"], d["changed"], bool(d["problem"])) for d in done] == [
            (first["id"], 2, False),
            (999, None, True),
        ]


def test_pages_of_tasks_by_cursor(place: Place) -> None:
    duty = place.person(Role.DUTY_OFFICER)
    due = (NOW + dt.timedelta(hours=1)).isoformat()
    with door(place) as client:
        body = {"tier": "I", "component": "civilian", "due_at": due}
        ids = [do(client, duty, "tasks", body | {"what": f"Task {n}"})["id"] for n in range(5)]
        seen, after = [], ""
        while True:
            found = ask(client, duty, f"tasks?limit=2{after}")
            seen += [r["id"] for r in found["rows"]]
            if found["next"] is None:
                break
            after = f"&after={found['next']}"
    assert seen == ids


WRITES = [
    ("POST", "tasks", {"what": "Patrol", "tier": "II", "component": "military", "due_at": "2026-03-01T08:00:00Z"}),
    ("POST", "alerts/1/acknowledge", {"changed": 1}),
    ("POST", "alerts/1/decide", {"changed": 1, "nothing_because": "no_access"}),
    ("POST", "alerts/1/close", {"changed": 1, "outcome": "false"}),
    ("POST", "alerts/1/host-state", {"changed": 1, "chance": 1}),
    ("POST", "alerts/1/tell", {}), ("POST", "alerts/1/told", {}),
    ("PUT", "duty/holders", {"role": "duty officer", "person": "x"}),
    ("POST", "duty/silences", {"first_at": "2026-03-01T05:00Z", "last_at": "2026-03-01T06:00Z", "why": "maintenance"}),
    ("POST", "warnings/1/release", {"changed": 1}),
    ("POST", "contacts", {"kind": "base", "label": "Base", "addresses": {"email": "a@b.org"}}),
    ("PUT", "responders", {"name": "TOB", "owner": "military"}),
]  # fmt: skip


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.PARTNER, Role.ADMINISTRATOR])
def test_who_only_looks_changes_nothing(place: Place, case: int, role: Role) -> None:
    token = place.person(role)
    with writing(place.engine) as c:
        before = c.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one()
    with door(place) as client:
        for method, path, body in WRITES:
            answer = client.request(method, f"/api/{path}", json=body, headers=bearer(token))
            assert answer.status_code in (403, 404), (path, answer.text)
            assert client.request(method, f"/api/{path}", json=body).status_code == 401, path
        for path in ("messages", "duty/ladders", "contacts", "tasks", "figures?from=2026-03-01&to=2026-04-01"):
            found = client.get(f"/api/{path}", headers=bearer(token))
            rows = found.json()
            assert found.status_code in (200, 403), path
            if found.status_code == 200:
                assert not (rows.get("rows") or rows.get("alerts") if isinstance(rows, dict) else rows), path
    with reading(place.engine) as c:
        assert c.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one() == before


def test_no_number_is_in_any_answer_message_or_log(place: Place, case: int, caplog) -> None:
    duty = place.person(Role.DUTY_OFFICER)
    said: list[str] = []
    with http_world() as world, door(place) as client:
        world.answer = lambda call: (400, {"message": f"cannot send to {CANARY}"})
        with writing(place.engine) as c:
            settings = {"url": world.url, "from": "+1"}
            set_sender(c, place.keys, CONSOLE, "sms", "httpsms", settings, "secret-key", NOW)
        do(client, duty, "duty/me/address", {"channel": "sms", "address": CANARY}, method="PUT")
        do(client, duty, "duty/me/address", {"channel": "email", "address": f"{CANARY[1:]}@x.org"}, method="PUT")
        bad = do(client, duty, "duty/me/address", {"channel": "sms", "address": CANARY[1:]}, 422, method="PUT")
        contact = {"kind": "focal_point", "label": "Bakala", "addresses": {"sms": CANARY}, "lon": 20.6, "lat": 6.2}
        do(client, duty, "contacts", contact)
        shown = ask(client, duty, f"alerts/{case}")["changed"]
        closing = {"changed": shown, "outcome": "late", "unanswered_why": "too_late"}
        do(client, duty, f"alerts/{case}/close", closing)
        place.clock.on(hours=3)
        worker = dataclasses.replace(worker_of(place.mission, place.engine, place.clock), post=Post(("127.0.0.0/8",)))
        assert worker.look().sent.dropped == 1
        assert CANARY in str(world.calls[0].json)
        said += [json.dumps(bad)]
        one = f"alerts/{case}"
        paths = ["messages", "contacts", one, f"{one}/proposal", f"{one}/telling?outcome=late",
                 "duty/ladders?all=true", "duty/on-call", "pulses", "tasks", "warnings", "responders"]  # fmt: skip
        said += [client.get(f"/api/{p}", headers=bearer(duty)).text for p in paths]
        said.append(caplog.text)
        for row in ask(client, duty, "messages")["rows"]:
            assert row["problem"] == "http_400"
    assert all(CANARY[1:] not in text and "secret-key" not in text for text in said)
    tables = sa.MetaData()
    tables.reflect(place.engine)
    with reading(place.engine) as c:
        for table in tables.tables.values():
            assert all(CANARY[1:] not in repr(tuple(row)) for row in c.execute(sa.select(table))), table.name


def test_whatever_is_sent_nothing_breaks(place: Place, case: int) -> None:
    """Every route of acting, fuzzed from our own description of it."""
    import schemathesis
    from hypothesis import HealthCheck, given, settings

    token = place.person(Role.DUTY_OFFICER)
    app = app_of(place)
    app.state.reads_reports = False
    schema = schemathesis.openapi.from_dict(app.openapi())
    tried: set[tuple[int, str]] = set()
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        for found in schema.get_all_operations():
            operation = found.ok()
            if "act" not in (operation.definition.raw.get("tags") or []):
                continue

            @settings(max_examples=6, suppress_health_check=list(HealthCheck), deadline=None, database=None)
            @given(operation.as_strategy())
            def send(one: Any) -> None:
                kwargs = one.as_transport_kwargs(base_url="http://127.0.0.1")
                kwargs["headers"] = {**dict(kwargs.get("headers") or {}), "Authorization": f"Bearer {token}"}
                kwargs.pop("cookies", None)
                answer = client.request(**{k: v for k, v in kwargs.items() if v is not None})
                tried.add((answer.status_code, one.path))
                assert answer.status_code < 500, (one.method, one.path, kwargs.get("json"), answer.text)

            send()
    app.state.house.engine.dispose()
    assert len({path for _, path in tried}) > 35


SERVER = """
import datetime as dt, sys, time
from tocsin.act.duty.pulses import beat
from tocsin.act.notify import PROGRAM
from tocsin.store import open_store, writing
engine = open_store(sys.argv[1])
while True:
    with writing(engine) as c:
        beat(c, PROGRAM, "server", "main", 60, dt.datetime.now(dt.UTC))
    print("alive", flush=True)
    time.sleep(0.05)
"""


def test_a_server_that_is_killed_is_noticed_by_the_worker_beside_it(place: Place) -> None:
    place.person(Role.DUTY_OFFICER, "chief")
    duty = place.person(Role.DUTY_OFFICER)
    with door(place) as client:
        do(client, duty, "duty/holders", {"role": "chief of operations", "person": "chief"}, method="PUT")
    command = [sys.executable, "-c", SERVER, place.mission.store_url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ}, text=True)
    worker = worker_of(place.mission, place.engine, place.clock)
    try:
        for _ in range(5):
            assert process.stdout.readline() == "alive\n"
            place.clock.on(seconds=30)
            assert worker.look(send=False).silent == ()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    silent = []
    for _ in range(4):
        place.clock.on(seconds=SERVER_SILENT_S / 2)
        silent += worker.look(send=False).silent
    assert [s.id for s in silent] == ["server:main"]
    for _ in range(4):
        place.clock.on(minutes=6)
        worker.look(send=False)
    with reading(place.engine) as c:
        assert list(c.execute(sa.select(page.c.person)).scalars()) == ["chief"]
        body = c.execute(sa.select(notification.c.body)).scalar_one()
    assert "sign of life" in body


def test_the_command_line_does_the_same(place: Place, case: int, tmp_path, monkeypatch, capsys) -> None:
    from tocsin.cli.main import app as cli
    from tocsin.cli.output import guarded

    token = place.person(Role.DUTY_OFFICER)
    place.person(Role.PLANNER, "captain", component=Component.MILITARY)
    monkeypatch.chdir(place.mission.folder)
    moments = iter(range(10_000))
    monkeypatch.setattr("tocsin.core.time.utc_now", lambda: NOW + dt.timedelta(seconds=next(moments)))

    def run(*words: str, code: int = 0) -> Any:
        monkeypatch.setattr(sys, "argv", ["tocsin", "act", *words, "--json"])
        got = guarded(lambda: cli(["act", *words, "--json"], standalone_mode=False), as_json=True)
        told = capsys.readouterr().out
        assert got == code, told
        return json.loads(told) if told.strip() else None

    assert run("tasks", code=6)["error"] == "not_signed_in"
    assert run("report", "--from", "2026-03-01", "--to", "2026-04-01")["alerts"] is None
    monkeypatch.setenv("TOCSIN_TOKEN", token)
    assert run("holder", "duty officer", "a-duty_officer")["person"] == "a-duty_officer"
    assert {"role": "duty officer", "person": "a-duty_officer"} in run("on-call")["roles"]
    assert run("beat", "--once")["pages"] == 1
    assert run("ladders")["ladders"][0]["paged"] == ["a-duty_officer"]
    assert {o["tier"] for o in run("propose", str(case))["options"]} >= {"I", "III"}
    assert run("acknowledge", str(case))["alerts"][0]["id"] == case
    words = ("Patrol to Bakala", "--tier", "II", "--component", "military", "--due", "2026-03-01T08:00")
    task = run("give", *words, "--alert", str(case), "--owner", "captain")["id"]
    assert run("give", *words, "--of", "nobody", code=3)["error"] == "bad_input"
    run("hand-on", str(task), "captain")
    for to in ("acknowledged", "started", "arrived"):
        run("step", to, str(task))
    run("step", "done", str(task), "--outcome", "deterred")
    assert run("tasks", "--all")["tasks"][0]["outcome"] == "deterred"
    assert run("close", str(case), "--outcome", "deterred", "--lesson", "sooner")["told"] == 1
    assert run("close", str(case), "--outcome", "deterred", code=5)["error"] == "conflict"
    warning = {"event": "Armed presence", "area_name": "Bakala", "expires_at": "2026-03-01T20:00",
               "circle": [20.6, 6.2, 9], "status": "Exercise",
               "texts": {"en": {"headline": "Stay off the road"}}}  # fmt: skip
    (tmp_path / "w.json").write_text(json.dumps(warning))
    (tmp_path / "c.json").write_text(json.dumps({"kind": "base", "label": "Base", "addresses": {"email": "a@b.org"},
                                                 "lon": 20.6, "lat": 6.2}))  # fmt: skip
    run("contact", str(tmp_path / "c.json"))
    id = run("warn", str(tmp_path / "w.json"))["id"]
    shown = run("preview", str(id))
    assert shown["audiences"][0]["body"].startswith("EXERCISE")
    assert run("release", str(id), "--seen", str(shown["changed"]))["out"] is True
    assert run("warnings")["warnings"][0]["recipients"] == 1
    assert run("contacts")["contacts"][0]["kind"] == "base"
    assert len(run("messages")["messages"]) >= 3
    assert (
        run("sender", "sms", "--provider", "generic", "--set", "url=https://x.org", "--set", "cost=0.1")["gateway"]
        == "sms"
    )
    run("sender", "sms2", "--provider", "carrier-pigeon", code=3)
