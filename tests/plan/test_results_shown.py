"""What commands wrote down, as the room shows it: the tables of the real results, downloads, and who may read them."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from tests.conftest import NOW
from tests.learn.policing.test_police import LOG
from tests.plan.liaison.test_liaison import asked as liaison
from tests.plan.partners.test_partners import files as partners
from tests.plan.people.test_staffing import files as people
from tests.store.conftest import person

from tocsin.core.codes import Role
from tocsin.core.errors import Forbidden, NoData, NotFound
from tocsin.store import open_store, reading
from tocsin.store.tables import audit
from tocsin.web.api.results import TABLES, download, result

PLANNER = person(Role.PLANNER)


@pytest.fixture
def at(planned):
    engine = open_store(planned.store_url)
    yield SimpleNamespace(engine=engine, now=lambda: NOW, mission=planned)
    engine.dispose()


def test_every_table_is_filled_from_what_the_command_wrote(at, tocsin, tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    told = {
        "people": tocsin(*people(tmp_path)),
        "partners": tocsin(*partners(tmp_path)),
        "liaison": tocsin(*liaison(tmp_path, "--further", "1")),
        "police": tocsin("learn", "police", "--log", tmp_path / "log.csv"),
    }
    filled = set()
    for kind, made in told.items():
        shown = result(at, PLANNER, kind)
        assert shown.run == made["run"]
        assert all(v is not None for v in shown.facts.values()), kind
        for table in shown.tables:
            assert all(len(r) == len(table.columns) for r in table.rows)
            known = {c for r in table.rows for c, v in zip(table.columns, r, strict=True) if v is not None}
            if table.rows:
                filled.add((kind, table.name))
                assert len(known) >= len(table.columns) - 1, (kind, table.name, known)
            csv = download(at, PLANNER, kind, table.name).body.decode("utf-8-sig")
            assert len(csv.splitlines()) == len(table.rows) + 1 or any("\n" in str(v) for r in table.rows for v in r)
    assert len(filled) >= len([t for k in TABLES for t in TABLES[k]]) - 3
    pairs = {r[0]: r[1] for r in result(at, PLANNER, "people").tables[0].rows}
    assert pairs["east"] == "U1"
    with reading(at.engine) as connection:
        taken = connection.execute(sa.select(audit.c.object_id).where(audit.c.what == "table.download")).scalars().all()
    assert "people.pairs" in taken


def test_who_may_not_read_runs_and_what_is_not_there(at):
    for role in (Role.PARTNER, Role.POLICE, Role.LIAISON_ASSISTANT, Role.READ_ONLY):
        with pytest.raises(Forbidden):
            result(at, person(role), "people")
        with pytest.raises(Forbidden):
            download(at, person(role), "people", "pairs")
    with pytest.raises(NoData, match="tocsin plan people"):
        result(at, PLANNER, "people")
    with pytest.raises(NotFound, match="pairs"):
        download(at, PLANNER, "people", "other")
