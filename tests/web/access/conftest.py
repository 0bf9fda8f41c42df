"""A mission behind its door, on each database, and people of every role who are signed in."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.conftest import NOW
from tocsin.core.codes import Component, Role
from tocsin.core.mission import Mission
from tocsin.store import open_store, writing
from tocsin.store.accounts import CONSOLE, invite, take_up
from tocsin.store.sessions import open_session
from tocsin.web.app import make_app
from tocsin.web.printer import Printer, here
from tocsin.web.who import COOKIE

PASSWORD = "seven owls sleep at noon"
BASE = "http://127.0.0.1"
SAME = {"sec-fetch-site": "same-origin"}


@dataclass
class Door:
    """The application, and sessions by role."""

    app: FastAPI
    sessions: dict[str, str]
    ids: dict[str, str]

    def browser(self, role: str | None = None, **more) -> TestClient:
        """A browser, signed in as a role."""
        client = TestClient(self.app, base_url=more.pop("base_url", BASE), headers={**SAME, "accept": "text/html"},
                            follow_redirects=False, **more)  # fmt: skip
        if role is not None:
            client.cookies.set(COOKIE, self.sessions[role])
        return client

    def program(self, role: str | None = None) -> TestClient:
        """A program with a role's token."""
        headers = {} if role is None else {"authorization": f"Bearer {self.sessions[role]}"}
        return TestClient(self.app, base_url=BASE, headers=headers, follow_redirects=False)


def people(engine: sa.Engine) -> tuple[dict[str, str], dict[str, str]]:
    """An account and a session for each role people hold."""
    sessions, ids = {}, {}
    with writing(engine) as connection:
        for role in Role:
            if role == Role.INTAKE:
                continue
            areas = ["W"] if role in (Role.LIAISON_ASSISTANT, Role.PARTNER) else ["*"]
            component = Component.POLICE if role == Role.POLICE else Component.CIVILIAN
            login = role.value.replace("_", "-")
            made, _ = invite(connection, CONSOLE, login, role.value, {role}, NOW, component, areas)
            sessions[role.value] = open_session(connection, made.id, "test", NOW)
            ids[role.value] = made.id
    return sessions, ids


def frozen(app: FastAPI, at=NOW) -> FastAPI:
    """The application with a clock that stands still."""
    import dataclasses

    app.state.house = dataclasses.replace(app.state.house, now=lambda: at)
    # a process for each brief that is refused would take most of the time
    app.state.printer = Printer(
        lambda at, suffix, language, to: here(at.mission.folder, suffix, language, at.now(), to)
    )
    return app


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with little memory: what is tested is who gets in, not how long a guess takes."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("tocsin.store.passwords.hasher", lambda: quick)


@pytest.fixture
def door(mission: Mission) -> Iterator[Door]:
    app = frozen(make_app(mission))
    made = people(app.state.house.engine)
    yield Door(app, *made)
    app.state.house.engine.dispose()


@pytest.fixture
def with_password(door: Door) -> Door:
    """The duty officer and the administrator have a password."""
    with writing(door.app.state.house.engine) as connection:
        for login in ("somebody", "boss"):
            roles = {Role.DUTY_OFFICER} if login == "somebody" else {Role.ADMINISTRATOR}
            _, token = invite(connection, CONSOLE, login, login, roles, NOW)
            take_up(connection, token, PASSWORD, NOW)
    return door


@pytest.fixture
def small_engine(mission: Mission) -> Iterator[sa.Engine]:
    made = open_store(mission.store_url)
    yield made
    made.dispose()
