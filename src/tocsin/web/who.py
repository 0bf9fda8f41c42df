"""Who asks: the account behind a session or token, for every route that shows or changes a case."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, Form, Request
from fastapi.responses import Response

from tocsin.core.errors import Forbidden, NotSignedIn, TooMany
from tocsin.core.mission import Mission
from tocsin.core.time import utc_now
from tocsin.store import reading
from tocsin.store.policy import Actor
from tocsin.store.sessions import actor_of
from tocsin.web.budgets import Budgets, budgets
from tocsin.web.settings import Serve

COOKIE = "tocsin_session"
CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True)
class House:
    """What every route needs: the mission, its records, and the clock; kept on ``app.state.house``."""

    mission: Mission
    engine: sa.Engine
    now: Callable[[], dt.datetime] = utc_now
    serve: Serve = field(default_factory=Serve)
    budgets: Budgets = field(default_factory=budgets)


def house(request: Request) -> House:
    """The house a request came to."""
    found: House = request.app.state.house
    return found


def bearer_of(authorization: str) -> str:
    """Token in an ``Authorization: Bearer …`` header; empty if it holds none."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_name(scheme: str, name: str = COOKIE) -> str:
    """What a cookie is called: over https so that the browser itself keeps it for this host alone (RFC 6265bis)."""
    return f"__Host-{name}" if scheme == "https" else name


def cookie_of(request: Request, name: str = COOKIE) -> str:
    """A cookie of ours that a request carries; empty if none."""
    return request.cookies.get(cookie_name(request.url.scheme, name), "")


def keep_cookie(
    request: Request,
    answer: Response,
    name: str,
    value: str,
    life_s: int,
    same_site: Literal["lax", "strict"] = "strict",
) -> None:
    """Leave a cookie with the browser: no script reads it, other sites do not send it. A life of 0 takes it away."""
    scheme = request.url.scheme
    answer.set_cookie(cookie_name(scheme, name), value, max_age=life_s, path="/", httponly=True, samesite=same_site,
                      secure=scheme == "https")  # fmt: skip


def token_of(request: Request) -> str:
    """Session or API token that a request carries; empty if none."""
    return bearer_of(request.headers.get("authorization", "")) or cookie_of(request)


def csrf_of(session: str) -> str:
    """What a page must send back to show that it is ours: it follows from the session, and not the other way round."""
    return hashlib.sha256(b"tocsin csrf\0" + session.encode()).hexdigest()[:32]


def actor(request: Request) -> Actor:
    """The account that asks.

    Raises
    ------
    NotSignedIn
        If there is no session or token, or it is over.
    TooMany
        If the account asks more than its budget.
    """
    home, token = house(request), token_of(request)
    found = None
    if token:
        with reading(home.engine) as connection:
            found = actor_of(connection, token, home.now())
    if found is None:
        raise NotSignedIn("sign in first, or give an API token as `Authorization: Bearer …`")
    wait = home.budgets.account.take(found.id)
    if wait:
        raise TooMany("that is more than one account may ask at a time: try again in a moment", wait_s=wait)
    request.scope["tocsin.seen"] = token  # the guard notes that the session is in use, after the answer
    return found


At: Any = Annotated[House, Depends(house)]
Asker: Any = Annotated[Actor, Depends(actor)]


def form_actor(request: Request, asker: Asker, csrf: Annotated[str, Form()] = "") -> Actor:
    """The account behind a form of our own pages.

    Raises
    ------
    Forbidden
        If the form does not come from a page that this session was shown.
    """
    session = cookie_of(request)
    if not session or not hmac.compare_digest(csrf.encode(), csrf_of(session).encode()):
        raise Forbidden("the form is not from this session: open the page again and send it once more")
    found: Actor = asker
    return found


FormAsker: Any = Annotated[Actor, Depends(form_actor)]
