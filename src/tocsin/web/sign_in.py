"""Signing in and out, and one-time links. Pages of the server itself, so that they work before anything else does."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from tocsin.core.errors import Forbidden, TocsinError, TooMany
from tocsin.core.words import mark
from tocsin.store import passkeys, reading, writing
from tocsin.store.accounts import Account, check_link, take_up
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.passwords import check_leaked, fits, hash_of
from tocsin.store.policy import allowed
from tocsin.store.sessions import LONGEST, asking_of, end_session_of
from tocsin.store.sign_in import Refused, SignedIn, password_to_try, sign_in
from tocsin.web.budgets import asker_of
from tocsin.web.pages import TEMPLATES, local_path, sentence, show, site_of, with_script, words_of
from tocsin.web.who import COOKIE, At, FormComing, House, cookie_of, keep_cookie

DEVICE = "tocsin_device"
DEVICE_LIFE_S = 400 * 86_400
HASHING_WAIT_S = 8.0
STATUS = {"wait": 429}
Text = Annotated[str, Form(max_length=2_000)]

router = APIRouter(include_in_schema=False)


@router.get("/door.css")
def style() -> FileResponse:
    """The style sheet of the server's own pages."""
    return FileResponse(
        TEMPLATES / "door.css", media_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
    )


@router.get("/door.js")
def script() -> FileResponse:
    """The one script of the server's own pages: it asks the browser for a passkey, on the pages that need it."""
    return FileResponse(
        TEMPLATES / "door.js", media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"}
    )


@router.get("/sign-in")
def sign_in_page(request: Request, at: At, next: str = "/", again: bool = False) -> Response:  # noqa: A002  the name in the address
    """The form to sign in with."""
    _ = words_of(request)
    note = _("Sign in again to change how you sign in.") if again else ""
    return show_sign_in(request, at, next, note=note)


def show_sign_in(
    request: Request, at: House, wanted: str, status: int = 200, login: str = "", problem: str = "",
    code: bool = False, note: str = "", options: str = "",
) -> HTMLResponse:  # fmt: skip
    """The form to sign in with.

    Parameters
    ----------
    code : bool
        Whether the password was right and the code is missing.
    options : str
        What the browser needs to ask for the passkey that may stand in for the code.
    """
    page = show(request, "sign_in.html", status, next=local_path(wanted), login=login, problem=problem, code=code,
                note=note, options=options, sso=bool(at.serve.single_sign_on), site=site_of(request))  # fmt: skip
    return with_script(page) if options else page


@router.post("/sign-in")
def sign_in_now(
    request: Request,
    at: At,
    login: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/",  # noqa: A002
) -> Response:
    """Sign in with password and, where it is on, a code."""
    address = address_of(request)
    found = try_password(at, login, password, code, address, cookie_of(request, DEVICE), client_of(request))
    if isinstance(found, SignedIn):
        end_one_before(request, at)
        return enter(request, found.account, found.session, local_path(next), found.device)
    options = ""
    site = site_of(request)
    if found.account_id and site is not None:
        with writing(at.engine) as connection:
            options = passkeys.ask_to_use(connection, site, at.now(), found.account_id)
    page = show_sign_in(request, at, next, STATUS.get(found.reason, 401), login, said(request, found),
                        found.reason == "code", options=options)  # fmt: skip
    if found.wait_s:
        page.headers["Retry-After"] = str(found.wait_s)
    return page


def said(request: Request, refused: Refused) -> str:
    """Why somebody is not in, in their language."""
    _ = words_of(request)
    words = {
        "wrong": _("Login, password or code is wrong."),
        "code": _("Now the six digits of your authenticator."),
        "passkey": _("Now your passkey."),
        "copied": _("This passkey was refused: a copy of it seems to be in use. Come in another way and remove it."),
        "wait": _("Too many wrong tries. Wait {n} seconds, or ask the administrator for a one-time link.",
                  n=refused.wait_s),
    }  # fmt: skip
    if refused.reason == "passkey" and site_of(request) is None:
        return _("Your passkey works under the name of this door, not under its address in figures.")
    return words[refused.reason]


def try_password(
    at: House, login: str, password: str, code: str, address: str, device: str, client: str
) -> SignedIn | Refused:
    """Sign in without keeping other writers waiting while the password is hashed, and few at a time."""
    spend_try(at, address)
    with writing(at.engine) as connection:  # the first use of a mission makes its key
        keys = open_keys(connection, key_folder(at.mission), at.now())
    with reading(at.engine) as connection:
        stored = password_to_try(connection, keys, login, address, at.now(), device)
    if isinstance(stored, Refused):
        return stored
    good = fits_in_turn(at, stored, password)
    with writing(at.engine) as connection:
        return sign_in(connection, keys, login, password, address, at.now(), code, device, client,
                       tried=(stored, good), slack=at.serve.code_slack)  # fmt: skip


def spend_try(at: House, address: str) -> None:
    """Take one of the tries that an address has.

    Raises
    ------
    TooMany
    """
    wait = at.budgets.sign_in.take(address)
    if wait:
        raise TooMany(mark("too many tries to sign in from this address: wait a moment"), wait_s=wait)


def fits_in_turn(at: House, stored: str, password: str) -> bool:
    """Whether a password fits, once a processor is free for it; outside any transaction.

    Raises
    ------
    TooMany
    """
    with _turn(at):
        return fits(stored, password)


def hash_in_turn(at: House, password: str) -> str:
    """What is kept of a password, once a processor is free for it; outside any transaction.

    Raises
    ------
    TooMany
    """
    with _turn(at):
        return hash_of(password)


@contextlib.contextmanager
def _turn(at: House) -> Iterator[None]:
    if not at.budgets.hashing.acquire(timeout=HASHING_WAIT_S):
        raise TooMany(mark("many people sign in just now: try again in a moment"), wait_s=HASHING_WAIT_S)
    try:
        yield
    finally:
        at.budgets.hashing.release()


@router.post("/sign-out")
def sign_out(request: Request, at: At, coming: FormComing) -> Response:
    """End this session."""
    with writing(at.engine) as connection:
        end_session_of(connection, coming.actor, cookie_of(request), at.now())
    answer = RedirectResponse("/sign-in", 303)
    keep_cookie(request, answer, COOKIE, "", 0)
    answer.headers["Clear-Site-Data"] = '"cache"'  # not storage: sealed reports wait there to be sent
    return answer


@router.get("/link")
def link_page(request: Request, token: str = "") -> Response:
    """The form that uses a one-time link; looking at it uses nothing up."""
    return show(request, "link.html", token=token, problem="")


@router.post("/link")
def use_link(request: Request, at: At, token: Text = "", password: Text = "", again: Text = "") -> Response:
    """Use a one-time link: set the password, then sign in."""
    spend_try(at, address_of(request))
    _ = words_of(request)
    if password != again:
        return show(request, "link.html", 422, token=token, problem=_("The two passwords are not the same."))
    try:
        check_leaked(password, at.serve.leaked_passwords)
        with reading(at.engine) as connection:
            check_link(connection, token.strip(), password, at.now())
        hashed = hash_in_turn(at, password)
        with writing(at.engine) as connection:
            made = take_up(connection, token.strip(), password, at.now(), hashed)
    except TocsinError as problem:
        status = 403 if isinstance(problem, Forbidden) else 422
        return show(request, "link.html", status, token=token, problem=sentence(request, problem))
    page = show_sign_in(request, at, "/", login=made.login)
    keep_cookie(request, page, COOKIE, "", 0)
    return page


def enter(request: Request, account: Account, session: str, wanted: str, device: str = "") -> Response:
    """Go on, signed in. An administrator, who reads no case, goes to the people."""
    if wanted == "/" and not allowed(account.actor(), "read", "brief"):
        wanted = "/people"
    answer = RedirectResponse(wanted, 303)
    keep_session(request, answer, session)
    if device:
        keep_cookie(request, answer, DEVICE, device, DEVICE_LIFE_S)
    return answer


def keep_session(request: Request, answer: Response, session: str) -> None:
    """Leave the session with the browser: no script reads it, no other site sends it."""
    keep_cookie(request, answer, COOKIE, session, int(LONGEST.total_seconds()))


def end_one_before(request: Request, at: House) -> None:
    """End the session this browser held until now: signing in anew leaves no second one behind."""
    old = cookie_of(request)
    if not old:
        return
    with writing(at.engine) as connection:
        who = asking_of(connection, old, at.now())
        if who is not None:
            end_session_of(connection, who.actor, old, at.now())


def address_of(request: Request) -> str:
    """What counts as one asker."""
    return asker_of(request.client.host if request.client else "")


def client_of(request: Request) -> str:
    """What to call a session in lists: browser and system, not more."""
    agent = request.headers.get("user-agent", "")
    browser = next((b for b in ("Firefox", "Edg", "Chrome", "Safari", "curl", "python") if b in agent), "?")
    system = next((s for s in ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux") if s in agent), "?")
    return f"{browser.replace('Edg', 'Edge')}, {system}"
