"""Opening a mission's records: SQLite inside the mission folder, or PostgreSQL by one setting.

Rooms get a `Connection` and never commit: one request, command or job is one transaction, and the door owns it
(`reading`, `writing`). On SQLite a writer takes the lock at the start (``BEGIN IMMEDIATE``), so two writers queue
instead of failing half-way; readers see the state of their start (WAL).
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event

from tocsin.core import stop
from tocsin.core.errors import SetupProblem
from tocsin.store.faults import explain

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BUSY_MS = 30_000
POOL = 20  # connections that a process keeps to PostgreSQL, once it needed them


class Present(Protocol):
    """Where the records are, and what time it is."""

    @property
    def engine(self) -> sa.Engine:
        """The records."""

    @property
    def now(self) -> Callable[[], dt.datetime]:
        """The clock."""


def open_store(url: str, create: bool = False) -> sa.Engine:
    """Engine for a mission's records.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql+psycopg://…``.
    create : bool
        Bring the schema up to date (also makes a new database).

    Raises
    ------
    SetupProblem
        If the schema is older or newer than this program and `create` is false.
    """
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
    else:  # one more than the few that are kept costs a new process of the server each time
        engine = sa.create_engine(url, pool_size=POOL, max_overflow=POOL // 2, pool_use_lifo=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    if create:
        upgrade(engine)
    return engine


def check_line(url: str) -> None:
    """Refuse a PostgreSQL on another machine unless the address says how the line to it is guarded.

    The library's own default takes a line in the clear when the other end offers no other.

    Raises
    ------
    SetupProblem
    """
    found = sa.make_url(url)
    host = str(found.query.get("host") or found.host or "")
    near = host in ("", "localhost") or host.startswith(("/", "127.")) or host == "::1"
    if found.get_backend_name() == "postgresql" and not near and "sslmode" not in found.query:
        raise SetupProblem(
            "the records are on {host}: add ?sslmode=verify-full to store.url, or ?sslmode=disable where nobody else "
            "is on that line (containers of one machine)",
            host=host,
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling is switched off; _begin_sqlite decides how each one starts.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # acknowledged means on disk, also after a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for reading; nothing it does is kept."""
    with _in_one_sentence(), engine.connect().execution_options(writes=False) as connection:
        try:
            yield connection
        finally:
            connection.rollback()


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction: kept whole when the block ends well, undone whole when it does not, or when Ctrl+C was heard."""
    with _in_one_sentence(), engine.begin() as connection:
        yield connection
        stop.check()


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    # A full disk, a damaged file, a server that is gone: said so that a person knows what to do.
    try:
        yield
    except sa.exc.DBAPIError as problem:
        told = explain(problem)
        if told is None:
            raise
        raise told from problem


def _alembic(engine: sa.Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: sa.Engine, to: str = "head") -> None:
    """Bring the schema to a revision (default: the newest)."""
    command.upgrade(_alembic(engine), to)


def downgrade(engine: sa.Engine, to: str) -> None:
    """Take the schema back to a revision."""
    command.downgrade(_alembic(engine), to)


def check_schema(engine: sa.Engine) -> None:
    """Refuse a store whose schema this program does not know.

    Raises
    ------
    SetupProblem
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_alembic(engine)).get_current_head()
    with engine.connect().execution_options(writes=False) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != head:
        raise SetupProblem(
            "the mission's records have schema {found}, this program needs {head}: run `tocsin upgrade`, "
            "or use the program version that wrote them",
            found=found or "none",
            head=head,
        )
