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

from tocsin.core.errors import Forbidden, NotSignedIn, SecondStepNeeded, SignInAgain, TooMany
from tocsin.core.mission import Mission
from tocsin.core.time import utc_now
from tocsin.core.words import mark
from tocsin.store import reading
from tocsin.store.policy import Actor
from tocsin.store.sessions import Asking, asking_of
from tocsin.web.budgets import Budgets, budgets
from tocsin.web.settings import Serve

COOKIE = "tocsin_session"
CSRF_HEADER = "x-csrf-token"
NEEDS_STEP = mark("show your second step first: a code of your authenticator, or a passkey")


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


def asking(request: Request) -> Asking:
    """The account that asks, and how it came in.

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
            found = asking_of(connection, token, home.now())
    if found is None:
        raise NotSignedIn("sign in first, or give an API token as `Authorization: Bearer …`")
    wait = home.budgets.account.take(found.actor.id)
    if wait:
        raise TooMany("that is more than one account may ask at a time: try again in a moment", wait_s=wait)
    request.scope["tocsin.who"] = found.actor.id
    request.scope["tocsin.seen"] = token  # the guard notes that the session is in use, after the answer
    return found


def _stepped(request: Request, found: Asking) -> Actor:
    if found.lacks_step(house(request).serve.second_step):
        raise SecondStepNeeded(NEEDS_STEP)
    return found.actor


# What asks no records is a coroutine: a plain function would cost each request a thread, and a wait for it.
async def actor(request: Request, found: Annotated[Asking, Depends(asking)]) -> Actor:
    """The account that asks, with its second step where it has one or must have one.

    Raises
    ------
    SecondStepNeeded
    """
    return _stepped(request, found)


async def _house(request: Request) -> House:
    return house(request)


At: Any = Annotated[House, Depends(_house)]
Asker: Any = Annotated[Actor, Depends(actor)]
Coming: Any = Annotated[Asking, Depends(asking)]


async def form_asking(request: Request, coming: Coming, csrf: Annotated[str, Form()] = "") -> Asking:
    """Whoever sent a form of our own pages, with or without their second step.

    Raises
    ------
    Forbidden
        If the form does not come from a page that this session was shown.
    """
    session = cookie_of(request)
    if not session or not hmac.compare_digest(csrf.encode(), csrf_of(session).encode()):
        raise Forbidden("the form is not from this session: open the page again and send it once more")
    found: Asking = coming
    return found


FormComing: Any = Annotated[Asking, Depends(form_asking)]


async def form_actor(request: Request, coming: FormComing) -> Actor:
    """The account behind a form of our own pages."""
    return _stepped(request, coming)


async def form_owner(request: Request, coming: FormComing) -> Actor:
    """The account behind a form that changes how one signs in.

    Raises
    ------
    SignInAgain
        If they signed in too long ago.
    SecondStepNeeded
        If the account has a second step that was not shown: only the first one may be set up without.
    """
    found: Asking = coming
    check_fresh(house(request), found)
    if found.has_step and not found.stepped:
        raise SecondStepNeeded(NEEDS_STEP)
    return found.actor


def check_fresh(home: House, coming: Asking) -> None:
    """Refuse what a session left open, or a program's token, must not be enough for.

    Raises
    ------
    SignInAgain
    """
    if not coming.is_fresh(home.now()):
        raise SignInAgain("sign in again to change how you sign in")


FormAsker: Any = Annotated[Actor, Depends(form_actor)]
FormOwner: Any = Annotated[Actor, Depends(form_owner)]
