"""What every command shares: where the mission is, how to answer, progress, and errors as exit codes."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
            typer.echo(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False))

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


def records(home: "Mission") -> "Engine":
    """The mission's records, opened; refused with what to do if another program version wrote them."""
    from tocsin.store.database import check_schema, open_store

    engine = open_store(home.store_url)
    check_schema(engine)
    return engine


def _is_database_error(problem: Exception) -> bool:
    """Whether an error comes from the database; without importing it for commands that use none."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return loaded is not None and isinstance(problem, loaded.SQLAlchemyError)


def guarded(work: Callable[[], None], as_json: bool) -> int:
    """Run and turn errors meant for people into one sentence and an exit code."""
    try:
        work()
    except errors.TocsinError as problem:
        code = next(EXIT_CODES[kind] for kind in type(problem).__mro__ if kind in EXIT_CODES)
        if as_json:
            typer.echo(json.dumps({"error": problem.code, "message": str(problem)}, ensure_ascii=False))
        typer.echo(f"tocsin: {problem}", err=True)
        return code
    except BrokenPipeError:
        return 0
    except Exception as problem:
        if not _is_database_error(problem):
            raise
        why = str(getattr(problem, "orig", None) or problem).strip().splitlines()[0]
        typer.echo(
            f"tocsin: the mission's records cannot be used ({why}): nothing was changed; see that the disk has room, "
            "no other program holds them and the server runs, or restore a copy",
            err=True,
        )
        return EXIT_CODES[errors.SetupProblem]
    return 0
