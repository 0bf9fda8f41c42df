"""What every command shares: where the mission is, how to answer, progress, and errors as exit codes."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.core import errors
from tocsin.core.progress import Progress

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tocsin.core.mission import Mission

MissionOption = Annotated[
    Path | None, typer.Option("--mission", help="Mission folder. Default: the one you are in.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output, for machines.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors and the answer.")]

# What an exit code means; the table is in docs/commands.md. 1 is an error of ours, 2 wrong usage (Typer).
EXIT_CODES: dict[type[errors.TocsinError], int] = {
    errors.BadInput: 3,
    errors.NotFound: 4,
    errors.Conflict: 5,
    errors.Forbidden: 6,
    errors.NoData: 7,
    errors.Infeasible: 8,
    errors.SetupProblem: 9,
    errors.TocsinError: 1,
}
STOPPED = 130  # as a shell counts Ctrl+C


@dataclass
class Defaults:
    """Options given before the command."""

    mission: Path | None = None
    as_json: bool = False
    quiet: bool = False


@dataclass
class Answer:
    """How one command talks: `show` for people, `give` for the result."""

    mission_folder: Path | None
    as_json: bool
    quiet: bool
    _bar: Any = field(default=None, repr=False)

    def folder(self) -> Path:
        """Folder to look for the mission in."""
        return self.mission_folder if self.mission_folder is not None else Path.cwd()

    def show(self, text: str = "") -> None:
        """A line for people; not with --json or --quiet."""
        if not (self.as_json or self.quiet):
            typer.echo(text)

    def table(self, title: str, header: list[str], rows: list[list[str]]) -> None:
        """A table for people; not with --json or --quiet."""
        if self.as_json or self.quiet:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for i, name in enumerate(header):
            numeric = bool(rows) and all(r[i][:1].isdigit() or r[i] in ("", "–") for r in rows)
            table.add_column(name, justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        # Into a pipe or file nothing is cut off; on a screen the table fits it.
        Console(width=None if sys.stdout.isatty() else 160).print(table)

    def give(self, result: dict[str, Any]) -> None:
        """The result for machines, if they asked."""
        if self.as_json:
            typer.echo(json.dumps(result, ensure_ascii=not _is_utf8(sys.stdout), indent=2, allow_nan=False))

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress line on standard error while long work runs."""
        if self.as_json or self.quiet or not sys.stderr.isatty():
            yield lambda step, done, total=None: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(),
                   TimeElapsedColumn())  # fmt: skip
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            tasks: dict[str, Any] = {}

            def tell(step: str, done: float, total: float | None = None) -> None:
                if step not in tasks:
                    tasks[step] = bars.add_task(step, total=total)
                bars.update(tasks[step], completed=done, total=total)

            yield tell


def answer(context: typer.Context, mission: Path | None = None, as_json: bool = False, quiet: bool = False) -> Answer:
    """The command's way to talk, from its own options and those before it."""
    given: Defaults = context.obj or Defaults()
    return Answer(mission or given.mission, as_json or given.as_json, quiet or given.quiet)


def group(app: typer.Typer, name: str, command: Callable[..., None]) -> typer.Typer:
    """A command that may stand alone or before the name of another one, to which its common options pass."""
    made = typer.Typer(name=name, rich_markup_mode=None, help=command.__doc__)

    @functools.wraps(command)
    def alone(context: typer.Context, *values: Any, **options: Any) -> None:
        if context.invoked_subcommand is None:
            command(context, *values, **options)
            return
        given: Defaults = context.obj or Defaults()
        context.obj = Defaults(
            options.get("mission") or given.mission, options.get("as_json", False) or given.as_json,
            options.get("quiet", False) or given.quiet,
        )  # fmt: skip

    made.callback(invoke_without_command=True)(alone)
    app.add_typer(made)
    return made


def records(home: "Mission") -> "Engine":
    """The mission's records, opened; refused with what to do if another program version wrote them."""
    from tocsin.store.database import check_schema, open_store

    engine = open_store(home.store_url)
    check_schema(engine)
    return engine


def _loaded(problem: Exception, module: str, name: str) -> bool:
    """Whether an error is of a package's class; without importing the package for commands that do not use it."""
    package = sys.modules.get(module)
    return package is not None and isinstance(problem, getattr(package, name))


def _sentence(problem: Exception) -> tuple[str, str, int] | None:
    """Class, sentence and exit code of an error that is not a bug of ours; None if it may be one."""
    if isinstance(problem, errors.TocsinError):
        code = next(EXIT_CODES[kind] for kind in type(problem).__mro__ if kind in EXIT_CODES)
        return problem.code, str(problem), code
    why = (str(getattr(problem, "orig", None) or problem).strip().splitlines() or [type(problem).__name__])[0]
    if _loaded(problem, "sqlalchemy.exc", "SQLAlchemyError"):
        sentence = (
            f"the mission's records cannot be used ({why}): nothing was changed; see that the disk has room, "
            "no other program holds them and the server runs, or restore a copy"
        )
    elif isinstance(problem, OSError):
        where = f"{problem.filename} cannot" if problem.filename else "a file cannot"
        sentence = f"{where} be read or written ({problem.strerror or why}); see that it is yours and the disk has room"
    elif _loaded(problem, "duckdb", "IOException"):
        sentence = f"a table cannot be read or written ({why}); see that the disk has room"
    else:
        return None
    return errors.SetupProblem.code, sentence, EXIT_CODES[errors.SetupProblem]


def guarded(work: Callable[[], Any], as_json: bool) -> int:
    """Run and turn errors meant for people into one sentence and an exit code; `work` may return an exit code."""
    _speak_safely()

    def tell(kind: str, sentence: str) -> None:
        try:
            if as_json:
                typer.echo(json.dumps({"error": kind, "message": sentence}, ensure_ascii=not _is_utf8(sys.stdout)))
            sys.stdout.flush()
        except OSError:  # there was no room for the answer, and there is none for saying so
            _forget_stdout()

    def stopped() -> int:
        tell("stopped", "stopped; what was not finished was not kept")
        typer.echo("tocsin: stopped; what was not finished was not kept", err=True)
        return STOPPED

    try:
        code = work()
        sys.stdout.flush()
        if code == STOPPED:  # Typer turns Ctrl+C into this
            return stopped()
        return code if isinstance(code, int) else 0
    except typer.TyperException as problem:  # wrong usage
        tell("usage", problem.format_message())
        show = getattr(problem, "show", None)
        if show is not None:
            show()
        return problem.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return stopped()
    except (BrokenPipeError, SystemExit):  # Typer and Rich leave by the latter when nobody reads any more
        _forget_stdout()
        return 0
    except Exception as problem:
        told = _sentence(problem)
        if told is None:
            raise
        kind, sentence, code = told
        tell(kind, sentence)
        typer.echo(f"tocsin: {sentence}", err=True)
        return code


def _is_utf8(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _speak_safely() -> None:
    """A terminal that cannot show a letter shows a question mark; the command does not fail over it."""
    for stream in (sys.stdout, sys.stderr):
        if not _is_utf8(stream) and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _forget_stdout() -> None:
    """Whoever read our answer has left: nothing more is written, not even when Python closes."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
