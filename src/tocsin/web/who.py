"""Who asks: the account behind a session or token, for every route that shows or changes a case."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Request

from tocsin.core.errors import NotSignedIn
from tocsin.core.mission import Mission
from tocsin.core.time import utc_now
from tocsin.store import reading
from tocsin.store.policy import Actor
from tocsin.store.sessions import actor_of

COOKIE = "tocsin_session"


@dataclass(frozen=True)
class House:
    """What every route needs: the mission, its records, and the clock; kept on ``app.state.house``."""

    mission: Mission
    engine: sa.Engine
    now: Callable[[], dt.datetime] = utc_now


def house(request: Request) -> House:
    """The house a request came to."""
    found: House = request.app.state.house
    return found


def token_of(request: Request) -> str:
    """Session or API token that a request carries; empty if none."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


def actor(request: Request) -> Actor:
    """The account that asks.

    Raises
    ------
    NotSignedIn
        If there is no session or token, or it is over.
    """
    home, token = house(request), token_of(request)
    found = None
    if token:
        with reading(home.engine) as connection:
            found = actor_of(connection, token, home.now())
    if found is None:
        raise NotSignedIn("sign in first, or give an API token as `Authorization: Bearer …`")
    return found


At: Any = Annotated[House, Depends(house)]
Asker: Any = Annotated[Actor, Depends(actor)]
