"""Commands that make and serve a mission: demo, serve."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records

if TYPE_CHECKING:
    import socket

    from tocsin.core.mission import Mission
    from tocsin.web.demo import DemoDoor
    from tocsin.web.settings import Serve


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("demo")(demo)
    app.command("serve")(serve)
    app.command("door")(door)


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new folder for the mission.", metavar="DIR")],
    seed: Annotated[int | None, typer.Option(help="Another seed makes another country.")] = None,
    scenario: Annotated[Path | None, typer.Option(help="TOML file of the simulator's parameters.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a mission in a country that does not exist, by a seeded simulator."""
    from tocsin.core.time import utc_now
    from tocsin.learn.exercise.missions import make_demo

    talk = answer(context, None, as_json, quiet)
    with talk.progress() as tell:
        made = make_demo(folder, utc_now(), seed, scenario, tell)
    talk.show(f"{made.name}: {made.cells} cells, {made.events:,} events, {made.units} units in {folder} (simulated)")
    talk.show(f"Next: tocsin assess --mission {folder}, then plan and brief.")
    talk.give({"mission": made.name, "folder": str(folder), "cells": made.cells, "events": made.events,
               "units": made.units, "seed": made.seed})  # fmt: skip


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8510,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the mission to people who sign in; by default on 127.0.0.1, for this machine only."""
    from tocsin.core.mission import find
    from tocsin.store.database import check_line
    from tocsin.web.app import make_app
    from tocsin.web.serving import allow_many_connections, server, steady
    from tocsin.web.settings import serve_settings
    from tocsin.web.watch import start_log

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    settings = serve_settings(home)
    check_line(home.store_url)
    records(home).dispose()  # refused here, in one sentence, if another program version wrote them
    _check_open(home, settings)
    door = _listen(settings.address, port)
    name = f"[{settings.address}]" if ":" in settings.address else settings.address
    address = f"http://{name}:{door.getsockname()[1]}/"
    start_log(settings.log)
    app = make_app(home, settings)
    app.state.reads_apart = True  # where the records allow it
    link = _way_in(home, app.state.demo, address)
    talk.show(f"{home.name} is at {address} (stop with Ctrl+C)")
    if link and app.state.demo:
        talk.show(f"The country is made up. Open this link once to look at it:\n  {link}")
    elif link:
        talk.show(f"Nobody may sign in yet. This link makes the first administrator; it works once:\n  {link}")
    talk.give({"mission": home.name, "address": address, "link": link})
    steady()
    allow_many_connections()
    server(app).run(sockets=[door])


def door(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="As people type it: https://tocsin.example.org", metavar="URL")],
    ca: Annotated[Path | None, typer.Option(help="Certificate of an authority of one's own.", metavar="FILE")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Look at the https proxy before a door from outside: certificate, old versions, weak suites, what it hides."""
    from tocsin.core.errors import SetupProblem
    from tocsin.core.time import utc_now
    from tocsin.web.line import look_at

    talk = answer(context, None, as_json, quiet)
    found = look_at(url, utc_now(), ca)
    for one in found:
        talk.show(f"{'ok ' if one.good else '?  ' if one.good is None else 'NOT'} {one.what}: {one.told}")
    talk.give({"url": url, "findings": [asdict(one) for one in found]})
    bad = [one.what for one in found if one.good is False]
    if bad:
        raise SetupProblem("{url} does not hold: {what}; see docs/deploy.md", url=url, what="; ".join(bad))


def _listen(address: str, port: int) -> "socket.socket":
    import socket

    from tocsin.core.errors import Conflict

    door = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((address, port))
    except OSError as problem:
        raise Conflict(
            "port {port} is taken ({why}): choose another with --port", port=port, why=problem.strerror
        ) from None
    return door


def _check_open(home: "Mission", settings: "Serve") -> None:
    """Refuse to stand on a network without names, an https proxy and somebody who may sign in."""
    from tocsin.core.errors import SetupProblem
    from tocsin.store import reading
    from tocsin.store.accounts import any_password

    if settings.is_local:
        return
    missing = [f"[serve] {name}" for name in ("hosts", "trusted_proxies") if not getattr(settings, name)]
    with reading(records(home)) as connection:
        if not any_password(connection):
            missing.append("an account (serve on 127.0.0.1 first)")
    if missing:
        raise SetupProblem(
            "to listen on {address} the door needs {what}: see docs/deploy.md",
            address=settings.address,
            what=" and ".join(missing),
        )


def _way_in(home: "Mission", demo: "DemoDoor | None", address: str) -> str | None:
    """A link for whoever starts a mission that nobody can sign in to yet."""
    from tocsin.core.time import utc_now
    from tocsin.store import reading, writing
    from tocsin.store.accounts import any_password, first_link

    if demo is not None:
        return f"{address}demo?token={demo.token}"
    engine = records(home)
    with reading(engine) as connection:
        if any_password(connection):
            return None
    with writing(engine) as connection:
        return f"{address}link?token={first_link(connection, 'administrator', utc_now())}"
