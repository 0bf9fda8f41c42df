"""A mission with gateways and people, and its door, for tests of intake and API."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.conftest import NOW
from tocsin.core.codes import Component, Role
from tocsin.core.mission import Mission
from tocsin.listen.alerts import gateways
from tocsin.store import open_store, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import KeyRing, key_folder, open_keys
from tocsin.store.sessions import open_session
from tocsin.store.tables import account
from tocsin.web.app import make_app

SECRETS = {
    "twilio": "twilio-auth-token", "httpsms": "httpsms-signing-key", "smsgateway": "smsgateway-key",
}  # fmt: skip
NETWORK = "10.0.0.0/8"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def on(self, **span: float) -> None:
        self.now += dt.timedelta(**span)


@dataclass
class Place:
    """A mission, its people's tokens and its gateways."""

    mission: Mission
    engine: sa.Engine
    keys: KeyRing
    clock: Clock = field(default_factory=Clock)
    ways: dict[str, gateways.Opened] = field(default_factory=dict)

    def way(self, provider: str, id: str | None = None, **more: Any) -> gateways.Opened:
        """A gateway of a provider, opened when first asked for."""
        name = id or provider
        if name not in self.ways:
            allowed = (NETWORK,) if provider in gateways.CANNOT else ()
            with writing(self.engine) as connection:
                self.ways[name] = gateways.add(
                    connection, self.keys, CONSOLE, name, provider, self.clock(),
                    **({"secret": SECRETS.get(provider, ""), "allowed": allowed} | more),
                )  # fmt: skip
        return self.ways[name]

    def person(
        self, role: Role, login: str = "", areas: tuple[str, ...] = ("*",), component: Component = Component.CIVILIAN
    ) -> str:
        """Session token of a person, whose account is made when first asked for."""
        id = login or f"a-{role.value}"
        with writing(self.engine) as connection:
            there = connection.execute(sa.select(account.c.id).where(account.c.id == id)).first()
            if there is None:
                values = {"id": id, "login": id, "name": id, "roles": [role.value], "component": component.value}
                connection.execute(
                    sa.insert(account).values(**values, areas=list(areas), password="x", made_at=self.clock())
                )
            return open_session(connection, id, "test", self.clock())


def house_of(mission: Mission) -> Place:
    engine = open_store(mission.store_url)
    with writing(engine) as connection:
        keys = open_keys(connection, key_folder(mission), NOW)
    return Place(mission, engine, keys)


@contextlib.contextmanager
def door(place: Place) -> Iterator[TestClient]:
    """The application of a mission, with the intake running."""
    app = app_of(place)
    app.state.reads_reports = False  # tests let it read when they say so
    try:
        with TestClient(app, base_url="http://127.0.0.1", client=("10.1.2.3", 5555)) as client:
            yield client
    finally:
        app.state.house.engine.dispose()


def app_of(place: Place) -> FastAPI:
    app = make_app(place.mission)
    app.state.house = type(app.state.house)(place.mission, app.state.house.engine, place.clock)
    return app
