"""A morning told as a story: a missed call at 05:10, and what must follow until the caller knows; on both databases.

Everything goes through the doors that people and gateways use; only the clock is ours, and the world outside is a
server of this test.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.act.servers import World, http_world
from tests.listen.alerts.deliveries import JSON
from tests.web.arrivals import read_all
from tests.web.conftest import empty_database, empty_file, mission, place, url  # noqa: F401 - fixtures
from tests.web.houses import Place, door
from tests.web.signing import request_of
from tocsin.act.figures import cases_of
from tocsin.act.jobs import Worker, worker_of
from tocsin.act.notify import Channel, Recipient, set_address, set_sender
from tocsin.act.notify.senders import Post
from tocsin.act.rules import rules_of
from tocsin.core.codes import Component, Role, UnitKind
from tocsin.listen.alerts.model import Delivery
from tocsin.listen.alerts.tables import alert, alert_change, report
from tocsin.listen.imports import import_file
from tocsin.listen.places.tables import place as place_table
from tocsin.plan.mobility import default_speeds
from tocsin.store import audit, reading, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.policy import Actor
from tocsin.web.ranking import ForecastRank

CALLER, ONE, TWO = "+23670000077", "+23670000088", "+23670000099"
DUTY, DEPUTY, CAPTAIN = "+23675000001", "+23675000002", "+23675000003"
IPPY = (20.2, 6.2)


@dataclasses.dataclass
class Morning:
    """The mission, the world, the worker, and everybody's token."""

    place: Place
    world: World
    worker: Worker
    tokens: dict[str, str]

    def heard_by(self, number: str) -> list[str]:
        """What a telephone got."""
        return [c.json["content"] for c in self.world.calls if c.json["to"] == number]


@pytest.fixture
def morning(place: Place, tmp_path: Path) -> Iterator[Morning]:  # noqa: F811
    kmh = default_speeds()[UnitKind.TOB].mode.straight_kmh["dry"]
    away = kmh * (40 / 60 - 0.5) / 111.2  # half an hour to start, ten minutes on the road
    units = tmp_path / "units.csv"
    units.write_text(
        "name,kind,latitude,longitude,strength,from,until\n"
        f"TOB Ippy,tob,{IPPY[1] + away:.5f},{IPPY[0]},60,2026-01,\nBase Bria,base,6.4,21.5,120,2026-01,\n"
    )
    towns = [("Ippy", *IPPY), ("Bria", 21.5, 6.4)]
    rows = [{"source": "t", "key": n, "name": n, "alternates": "", "lon": x, "lat": y, "population": 20_000,
             "admin1": "", "in_area": True} for n, x, y in towns]  # fmt: skip
    place.way("httpsms")
    tokens = {
        "duty": place.person(Role.DUTY_OFFICER, "duty"), "deputy": place.person(Role.DUTY_OFFICER, "deputy"),
        "captain": place.person(Role.PLANNER, "captain", component=Component.MILITARY),
    }  # fmt: skip
    with http_world() as world:
        world.answer = lambda call: (200, {"data": {"id": f"out-{len(world.calls)}"}})
        with writing(place.engine) as c:
            c.execute(sa.insert(place_table), rows)
            import_file(c, place.mission, units, place.clock(), None, None, dt.date(2026, 1, 1))
            settings = {"url": world.url, "from": "+23670009999"}
            set_sender(c, place.keys, CONSOLE, "httpsms", "httpsms", settings, "api-key", place.clock())
            for id, number, role in (("duty", DUTY, Role.DUTY_OFFICER), ("deputy", DEPUTY, Role.DUTY_OFFICER),
                                     ("captain", CAPTAIN, Role.PLANNER)):  # fmt: skip
                who = Actor(id, frozenset({role}))
                set_address(c, place.keys, who, Recipient.ACCOUNT, id, Channel.SMS, number, place.clock())
        rules = dataclasses.replace(rules_of(place.mission), allowed_networks=("127.0.0.0/8",))
        post = Post(rules.allowed_networks)
        worker = dataclasses.replace(worker_of(place.mission, place.engine, place.clock), rules=rules, post=post)
        yield Morning(place, world, worker, tokens)
        post.close()


def test_from_a_missed_call_to_a_closed_loop(morning: Morning) -> None:
    home, clock = morning.place, morning.place.clock
    rank = ForecastRank(home.engine, home.mission)

    with door(home) as client:
        client.app.state.acts = False

        def gateway(event: str, sender: str, text: str = "", id: str = "") -> None:
            data = {"message_id": id, "owner": "+23670009999", "contact": sender, "timestamp": clock().isoformat()}
            body = {
                "id": id,
                "type": event,
                "time": clock().isoformat(),
                "data": data | ({"content": text} if text else {}),
            }
            delivery = Delivery(json.dumps(body).encode(), clock(), JSON | {"X-Event-Type": event})
            answer = client.request(**request_of(home.way("httpsms"), delivery, clock))
            assert answer.status_code == 200, answer.text

        def ask(who: str, path: str) -> Any:
            answer = client.get(f"/api/{path}", headers={"Authorization": f"Bearer {morning.tokens[who]}"})
            assert answer.status_code == 200, answer.text
            return answer.json()

        def do(who: str, path: str, body: Any, status: int = 200, method: str = "POST") -> Any:
            headers = {"Authorization": f"Bearer {morning.tokens[who]}"}
            answer = client.request(method, f"/api/{path}", json=body, headers=headers)
            assert answer.status_code == status, answer.text
            return answer.json()

        # The evening before, the duty is set up: who is on call, and who answers for the unit at Ippy.
        do("duty", "duty/holders", {"role": "duty officer", "person": "duty"}, method="PUT")
        do("duty", "duty/holders", {"role": "deputy duty officer", "person": "deputy"}, method="PUT")
        captain = {"name": "TOB Ippy", "owner": "military", "account": "captain"}
        do("duty", "responders", captain, method="PUT")

        # 05:10. A telephone rings twice and stops.
        gateway("message.call.missed", CALLER, id="call-1")
        read_all(home, rank=rank)
        (beep,) = ask("duty", "reports?call_back=true")["rows"]
        assert beep["kind"] == "missed_call"

        # 05:14. The duty officer calls back and writes down what was said.
        clock.on(minutes=4)
        said = "des hommes armés attaquent Ippy maintenant"
        do("duty", f"reports/{beep['id']}/call-back", {"reached": True, "text": said, "place": "Ippy"})
        # 05:16. Two others write of the same.
        clock.on(minutes=2)
        gateway("message.phone.received", ONE, "attaque à Ippy, on entend des tirs", "m-1")
        gateway("message.phone.received", TWO, "ils attaquent Ippy maintenant", "m-2")
        read_all(home, rank=rank)
        (told,) = ask("duty", "alerts")["rows"]
        assert (told["place"], told["threat"], told["reports"] >= 3) == ("Ippy", "attack", True)
        assert told["reliability"] + told["credibility"] == "F1"  # nobody has a record; independent voices agree

        # The worker ranks it and wakes the duty officer: one text message, without place or kind.
        look = morning.worker.look()
        assert look.pages == 1
        (page,) = morning.heard_by(DUTY)
        assert f"alert {told['id']}" in page
        assert "Ippy" not in page
        sentence = ask("duty", f"alerts/{told['id']}/priority?lang=en")["sentence"]
        assert "attack" in sentence
        assert "graded F1" in sentence

        # 05:18. The duty officer takes it and asks who could be there.
        clock.on(minutes=2)
        seen = ask("duty", f"alerts/{told['id']}")
        do("duty", f"alerts/{told['id']}/acknowledge", {"changed": seen["changed"]})
        proposal = ask("duty", f"alerts/{told['id']}/proposal")
        first = next(o for o in proposal["options"] if o["tier"] == "II")
        assert (first["who"], round(first["hours"] * 60), first["account"]) == ("TOB Ippy", 40, "captain")
        assert {o["tier"] for o in proposal["options"]} == {"I", "II", "III"}
        task = do("duty", "tasks", {
            "what": "Patrol to Ippy, stay until noon", "tier": "II", "component": "military", "alert": told["id"],
            "owner": "captain", "responder": "TOB Ippy", "responder_owner": "military",
            "due_at": (clock() + dt.timedelta(hours=1)).isoformat(), "tlp": "AMBER", "classification": "CONFIDENTIAL",
            "why_lower": "the unit must know where to go",
        })["id"]  # fmt: skip
        morning.worker.look()
        assert len(morning.heard_by(CAPTAIN)) == 1

        # 05:29. The captain does not answer: the ladder goes to the duty officer.
        clock.on(minutes=11)
        morning.worker.look()
        assert f"task {task}" in morning.heard_by(DUTY)[-1]
        assert len(morning.heard_by(DUTY)) == 2
        # 05:31. The duty officer reaches the captain by radio; the captain answers; nobody else is woken.
        clock.on(minutes=2)
        mine = ask("captain", f"tasks/{task}")
        do("captain", f"tasks/{task}/step", {"to": "acknowledged", "changed": mine["changed"]})
        clock.on(minutes=30)
        morning.worker.look()
        assert morning.heard_by(DEPUTY) == []
        # The patrol leaves, arrives at 06:12, and stands there until the armed men go.
        do("captain", f"tasks/{task}/step", {"to": "started", "changed": mine["changed"] + 1})
        clock.on(minutes=11)
        do("captain", f"tasks/{task}/step", {"to": "arrived", "changed": mine["changed"] + 2})
        do("captain", f"tasks/{task}/step", {"to": "arrived", "changed": mine["changed"] + 3}, 409)
        clock.on(hours=2)
        done = {"to": "done", "changed": mine["changed"] + 3, "outcome": "deterred", "note": "They left northwards."}
        do("captain", f"tasks/{task}/step", done)

        # 08:12. The alert is closed; the three who told are told, in French, in words for anybody's eyes.
        words = ask("duty", f"alerts/{told['id']}/telling?outcome=deterred")
        seen = ask("duty", f"alerts/{told['id']}")
        closing = {"changed": seen["changed"], "outcome": "deterred", "lesson": "Radio first, text second."}
        closed = do("duty", f"alerts/{told['id']}/close", closing)
        assert (closed["told"], closed["in_person"]) == (3, [])
        assert sum(line["sources"] for line in words) == 3
        do("duty", f"alerts/{told['id']}/close", closing, 409)
        clock.on(minutes=1)
        assert morning.worker.look().sent.sent == 3
        for number in (CALLER, ONE, TWO):
            assert morning.heard_by(number) == ["Merci pour votre message. La question est réglée."]
        # Telling again tells nobody twice; the gateway reports delivery by the door it reports everything else.
        assert do("duty", f"alerts/{told['id']}/tell", {})["told"] == 0
        gateway("message.phone.delivered", "+1", "", f"out-{len(morning.world.calls)}")
        assert {m["state"] for m in ask("duty", "messages")["rows"] if m["purpose"] == "feedback"} == {
            "sent",
            "delivered",
        }

        # The row of the report: heard 05:10, answered in 8 minutes, there in 62, told in 183.
        with reading(home.engine) as c:
            officer = Actor("duty", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))
            (case,) = cases_of(c, officer, dt.date(2026, 3, 1), dt.date(2026, 3, 2))
        minutes = [round((at - case.heard_at).total_seconds() / 60) for at in (
            case.acknowledged_at, case.decided_at, case.arrived_at, case.told_at)]  # fmt: skip
        assert minutes == [8, 8, 62, 183]
        assert (case.kind, case.group, case.acted, case.known_source) == ("attack", "community", True, True)
        # One alert alone could point at somebody: the figures show none of it. Six of a kind can be shown.
        alone = ask("duty", "figures?from=2026-03-01&to=2026-03-02")
        assert (alone["alerts"], alone["by_kind"], alone["delays"]["arrival"]["median"]) == (
            None,
            {"attack": None, "all": None},
            None,
        )
        with writing(home.engine) as c:
            row = {k: v for k, v in c.execute(sa.select(alert)).mappings().one().items() if k != "id"}
            c.execute(sa.insert(alert), [row] * 5)
        shown = ask("duty", "figures?from=2026-03-01&to=2026-03-02")
        assert (shown["alerts"], shown["by_kind"], shown["answered"]) == (6, {"attack": 6, "all": 6}, 1.0)
        assert shown["delays"]["arrival"] == {
            "n": 6,
            "median": 58.0,
            "p90": 60.0,
        }  # copies have no missed call before them

    # What was done is written down, in order; no number stands anywhere but under seal; the trail is whole.
    with reading(home.engine) as c:
        query = sa.select(alert_change.c.what).where(alert_change.c.alert_id == told["id"]).order_by(alert_change.c.id)
        history = list(c.execute(query).scalars())
        steps = [w for w in history if w in ("acknowledged", "decided", "arrived", "closed", "told")]
        assert steps == ["acknowledged", "decided", "arrived", "closed", "told"]
        assert audit.verify(c).sound
        tables = sa.MetaData()
        tables.reflect(home.engine)
        for table in tables.tables.values():
            for line in c.execute(sa.select(table)):
                text = repr(tuple(line))
                assert not any(number[1:] in text for number in (CALLER, ONE, TWO, DUTY, CAPTAIN)), table.name
        assert c.execute(sa.select(sa.func.count()).select_from(report)).scalar_one() == 4
