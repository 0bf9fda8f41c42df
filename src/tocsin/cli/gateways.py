"""Commands for the ways reports come in: listen gateway add, list, close, rotate."""

import json
from typing import Annotated, Any

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer
from tocsin.cli.store import changing, home_of, looking
from tocsin.core.errors import BadInput

gateway_app = typer.Typer(help="Ways reports come in: SMS gateways, forms, radio.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Short name of the gateway, for example sms-bria.", metavar="NAME")]
SecretOption = Annotated[
    bool, typer.Option("--secret", help="Ask for the provider's own secret (Twilio's token, httpSMS's key).")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (add, list_, close, rotate):
        gateway_app.command(command.__name__.rstrip("_"))(command)
    app.add_typer(gateway_app, name="gateway")


def add(
    context: typer.Context,
    name: Name,
    provider: Annotated[str, typer.Option(help="twilio, africastalking, smssync, httpsms, smsgateway, kobo …")],
    allow: Annotated[list[str] | None, typer.Option(help="Network it may call from (CIDR); may be repeated.")] = None,
    heartbeat: Annotated[int | None, typer.Option(help="Minutes; silent for longer is a notice.")] = None,
    country_code: Annotated[str, typer.Option(help="For numbers written as at home, e.g. 236.")] = "",
    address: Annotated[str, typer.Option(help="Public address of this server, e.g. https://poc.example.org")] = "",
    user: Annotated[str, typer.Option(help="User name for Basic authorisation. Default: tocsin.")] = "",
    secret: SecretOption = False,
    sends: Annotated[bool, typer.Option("--sends", help="Messages go out by it too.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Open a gateway: prints its address and secret, this once."""
    from tocsin.core.time import utc_now
    from tocsin.listen.alerts import gateways
    from tocsin.store.accounts import CONSOLE
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    given = {"country_code": country_code, "address": address, "user": user}
    with changing(home) as connection:
        made = gateways.add(
            connection, open_keys(connection, folder, utc_now()), CONSOLE, name, provider, utc_now(),
            secret=_secret(secret), allowed=allow or (), settings={k: v for k, v in given.items() if v},
            heartbeat_minutes=heartbeat, sends=sends,
        )  # fmt: skip
    _show(talk, made, address)


def list_(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List gateways: what each took, refused, and when it was last heard."""
    from tocsin.listen.alerts import gateways
    from tocsin.store.accounts import CONSOLE

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = gateways.list_gateways(connection, CONSOLE)
    header = ["name", "provider", "accepted", "repeated", "refused", "unreadable", "last heard"]
    cells = [
        [r["id"], r["provider"], *(f"{r[k]:,}" for k in header[2:6]), str(r["heard_at"] or "never")[:19]]
        for r in rows
        if r["closed_at"] is None
    ]
    talk.table("Gateways", header, cells)
    talk.give({"gateways": json.loads(json.dumps(rows, default=str))})


def close(
    context: typer.Context,
    name: Name,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Close a gateway: it is refused from now on."""
    from tocsin.core.time import utc_now
    from tocsin.listen.alerts import gateways
    from tocsin.store.accounts import CONSOLE

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        gateways.close(connection, CONSOLE, name, utc_now())
    talk.show(f"{name} is closed")
    talk.give({"gateway": name, "closed": True})


def rotate(
    context: typer.Context,
    name: Name,
    secret: SecretOption = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="The old secret stops working now.")] = False,
    new_path: Annotated[bool, typer.Option("--new-path", help="A new address too; the old one stops now.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a gateway a new secret; the old one holds beside it until the next change."""
    from tocsin.core.time import utc_now
    from tocsin.listen.alerts import gateways
    from tocsin.store.accounts import CONSOLE
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    with changing(home) as connection:
        made = gateways.rotate(
            connection, open_keys(connection, folder, utc_now()), CONSOLE, name, utc_now(),
            secret=_secret(secret), keep_old=not drop_old, new_path=new_path,
        )  # fmt: skip
    _show(talk, made, "")


def _secret(asked: bool) -> str:
    if not asked:
        return ""
    given: str = typer.prompt("The provider's secret", hide_input=True, err=True)
    if not given.strip():
        raise BadInput("no secret was given")
    return given.strip()


def _show(talk: Answer, made: Any, address: str) -> None:
    base = address.rstrip("/") or "https://YOUR-SERVER"
    if made.path:
        talk.show(f"Address: {base}/in/{made.id}/{made.path}")
    if made.secret:
        talk.show(f"Secret:  {made.secret}")
    talk.show("Shown this once. How to set it up at the provider: docs/intake.md")
    talk.give({"gateway": made.id, "provider": made.provider, "path": f"/in/{made.id}/{made.path}" if made.path else "",
               "secret": made.secret})  # fmt: skip
