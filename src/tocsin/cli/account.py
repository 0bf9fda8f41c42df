"""Commands for the people who may sign in: account first, invite, link, enter, list, rights, close, sessions, end."""

from typing import Annotated, Any

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer
from tocsin.cli.store import changing, home_of, looking
from tocsin.core.codes import Component, Role
from tocsin.core.errors import BadInput

account_app = typer.Typer(help="People who may sign in.", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="What the person types to sign in.", metavar="LOGIN")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    for command in (first, invite, link, enter, list_, rights, close, sessions, end):
        account_app.command(command.__name__.rstrip("_"))(command)
    app.add_typer(account_app, name="account")


def first(
    context: typer.Context,
    login: Login,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the first administrator: prints a one-time token for `tocsin account enter`."""
    from tocsin.core.time import utc_now
    from tocsin.store.accounts import first_link

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        token = first_link(connection, login, utc_now())
    _give_token(talk, login, token, "one day")


def invite(
    context: typer.Context,
    login: Login,
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    name: Annotated[str, typer.Option(help="The person's name as others see it.")] = "",
    area: Annotated[
        list[str] | None, typer.Option(help="Code of an area; may be repeated. Default: everywhere.")
    ] = None,
    component: Annotated[Component, typer.Option(help="Part of the mission.")] = Component.CIVILIAN,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make an account: prints a one-time token with which the person sets a password."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts
    from tocsin.store.policy import EVERYWHERE

    talk = answer(context, mission, as_json, quiet)
    areas = frozenset(area) if area else EVERYWHERE
    with changing(home_of(talk)[0]) as connection:
        _, token = accounts.invite(
            connection, accounts.CONSOLE, login, name or login, role, utc_now(), component, areas
        )
    _give_token(talk, login, token, "three days")


def link(
    context: typer.Context,
    login: Login,
    keep_step: Annotated[
        bool, typer.Option("--keep-step", help="Codes and passkeys stay: only the password was forgotten.")
    ] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Recovery: a one-time token that sets a new password, ends all sessions and takes the second step away."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        found = accounts.find_account(connection, login)
        token = accounts.recovery_link(connection, accounts.CONSOLE, found.id, utc_now(), keep_step)
    _give_token(talk, login, token, "one hour")


def enter(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Use a one-time token: asks for it and for the new password (or reads both, a line each, from a pipe)."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    token = typer.prompt("One-time token", hide_input=True, err=True)
    password = typer.prompt("New password", hide_input=True, err=True)
    with changing(home) as connection:
        made = accounts.take_up(connection, token.strip(), password, utc_now())
    talk.show(f"{made.login} may sign in now")
    talk.give({"login": made.login, "id": made.id})


def list_(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List accounts."""
    from tocsin.store.accounts import list_accounts

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        found = list_accounts(connection)
    rows: list[dict[str, Any]] = [
        {"login": a.login, "name": a.name, "id": a.id, "roles": sorted(a.roles), "component": a.component.value,
         "areas": sorted(a.areas), "state": "closed" if a.closed_at else "open" if a.has_password else "invited",
         "totp": a.has_totp}
        for a in found
    ]  # fmt: skip
    header = ["login", "name", "roles", "component", "areas", "state"]
    cells = [[", ".join(v) if isinstance(v := r[k], list) else str(v) for k in header] for r in rows]
    talk.table("Accounts", header, cells)
    talk.give({"accounts": rows})


def rights(
    context: typer.Context,
    login: Login,
    role: Annotated[list[Role] | None, typer.Option(help="New roles, in place of the old.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="New areas, in place of the old; * is everywhere.")] = None,
    component: Annotated[Component | None, typer.Option(help="Part of the mission.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give an account other roles, areas or component."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts

    talk = answer(context, mission, as_json, quiet)
    if not (role or area or component):
        raise BadInput("say what to change: --role, --area or --component")
    with changing(home_of(talk)[0]) as connection:
        found = accounts.find_account(connection, login)
        made = accounts.change_rights(connection, accounts.CONSOLE, found.id, utc_now(), role, component, area)
    talk.show(
        f"{made.login}: {', '.join(sorted(made.roles))}; {made.component.value}; areas {', '.join(sorted(made.areas))}"
    )
    talk.give({"login": made.login, "roles": sorted(made.roles), "areas": sorted(made.areas)})


def close(
    context: typer.Context,
    login: Login,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Close an account; what it did stays in the audit trail."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        accounts.close(connection, accounts.CONSOLE, accounts.find_account(connection, login).id, utc_now())
    talk.show(f"{login} is closed; its sessions and tokens have ended")
    talk.give({"login": login, "closed": True})


def sessions(
    context: typer.Context,
    login: Login,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the sessions of an account."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts
    from tocsin.store.sessions import list_sessions

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        found = accounts.find_account(connection, login)
        rows = list_sessions(connection, accounts.CONSOLE, utc_now(), found.id)
    day = "%Y-%m-%d %H:%M"
    cells = [[s.id, s.client, s.made_at.strftime(day), s.seen_at.strftime(day)] for s in rows]
    talk.table("Sessions", ["id", "client", "since", "last seen"], cells)
    talk.give({"sessions": [{"id": s.id, "client": s.client, "since": s.made_at.isoformat()} for s in rows]})


def end(
    context: typer.Context,
    login: Login,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """End all sessions, API tokens and known devices of an account."""
    from tocsin.core.time import utc_now
    from tocsin.store import accounts
    from tocsin.store.audit import Entry, record

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        found = accounts.find_account(connection, login)
        count = accounts.end_everything(connection, found.id, utc_now())
        record(
            connection, utc_now(), Entry(accounts.CONSOLE.id, "session.end", "account", found.id, details={"n": count})
        )
    talk.show(f"{count} sessions of {login} ended")
    talk.give({"login": login, "ended": count})


def _give_token(talk: Answer, login: str, token: str, life: str) -> None:
    talk.show(f"One-time token for {login}, good for {life}; give it over in person, it is shown only now:")
    talk.show(f"  {token}")
    talk.show("The person runs `tocsin account enter`, or opens it in the program's page.")
    talk.give({"login": login, "token": token})
