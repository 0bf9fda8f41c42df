"""The second step: shown in a session that was opened without it, set up by who must have one, changed by who has."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tocsin.core.errors import Conflict, Forbidden
from tocsin.core.words import mark
from tocsin.store import accounts, passkeys, reading, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.policy import Actor
from tocsin.store.sessions import Asking, step_up
from tocsin.web.account import account_page_of
from tocsin.web.pages import local_path, sentence, show, site_of, with_script, words_of
from tocsin.web.sign_in import Text, address_of, spend_try
from tocsin.web.who import At, Coming, FormComing, FormOwner, House, cookie_of

router = APIRouter(include_in_schema=False)


@router.get("/account/second-step")
def second_step_page(request: Request, at: At, coming: Coming, next: str = "/") -> Response:  # noqa: A002
    """What is missing: a code, a passkey, or setting one up. Who lacks nothing goes on."""
    if not coming.lacks_step(at.serve.second_step):
        return RedirectResponse(local_path(next), 303)
    return _page(request, at, coming, next)


@router.post("/account/second-step")
def show_code(request: Request, at: At, coming: FormComing, code: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Go on with a code of the authenticator."""
    spend_try(at, address_of(request))
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), at.now())
        good = accounts.use_totp(connection, keys, coming.actor.id, code, at.now(), at.serve.code_slack)
        if good:
            step_up(connection, coming.actor, cookie_of(request), at.now())
    return RedirectResponse(local_path(next), 303) if good else _wrong(request, at, coming, next)


@router.post("/account/second-step/passkey")
def show_passkey(request: Request, at: At, coming: FormComing, answer: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Go on with a passkey."""
    spend_try(at, address_of(request))
    read, site = passkeys.read_answer(answer), site_of(request)
    if site is None:
        raise Conflict(NO_SITE)
    with writing(at.engine) as connection:
        good = passkeys.is_shown(connection, site, coming.actor, read, at.now())
        if good:
            step_up(connection, coming.actor, cookie_of(request), at.now())
    return RedirectResponse(local_path(next), 303) if good else _wrong(request, at, coming, next)


@router.post("/account/totp")
def start_totp(request: Request, at: At, owner: FormOwner, coming: FormComing, next: Text = "/account") -> Response:  # noqa: A002
    """Begin with an authenticator."""
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), at.now())
        uri = accounts.start_totp(connection, keys, owner.id, at.now())
    if coming.lacks_step(at.serve.second_step):
        return _page(request, at, coming, next, seed=_seed_of(uri))
    return account_page_of(request, at, coming, seed=_seed_of(uri), wanted=local_path(next))


@router.post("/account/totp/confirm")
def confirm_totp(
    request: Request, at: At, owner: FormOwner, coming: FormComing, code: Text = "", next: Text = "/account"  # noqa: A002
) -> Response:  # fmt: skip
    """Turn the authenticator on with a first code."""
    try:
        with writing(at.engine) as connection:
            keys = open_keys(connection, key_folder(at.mission), at.now())
            accounts.confirm_totp(connection, keys, owner.id, code, at.now())
            step_up(connection, owner, cookie_of(request), at.now())
    except Forbidden as problem:
        said = sentence(request, problem)
        if coming.lacks_step(at.serve.second_step):
            return _page(request, at, coming, next, said, 403)
        return account_page_of(request, at, coming, said, status=403)
    return RedirectResponse(local_path(next), 303)


@router.post("/account/totp/end")
def stop_totp(request: Request, at: At, owner: FormOwner) -> Response:
    """Ask for codes no more."""
    with reading(at.engine) as connection:
        mine = accounts.account_of(connection, owner.id)
    if not mine.has_passkey:
        check_last(at, owner)
    with writing(at.engine) as connection:
        accounts.stop_totp(connection, owner.id, at.now())
    return RedirectResponse("/account", 303)


def check_last(at: House, owner: Actor) -> None:
    """Refuse to take the last second step away from somebody who must have one.

    Raises
    ------
    Conflict
    """
    if not owner.roles.isdisjoint(at.serve.second_step):
        raise Conflict(mark("your role needs a second step: set up another one before you take this one away"))


NO_SITE = mark("passkeys need this door's name in the address line, not figures: on one's own machine, localhost")


def _page(
    request: Request, at: House, coming: Asking, wanted: str, problem: str = "", status: int = 200, seed: str = ""
) -> Response:
    site, options = site_of(request), ""
    with reading(at.engine) as connection:
        mine = accounts.account_of(connection, coming.actor.id)
    if mine.has_passkey and site is not None:
        with writing(at.engine) as connection:
            options = passkeys.ask_to_use(connection, site, at.now(), mine.id)
    page = show(request, "second_step.html", status, account=mine, next=local_path(wanted), problem=problem,
                options=options, site=site, seed=seed)  # fmt: skip
    return with_script(page) if options else page


def _wrong(request: Request, at: House, coming: Asking, wanted: str) -> Response:
    return _page(request, at, coming, wanted, words_of(request)("That was not right: try again."), 403)


def _seed_of(uri: str) -> str:
    import pyotp

    seed = pyotp.parse_uri(uri).secret
    return " ".join(seed[i : i + 4] for i in range(0, len(seed), 4))
