"""Commands that make and serve a mission: demo, serve."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("demo")(demo)
    app.command("serve")(serve)


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
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8510,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the mission's brief and tables on 127.0.0.1, for this machine only."""
    import socket
    import sys

    import uvicorn

    from tocsin.core.errors import Conflict
    from tocsin.core.mission import find
    from tocsin.web.app import make_app

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except OSError as problem:
        raise Conflict(
            "port {port} is taken ({why}): choose another with --port", port=port, why=problem.strerror
        ) from None
    address = f"http://127.0.0.1:{door.getsockname()[1]}/"
    talk.show(f"{home.name} is at {address} (stop with Ctrl+C)")
    talk.give({"mission": home.name, "address": address})
    sys.setswitchinterval(0.001)  # who answers must not wait 5 ms for each thread that reads or writes
    # No access log: addresses of gateways hold their secrets. Live streams are cut after five seconds.
    config = uvicorn.Config(
        make_app(home), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[door])
