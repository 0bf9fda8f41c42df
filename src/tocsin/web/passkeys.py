"""Passkeys as pages: signing in with one, adding, renaming and removing one's own."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tocsin.core.errors import Conflict, Forbidden
from tocsin.core.words import mark
from tocsin.store import passkeys, reading, writing
from tocsin.store.accounts import account_of
from tocsin.store.passkeys import Site
from tocsin.store.sessions import step_up
from tocsin.store.sign_in import SignedIn
from tocsin.web.pages import local_path, show, site_of, with_script, words_of
from tocsin.web.second_step import NO_SITE, check_last
from tocsin.web.sign_in import (
    DEVICE,
    Text,
    address_of,
    client_of,
    end_one_before,
    enter,
    said,
    show_sign_in,
    spend_try,
)  # fmt: skip
from tocsin.web.who import At, FormOwner, cookie_of, csrf_of

router = APIRouter(include_in_schema=False)


@router.post("/sign-in/passkey/ask")
def ask(request: Request, at: At, next: Text = "/") -> Response:  # noqa: A002
    """The page that asks the browser for a passkey."""
    spend_try(at, address_of(request))
    site = _site(request)
    with writing(at.engine) as connection:
        options = passkeys.ask_to_use(connection, site, at.now())
    _ = words_of(request)
    wanted = local_path(next)
    return with_script(show(
        request, "passkey.html", title=_("Sign in with a passkey"), way="use", options=options,
        note=_("Your browser asks which passkey, and for your fingerprint, face or PIN."),
        action="/sign-in/passkey", fields={"next": wanted}, back="/sign-in",
    ))  # fmt: skip


@router.post("/sign-in/passkey")
def sign_in(request: Request, at: At, answer: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Sign in with what the device signed: alone, or after a password."""
    spend_try(at, address_of(request))
    read, site = passkeys.read_answer(answer), _site(request)
    with writing(at.engine) as connection:
        found = passkeys.sign_in(connection, site, read, cookie_of(request, DEVICE), client_of(request), at.now())
    if isinstance(found, SignedIn):
        end_one_before(request, at)
        return enter(request, found.account, found.session, local_path(next), found.device)
    problem = (
        said(request, found) if found.reason == "copied" else words_of(request)("That passkey opens nothing here.")
    )
    return show_sign_in(request, at, next, 401, problem=problem)


@router.post("/account/passkeys")
def ask_to_make(request: Request, at: At, owner: FormOwner, name: Text = "", next: Text = "/account") -> Response:  # noqa: A002
    """The page that has the browser make a passkey."""
    site = _site(request)
    with writing(at.engine) as connection:
        options = passkeys.ask_to_make(connection, site, owner.id, at.now())
    _ = words_of(request)
    fields = {"csrf": csrf_of(cookie_of(request)), "name": name, "next": local_path(next)}
    return with_script(show(
        request, "passkey.html", title=_("Add a passkey"), way="make", options=options,
        note=_("Your browser asks where to keep it, and for your fingerprint, face or PIN."),
        action="/account/passkeys/add", fields=fields, back="/account",
    ))  # fmt: skip


@router.post("/account/passkeys/add")
def add(
    request: Request, at: At, owner: FormOwner, answer: Text = "", name: Text = "", next: Text = "/account"  # noqa: A002
) -> Response:  # fmt: skip
    """Keep what the browser made."""
    read, site = passkeys.read_answer(answer), _site(request)
    with writing(at.engine) as connection:
        made = passkeys.add(connection, site, owner, read, name, at.now())
        if isinstance(made, passkeys.Passkey):
            step_up(connection, owner, cookie_of(request), at.now())
    if not isinstance(made, passkeys.Passkey):
        raise Forbidden(mark("that passkey was not taken: go back and add it once more"))
    return RedirectResponse(local_path(next), 303)


@router.post("/account/passkeys/{passkey_id}/name")
def rename(at: At, owner: FormOwner, passkey_id: str, name: Text = "") -> Response:
    """Call a passkey something else."""
    with writing(at.engine) as connection:
        passkeys.rename(connection, owner, passkey_id, name, at.now())
    return RedirectResponse("/account", 303)


@router.post("/account/passkeys/{passkey_id}/end")
def end(at: At, owner: FormOwner, passkey_id: str) -> Response:
    """Make a passkey useless."""
    with reading(at.engine) as connection:
        others = [p for p in passkeys.list_passkeys(connection, owner) if p.id != passkey_id]
        totp = account_of(connection, owner.id).has_totp
    if not others and not totp:
        check_last(at, owner)
    with writing(at.engine) as connection:
        passkeys.end(connection, owner, passkey_id, at.now())
    return RedirectResponse("/account", 303)


def _site(request: Request) -> Site:
    site = site_of(request)
    if site is None:
        raise Conflict(NO_SITE)
    return site
