"""The command line: ``tocsin COMMAND``. Commands are thin: parse, call one service, show."""

import sys

import typer

from tocsin import __version__
from tocsin.cli import account, act, alerts, assess, brief, learn, listen, plan, serve, store, why
from tocsin.cli.output import Defaults, JsonOption, MissionOption, QuietOption, guarded
from tocsin.core import stop

app = typer.Typer(
    name="tocsin",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Protection of civilians: listen, assess, plan, act, learn. Start with `tocsin init DIR --area CAF`, "
    "or with `tocsin demo DIR` for a mission that is made up.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tocsin {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_version, is_eager=True),
) -> None:
    """Options that stand before a command hold for it."""
    context.obj = Defaults(mission, as_json, quiet)


for room in (listen, alerts, assess, why, plan, act, learn, brief, serve, store, account):
    room.register(app)


def run() -> None:
    """Entry point of the ``tocsin`` command."""
    stop.listen()
    sys.exit(guarded(lambda: app(standalone_mode=False), as_json="--json" in sys.argv))


if __name__ == "__main__":
    run()
