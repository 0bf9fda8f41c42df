"""Fixtures every room uses."""

import contextlib
import datetime as dt
import functools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer.testing
from hypothesis import settings

from tests.servers import own_postgres, sweep
from tocsin.core.mission import Mission, load
from tocsin.listen.missions import make

ROOT = Path(__file__).resolve().parent.parent
NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)

settings.register_profile("house", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("house")


# Typer builds the whole tree of commands anew for each command that a test types: longer than most of them take.
typer.main.get_command = typer.testing._get_command = functools.cache(typer.main.get_command)


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # once, before the workers start
        sweep()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say what failed when it fails: a run that is stopped later has still said it."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid} ({report.when}) failed:\n{report.longreprtext[-6000:]}", flush=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite the expected files of golden tests")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data. Missing it fails in CI and skips elsewhere: the project works without it."""
    folder = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.exists():
        if os.environ.get("CI"):
            pytest.fail(f"real data are missing in CI: {folder}")
        pytest.skip("needs the real data folder beside the project")
    return folder


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a private PostgreSQL server that lives as long as the test session (one a test worker)."""
    with own_postgres("fsync=off", "max_wal_size=128MB", "min_wal_size=32MB") as server:
        yield server.server


@contextlib.contextmanager
def _database(postgres: str, name: str, template: str = "") -> Iterator[str]:
    """Address of a database of its own: empty, or a copy of one that nobody has open."""
    admin = sa.create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}{f' TEMPLATE {template}' if template else ''}"))
    yield f"{postgres}/{name}"
    with admin.connect() as connection, contextlib.suppress(sa.exc.SQLAlchemyError):
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _name_of(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.nodeid)) % 10**12}"


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty database of its own."""
    with _database(postgres, _name_of(request)) as url:
        yield url


SQUARE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"level": 1, "code": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 5], [x + 1, 5], [x + 1, 7], [x, 7], [x, 5]]]},
        }
        for code, name, x in (("W", "West", 20), ("E", "East", 21))
    ],
}


@pytest.fixture(scope="session")
def _small_made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A square mission whose records are at an address ("": in its folder), made when first asked for, to copy."""

    @functools.cache
    def made(url: str) -> Path:
        top = tmp_path_factory.mktemp("small")
        area = top / "square.geojson"
        area.write_text(json.dumps(SQUARE))
        make(top / "mission", str(area), "Square", (6, 7, 8), url)
        return top / "mission"

    return made


@pytest.fixture(params=["sqlite", "postgres"])
def small_mission(
    tmp_path: Path, request: pytest.FixtureRequest, _small_made: Callable[[str], Path]
) -> Iterator[Mission]:
    """A square country of 4 × 4 cells and two provinces, with records on each database."""
    folder, first = tmp_path / "mission", ""
    if request.param == "postgres":
        first = request.getfixturevalue("_small_database")
    shutil.copytree(_small_made(first), folder)
    if not first:
        yield load(folder)
        return
    server, _, template = first.rpartition("/")
    with _database(server, _name_of(request), template) as url:
        settings = folder / "tocsin.toml"
        settings.write_text(settings.read_text().replace(first, url))
        yield load(folder)


@pytest.fixture(scope="session")
def _small_database(postgres: str) -> Iterator[str]:
    with _database(postgres, "small") as url:
        yield url


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, bytes]]:
    """Everything in a folder, byte by byte, but SQLite's own log files."""

    def take(folder: Path) -> dict[str, bytes]:
        skip = ("-wal", "-shm")
        return {
            str(p.relative_to(folder)): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file() and not p.name.endswith(skip)
        }

    return take
