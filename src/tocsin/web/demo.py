"""The way in to the demonstration mission: one link, a choice of whose work to look at, no password.

Only for a mission whose country is made up, and only while the door answers this machine alone.
"""

import secrets
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tocsin.core.errors import Forbidden, NotFound
from tocsin.core.mission import Mission
from tocsin.core.words import mark
from tocsin.learn.exercise.missions import DEMO_PEOPLE, is_made_up
from tocsin.store import reading, writing
from tocsin.store.accounts import Account, find_account
from tocsin.store.audit import Entry, record
from tocsin.store.sessions import open_session
from tocsin.web.pages import show, words_of
from tocsin.web.role_words import ROLES
from tocsin.web.settings import Serve
from tocsin.web.sign_in import Text, client_of, enter
from tocsin.web.who import At, House

router = APIRouter(include_in_schema=False)


@dataclass
class DemoDoor:
    """The one link of this process; it works once."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def use(self, given: str) -> bool:
        """Whether this is the link; from now on it is not any more."""
        good = bool(self.token) and secrets.compare_digest(given.encode(), self.token.encode())
        if good:
            self.token = ""
        return good


def demo_door(mission: Mission, serve: Serve) -> DemoDoor | None:
    """The link, if this mission may have one."""
    return DemoDoor() if is_made_up(mission) and serve.is_local else None


@router.get("/demo")
def choose(request: Request, at: At, token: str = "") -> Response:
    """Whose work to look at."""
    _door(request)
    _ = words_of(request)
    roles = [(login, _(ROLES[role])) for login, role in DEMO_PEOPLE.items()]
    return show(request, "demo.html", roles=roles, token=token, problem="")


@router.post("/demo")
def go_in(request: Request, at: At, token: Text = "", login: Text = "") -> Response:
    """Sign in as one of the demonstration's people."""
    door = _door(request)
    if login not in DEMO_PEOPLE:
        raise NotFound(mark("there is nobody of that name in the demonstration"))
    if not door.use(token):
        raise Forbidden(mark("this link was used: stop `tocsin serve` and start it again for a new one"))
    found, session = _open(at, login, client_of(request))
    return enter(request, found, session, "/")


def _open(at: House, login: str, client: str) -> tuple[Account, str]:
    with reading(at.engine) as connection:
        found = find_account(connection, login)
    with writing(at.engine) as connection:
        session = open_session(connection, found.id, client, at.now())
        record(connection, at.now(), Entry(found.id, "session.open", "account", found.id, details={"demo": True}))
    return found, session


def _door(request: Request) -> DemoDoor:
    door: DemoDoor | None = request.app.state.demo
    if door is None:
        raise NotFound("there is no such page")
    return door
