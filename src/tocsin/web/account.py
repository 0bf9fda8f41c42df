"""One's own account as pages and as ``/api``: sessions, tokens for programs, the second step."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from tocsin.core.errors import BadInput, Forbidden, TocsinError
from tocsin.core.words import Translator
from tocsin.store import accounts, api_tokens, passkeys, reading, sessions, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.passwords import check_leaked, check_password
from tocsin.store.policy import Actor, allowed, rights_of
from tocsin.store.sessions import Asking
from tocsin.store.sign_in import Refused, password_to_try
from tocsin.store.sign_in import change_password as change_own
from tocsin.web.pages import language_of, sentence, show, site_of, words_of
from tocsin.web.role_words import area_words, role_words
from tocsin.web.sign_in import Text, address_of, fits_in_turn, hash_in_turn, said, spend_try
from tocsin.web.who import (
    Asker,
    At,
    Coming,
    FormAsker,
    FormComing,
    FormOwner,
    House,
    check_fresh,
    cookie_of,
    csrf_of,
)  # fmt: skip

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api", tags=["account"])


class Me(BaseModel):
    """Who asks, and what for."""

    id: str
    login: str
    name: str
    roles: list[str]
    component: str
    areas: list[str]
    language: str
    second_step: bool
    may: list[str] = Field(description="actions on objects that some row may allow: `read alert`, `create report` …")
    csrf: str = Field(description="goes into the X-CSRF-Token header of every change made with the session's cookie")


class SessionOut(BaseModel):
    """A session of one's own."""

    id: str
    client: str
    since: dt.datetime
    last_used: dt.datetime


class TokenIn(BaseModel):
    """A token to make."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scope: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=50)]
    days: Annotated[int, Field(ge=1, le=365)] = 30


class TokenOut(BaseModel):
    """A token of one's own, without its secret."""

    id: str
    name: str
    scope: list[str]
    since: dt.datetime
    until: dt.datetime


class TokenMade(BaseModel):
    """A new token; its secret is shown this once."""

    token: str


@api.get("/me")
def me(request: Request, at: At, asker: Asker) -> Me:
    """Who I am here, what I may do, and in which language."""
    with reading(at.engine) as connection:
        mine = accounts.account_of(connection, asker.id)
    session = cookie_of(request)
    return Me(
        id=mine.id, login=mine.login, name=mine.name, roles=sorted(mine.roles), component=mine.component.value,
        areas=sorted(mine.areas), language=language_of(request), second_step=mine.has_second_step, may=rights_of(asker),
        csrf=csrf_of(session) if session else "",
    )  # fmt: skip


@api.get("/sessions")
def list_sessions(at: At, asker: Asker) -> list[SessionOut]:
    """Where I am signed in."""
    with reading(at.engine) as connection:
        found = sessions.list_sessions(connection, asker, at.now())
    return [SessionOut(id=s.id, client=s.client, since=s.made_at, last_used=s.seen_at) for s in found]


@api.delete("/sessions/{session_id}", status_code=204)
def end_session(at: At, asker: Asker, coming: Coming, session_id: str) -> None:
    """End one of my sessions (an administrator: anybody's); a person must have signed in a short while ago."""
    if asker.scope is None:
        check_fresh(at, coming)
    with writing(at.engine) as connection:
        sessions.end_session(connection, asker, session_id, at.now())


@api.get("/tokens")
def list_tokens(at: At, asker: Asker) -> list[TokenOut]:
    """My tokens for programs."""
    with reading(at.engine) as connection:
        found = api_tokens.list_api_tokens(connection, asker, at.now())
    return [
        TokenOut(id=t["id"], name=t["name"], scope=t["scope"], since=t["made_at"], until=t["expires_at"]) for t in found
    ]


@api.post("/tokens", status_code=201)
def make_token(at: At, asker: Asker, wanted: TokenIn) -> TokenMade:
    """A token for a program; it never may more than I."""
    return TokenMade(token=_make_token(at, asker, wanted.name, wanted.scope, wanted.days))


@api.delete("/tokens/{token_id}", status_code=204)
def end_token(at: At, asker: Asker, token_id: str) -> None:
    """Make a token useless."""
    with writing(at.engine) as connection:
        api_tokens.end_api_token(connection, asker, token_id, at.now())


@router.get("/account")
def account_page(request: Request, at: At, asker: Asker, coming: Coming) -> Response:
    """My account."""
    return account_page_of(request, at, coming)


@router.get("/account/password")
def password_page(request: Request, at: At, asker: Asker) -> Response:
    """The form to change one's password."""
    return _password_page(request, at, asker)


@router.post("/account/password")
def change_password(
    request: Request, at: At, asker: FormAsker, current: Text = "", password: Text = "", again: Text = ""
) -> Response:
    """Set a new password, with the old one; every other session ends."""
    address = address_of(request)
    spend_try(at, address)
    _ = words_of(request)
    if password != again:
        return _password_page(request, at, asker, _("The two passwords are not the same."), 422)
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), at.now())
        mine = accounts.account_of(connection, asker.id)
        stored = password_to_try(connection, keys, mine.login, address, at.now())
    if isinstance(stored, Refused):
        return _password_page(request, at, asker, said(request, stored), 429)
    tried, hashed = (stored, fits_in_turn(at, stored, current)), ""
    if tried[1]:
        try:
            check_leaked(password, at.serve.leaked_passwords)
            check_password(password, mine.login, mine.name)
        except BadInput as problem:
            return _password_page(request, at, asker, sentence(request, problem), 422)
        hashed = hash_in_turn(at, password)
    with writing(at.engine) as connection:
        refused = change_own(connection, keys, asker, tried, hashed, address, cookie_of(request), at.now())
    if refused is not None:
        return _password_page(request, at, asker, _("The password until now is wrong."), 403)
    return RedirectResponse("/account", 303)


@router.post("/account/sessions/end-others")
def end_others(request: Request, at: At, owner: FormOwner) -> Response:
    """End all my sessions but this one."""
    with writing(at.engine) as connection:
        sessions.end_others(connection, owner, cookie_of(request), at.now())
    return RedirectResponse("/account", 303)


@router.post("/account/sessions/{session_id}/end")
def end_session_page(at: At, owner: FormOwner, session_id: str) -> Response:
    """End one of my sessions."""
    with writing(at.engine) as connection:
        sessions.end_session(connection, owner, session_id, at.now())
    return RedirectResponse("/account", 303)


@router.post("/account/tokens")
def make_token_page(
    request: Request, at: At, asker: FormAsker, coming: FormComing, name: Text = "", scope: Text = "", days: Text = "30"
) -> Response:
    """A token for a program, shown once."""
    _ = words_of(request)
    try:
        wanted = [" ".join(s.split()) for s in scope.split(",") if s.strip()]
        token = _make_token(at, asker, name, wanted, int(days) if days.isascii() and days.isdecimal() else 0)
    except TocsinError as problem:
        return account_page_of(request, at, coming, sentence(request, problem), status=422)
    return show(request, "shown.html", title=_("Token for {name}", name=name), secret=token, back="/account",
                note=_("Copy it now: it is shown only this once."), **menu(asker))  # fmt: skip


@router.post("/account/tokens/{token_id}/end")
def end_token_page(at: At, asker: FormAsker, token_id: str) -> Response:
    """Make a token useless."""
    end_token(at, asker, token_id)
    return RedirectResponse("/account", 303)


def menu(asker: Actor) -> dict[str, bool]:
    """Which pages to offer."""
    return {"reads": allowed(asker, "read", "brief"), "runs": allowed(asker, "create", "account")}


def account_page_of(
    request: Request, at: House, coming: Asking, problem: str = "", seed: str = "", status: int = 200,
    wanted: str = "/account",
) -> Response:  # fmt: skip
    """The page of an account.

    Parameters
    ----------
    seed : str
        Of a new authenticator, to type in.
    wanted : str
        Where to go once that is confirmed.
    """
    _: Translator = words_of(request)
    asker = coming.actor
    with reading(at.engine) as connection:
        mine = accounts.account_of(connection, asker.id)
        alive = sessions.list_sessions(connection, asker, at.now())
        makes = allowed(asker, "create", "api_token")
        tokens = api_tokens.list_api_tokens(connection, asker, at.now()) if makes else None
        held = passkeys.list_passkeys(connection, asker)
    return show(
        request, "account.html", status, account=mine, sessions=alive, tokens=tokens, seed=seed, problem=problem,
        roles=role_words(_, mine.roles), areas=area_words(_, mine.areas), passkeys=held, site=site_of(request),
        fresh=coming.is_fresh(at.now()), next=wanted, **menu(asker),
    )  # fmt: skip


def _password_page(request: Request, at: House, asker: Actor, problem: str = "", status: int = 200) -> Response:
    if asker.scope is not None:
        raise Forbidden("a token changes no account: sign in")
    with reading(at.engine) as connection:
        mine = accounts.account_of(connection, asker.id)
    return show(request, "password.html", status, account=mine, problem=problem, **menu(asker))


def _make_token(at: House, asker: Actor, name: str, scope: list[str], days: int) -> str:
    with writing(at.engine) as connection:
        now = at.now()
        return api_tokens.make_api_token(connection, asker, name, scope, now + dt.timedelta(days=min(days, 400)), now)
