"""An empty store on each database, keys, a mission, and people of every role."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, SQUARE
from tocsin.core import mission as missions
from tocsin.core.codes import Component, Role
from tocsin.core.mission import Mission
from tocsin.store import open_store, writing
from tocsin.store.keys import KeyRing, open_keys
from tocsin.store.policy import Actor


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store of today's schema, to copy: faster than migrating for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{path}", create=True).dispose()
    return path


@pytest.fixture(scope="session")
def empty_database(postgres: str) -> str:
    """Name of a PostgreSQL database of today's schema, to copy."""
    with _admin(postgres) as connection:
        name = f"empty{next(_number)}"  # a folder of tests that borrows this fixture makes its own
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    open_store(f"{postgres}/{name}", create=True).dispose()
    return name


@contextlib.contextmanager
def _admin(postgres: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _drop(postgres: str, name: str) -> None:
    """Databases of tests that are over fill the memory the server lives in."""
    with _admin(postgres) as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


_number = iter(range(1_000_000))


def copy_of_empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Address of a fresh store with today's schema on one of the databases."""
    if kind == "postgres":
        postgres, template = request.getfixturevalue("postgres"), request.getfixturevalue("empty_database")
        name = f"s{next(_number)}"
        with _admin(postgres) as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        request.addfinalizer(lambda: _drop(postgres, name))
        return f"{postgres}/{name}"
    path = tmp_path / f"tocsin{next(_number)}.db"
    shutil.copy(request.getfixturevalue("empty_file"), path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    return copy_of_empty(request.param, tmp_path, request)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    made = open_store(url)
    yield made
    made.dispose()


@pytest.fixture
def keys(engine: sa.Engine, tmp_path: Path) -> KeyRing:
    with writing(engine) as connection:
        return open_keys(connection, tmp_path / "keys", NOW)


@pytest.fixture
def mission(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mission:
    """A mission folder whose records are an empty store of either kind, and whose keys lie elsewhere."""
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))
    return mission_in(tmp_path, url)


def mission_in(folder: Path, url: str) -> Mission:
    """A mission folder whose records are a store that is there."""
    home = square(folder / "mission")
    if url.startswith("sqlite"):
        shutil.move(url.removeprefix("sqlite:///"), home.folder / "tocsin.db")
        return home
    settings = home.folder / "tocsin.toml"
    settings.write_text(settings.read_text() + f'url = "{url}"\n')
    return missions.load(home.folder)


def square(folder: Path) -> Mission:
    """A mission folder without records."""
    area = folder.with_suffix(".geojson")
    area.write_text(json.dumps(SQUARE))
    return missions.create(folder, str(area), "Square", (6, 7, 8))


def import_every_table() -> None:
    """Import each room's tables, so that the metadata are whole."""
    import importlib
    import pkgutil

    import tocsin

    for module in pkgutil.walk_packages(tocsin.__path__, "tocsin."):
        if module.name.rsplit(".", 1)[-1] == "tables":
            importlib.import_module(module.name)


def person(role: Role, areas: set[str] | None = None, component: Component = Component.CIVILIAN, **more) -> Actor:
    return Actor(f"a-{role.value}", frozenset({role}), frozenset({"*"} if areas is None else areas), component, **more)
