"""An empty store on each database, a mission in it, people on duty, and servers that stand for the world."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.act.servers import Mailbox, World, http_world, smtp_world
from tests.conftest import NOW
from tests.store.conftest import (  # noqa: F401 - fixtures
    empty_database,
    empty_file,
    engine,
    keys,
    mission,
    person,
    url,
)
from tocsin.act.notify import PROGRAM, Channel, Message, Purpose, Recipient, enqueue, set_address, set_sender
from tocsin.act.notify.senders import Post
from tocsin.act.rules import Rules, default_rules
from tocsin.core.codes import Component, Role
from tocsin.listen.alerts.tables import alert, report, source
from tocsin.store import sealed, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Actor
from tocsin.store.sealed import Field
from tocsin.store.tables import account

DUTY = person(Role.DUTY_OFFICER)
ADMIN = CONSOLE
MIN = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def rules() -> Rules:
    return dataclasses.replace(default_rules(), allowed_networks=LOOPBACK)


@pytest.fixture
def world() -> Iterator[World]:
    with http_world() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_world() as made:
        yield made


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post(LOOPBACK, timeout_s=5)
    yield made
    made.close()


def add_account(
    connection: sa.Connection, id: str, role: Role, component: Component = Component.CIVILIAN, areas: Any = ("*",)
) -> Actor:
    connection.execute(
        sa.insert(account).values(
            id=id, login=id, name=f"Name of {id}", roles=[role.value], component=component.value, areas=list(areas),
            password="", made_at=NOW,
        )
    )  # fmt: skip
    return Actor(id, frozenset({role}), frozenset(areas), component)


def add_alert(connection: sa.Connection, **more: Any) -> int:
    values = {
        "state": "open", "practice": False, "threat": "attack", "imminence": "hours", "actor": None, "place": "Bakala",
        "lon": 20.6, "lat": 6.2, "radius_km": 5.0, "area": "W", "component": "civilian", "reports": 1,
        "independent": 1.0, "reliability": "F", "credibility": "6", "truth": 0.5, "grade_why": [], "priority": 60.0,
        "level": "1", "priority_why": {}, "heard_at": NOW, "last_at": NOW, "acknowledge_by": NOW + 10 * MIN,
        "decide_by": NOW + 30 * MIN, "changed": 1, "tlp": "AMBER", "classification": "CONFIDENTIAL", **more,
    }  # fmt: skip
    return connection.execute(sa.insert(alert).values(**values).returning(alert.c.id)).scalar_one()


_count = iter(range(10_000_000))


def add_source(connection: sa.Connection, ring: KeyRing, number: str, **more: Any) -> str:
    id = more.pop("id", f"s{next(_count)}")
    values = {"id": id, "area": "W", "language": "fr", "verified": 0.0, "refuted": 0.0, "made_at": NOW,
              "tlp": "RED", "classification": "STRICTLY CONFIDENTIAL", **more}  # fmt: skip
    connection.execute(sa.insert(source).values(**values))
    sealed.put(connection, ring, Field("source", id, "phone"), number, NOW)
    return id


def add_report(connection: sa.Connection, alert_id: int | None, source_id: str | None, **more: Any) -> int:
    values = {
        "delivery": f"d{next(_count)}", "gateway_id": "sms", "content_hash": "0", "kind": "sms", "practice": False,
        "sent_at": NOW, "received_at": NOW, "source_id": source_id, "text": "ils arrivent", "fields": {},
        "attachments": [], "denied": False, "state": "joined", "alert_id": alert_id, "tlp": "RED",
        "classification": "STRICTLY CONFIDENTIAL", **more,
    }  # fmt: skip
    return connection.execute(sa.insert(report).values(**values).returning(report.c.id)).scalar_one()


@pytest.fixture
def gateway(engine: sa.Engine, keys: KeyRing, world: World) -> str:  # noqa: F811
    """A way to send text messages, through the test's own server."""
    with writing(engine) as c:
        set_sender(c, keys, ADMIN, "sms", "smsgateway", {"url": world.url, "account": "us", "cost": 0.05}, "key", NOW)
    return "sms"


def note(key: str, to: str = "s1", kind: Recipient = Recipient.SOURCE, **more: Any) -> Message:
    return Message(key, more.pop("purpose", Purpose.NOTICE), kind, to, more.pop("body", "words"), **more)


__all__ = [
    "ADMIN", "DUTY", "HOUR", "LOOPBACK", "MIN", "NOW", "PROGRAM", "Callable", "Channel", "Path", "add_account",
    "add_alert", "add_report", "add_source", "enqueue", "note", "set_address",
]  # fmt: skip
