"""The migrations make exactly the tables the code declares, on both databases, and can be taken back."""

import importlib
import pkgutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import tocsin
from tocsin.core.errors import SetupProblem
from tocsin.store.database import check_schema, downgrade, metadata, open_store, upgrade


def load_all_tables() -> None:
    for module in pkgutil.walk_packages(tocsin.__path__, "tocsin."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 't.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_code_and_migrations_agree(url: str) -> None:
    load_all_tables()
    engine = open_store(url, create=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        changes = [c for c in compare_metadata(context, metadata) if "modify_comment" not in str(c)]
        assert changes == []
    engine.dispose()


def test_up_down_up(url: str) -> None:
    engine = open_store(url, create=True)
    downgrade(engine, "base")
    with engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    upgrade(engine)
    check_schema(engine)
    engine.dispose()


def test_a_store_of_another_schema_is_refused_with_what_to_do(url: str) -> None:
    engine = open_store(url, create=True)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupProblem, match="tocsin upgrade"):
        check_schema(engine)
    engine.dispose()
