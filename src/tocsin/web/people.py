"""People who may sign in, as pages and as ``/api/accounts``: invite, one-time links, rights, closing."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from tocsin.act.field import ask_wipe, list_devices
from tocsin.core.codes import Component, Role
from tocsin.core.errors import TocsinError
from tocsin.store import accounts, reading, writing
from tocsin.store.accounts import Account
from tocsin.store.policy import EVERYWHERE, Actor, demand
from tocsin.web.account import menu
from tocsin.web.pages import sentence, show, words_of
from tocsin.web.role_words import COMPONENTS, ROLES, area_words, role_words
from tocsin.web.sign_in import Text
from tocsin.web.who import Asker, At, FormAsker, House

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/accounts", tags=["accounts"])
Code = Annotated[str, Field(min_length=1, max_length=40)]


class AccountOut(BaseModel):
    """Somebody who may sign in."""

    id: str
    login: str
    name: str
    roles: list[str]
    component: str
    areas: list[str]
    state: str
    second_step: bool


class Invitation(BaseModel):
    """An account to make."""

    login: Annotated[str, Field(min_length=2, max_length=40)]
    name: Annotated[str, Field(max_length=80)] = ""
    roles: Annotated[list[Role], Field(min_length=1, max_length=9)]
    component: Component = Component.CIVILIAN
    areas: Annotated[list[Code], Field(max_length=200)] = ["*"]


class Rights(BaseModel):
    """Rights in place of the old; what is left out stays."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=9)] | None = None
    component: Component | None = None
    areas: Annotated[list[Code], Field(max_length=200)] | None = None


class LinkWanted(BaseModel):
    """What a one-time link is for."""

    keep_step: Annotated[bool, Field(description="Codes and passkeys stay: only the password was forgotten.")] = False


class LinkOut(BaseModel):
    """A one-time link's token, shown this once; it is opened at ``/link?token=…``."""

    id: str
    token: str


@api.get("")
def list_accounts(at: At, asker: Asker) -> list[AccountOut]:
    """Everybody who may sign in."""
    return [_out(a) for a in _all(at, asker)]


@api.post("", status_code=201)
def invite(at: At, asker: Asker, wanted: Invitation) -> LinkOut:
    """Make an account; the token lets its person set a password, within three days."""
    made, token = _invite(at, asker, wanted)
    return LinkOut(id=made.id, token=token)


@api.post("/{account_id}/link", status_code=201)
def link(at: At, asker: Asker, account_id: str, wanted: LinkWanted | None = None) -> LinkOut:
    """A new one-time link for somebody who lost the way in: an invitation again, or recovery."""
    return LinkOut(id=account_id, token=_link(at, asker, account_id, wanted is not None and wanted.keep_step))


@api.patch("/{account_id}")
def change_rights(at: At, asker: Asker, account_id: str, wanted: Rights) -> AccountOut:
    """Other roles, component or areas; they hold from the next request on."""
    with writing(at.engine) as connection:
        return _out(
            accounts.change_rights(
                connection, asker, account_id, at.now(), wanted.roles, wanted.component, wanted.areas
            )
        )


@api.delete("/{account_id}", status_code=204)
def close(at: At, asker: Asker, account_id: str) -> None:
    """Close an account: its sessions and tokens end; what it did stays in the trail."""
    with writing(at.engine) as connection:
        accounts.close(connection, asker, account_id, at.now())


@router.get("/people")
def people_page(request: Request, at: At, asker: Asker) -> Response:
    """Everybody who may sign in."""
    return _page(request, at, asker)


@router.post("/people")
def invite_page(
    request: Request, at: At, asker: FormAsker, login: Text = "", name: Text = "", role: Text = "",
    component: Text = "civilian", areas: Text = "",
) -> Response:  # fmt: skip
    """Make an account and show its link once."""
    codes = [a.strip() for a in areas.split(",") if a.strip()] or sorted(EVERYWHERE)
    try:
        wanted = Invitation(
            login=login, name=name, roles=[Role(role)], component=Component(component), areas=codes
        )  # fmt: skip
        _made, token = _invite(at, asker, wanted)
    except TocsinError as problem:
        return _page(request, at, asker, sentence(request, problem), 422)
    except ValueError:
        return _page(request, at, asker, words_of(request)("Something in the form is missing or too long."), 422)
    return _shown(request, asker, login, token)


@router.post("/people/{account_id}/link")
def link_page(request: Request, at: At, asker: FormAsker, account_id: str, keep_step: Text = "") -> Response:
    """A new one-time link, shown once."""
    token = _link(at, asker, account_id, bool(keep_step))
    with reading(at.engine) as connection:
        login = accounts.account_of(connection, account_id).login
    return _shown(request, asker, login, token)


@router.post("/people/{account_id}/close")
def close_page(at: At, asker: FormAsker, account_id: str) -> Response:
    """Close an account."""
    close(at, asker, account_id)
    return RedirectResponse("/people", 303)


@router.post("/people/{account_id}/wipe")
def wipe_page(at: At, asker: FormAsker, account_id: str) -> Response:
    """Have a person's devices in the field empty themselves at their next contact."""
    with writing(at.engine) as connection:
        ask_wipe(connection, asker, account_id, at.now())
    return RedirectResponse("/people", 303)


def _devices(at: House, asker: Actor) -> dict[str, tuple[int, int]]:
    """Of each person, how many devices are in use, and how many of the others have yet to be wiped."""
    found: dict[str, tuple[int, int]] = {}
    with reading(at.engine) as connection:
        for d in list_devices(connection, asker):
            using, going = found.get(d["account_id"], (0, 0))
            asked, gone = d["wipe_asked_at"] is not None, d["wiped_at"] is not None
            found[d["account_id"]] = (using + (not asked), going + (asked and not gone))
    return found


def _all(at: House, asker: Actor) -> list[Account]:
    demand(asker, "create", "account")
    with reading(at.engine) as connection:
        return accounts.list_accounts(connection)


def _invite(at: House, asker: Actor, wanted: Invitation) -> tuple[Account, str]:
    with writing(at.engine) as connection:
        return accounts.invite(
            connection, asker, wanted.login, wanted.name or wanted.login, wanted.roles, at.now(), wanted.component,
            wanted.areas,
        )  # fmt: skip


def _link(at: House, asker: Actor, account_id: str, keep_step: bool) -> str:
    with writing(at.engine) as connection:
        return accounts.recovery_link(connection, asker, account_id, at.now(), keep_step)


def _page(request: Request, at: House, asker: Actor, problem: str = "", status: int = 200) -> Response:
    _ = words_of(request)
    rows, devices = _all(at, asker), _devices(at, asker)
    people = [
        {"account": a, "roles": role_words(_, a.roles), "areas": area_words(_, a.areas),
         "devices": devices.get(a.id, (0, 0))} for a in rows
    ]  # fmt: skip
    roles: list[Any] = [(role.value, _(text)) for role, text in ROLES.items()]
    components: list[Any] = [(c.value, _(text)) for c, text in COMPONENTS.items()]
    return show(request, "people.html", status, people=people, problem=problem, roles=roles, components=components,
                **menu(asker))  # fmt: skip


def _shown(request: Request, asker: Actor, login: str, token: str) -> Response:
    _ = words_of(request)
    address = str(request.base_url.replace(path="/link", query=f"token={token}"))
    return show(request, "shown.html", title=_("One-time link for {login}", login=login), secret=address,
                back="/people", note=_("Give it over in person. It works once and is shown only now."),
                **menu(asker))  # fmt: skip


def _out(a: Account) -> AccountOut:
    state = "closed" if a.closed_at else "open" if a.has_password else "invited"
    return AccountOut(id=a.id, login=a.login, name=a.name, roles=sorted(a.roles), component=a.component.value,
                      areas=sorted(a.areas), state=state, second_step=a.has_second_step)  # fmt: skip
