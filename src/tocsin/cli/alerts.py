"""Commands for community reports and alerts, under ``tocsin listen``."""

import typer

from tocsin.cli import gateways

listen_app = typer.Typer(help="Community reports and alerts: gateways, queues, what to do with them.",
                         no_args_is_help=True)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    gateways.register(listen_app)
    app.add_typer(listen_app, name="listen")
