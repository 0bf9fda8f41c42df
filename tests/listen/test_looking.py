"""Looking at a file before it is imported: what the look says is what the import does, and the look changes nothing."""

import csv
import gzip
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.listen import ged
from tests.listen.test_odd_values import ACLED
from tests.store.conftest import copy_of_empty, mission_in
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.listen.files.spreadsheet import harmless
from tocsin.listen.imports import LAYOUTS, Looked, Reading, actions, import_as, look_at
from tocsin.listen.imports.columns import guess, missing, plain, renamed
from tocsin.store import metadata, open_store, reading, writing

EVENT = "{id},2018-06-0{d},1,Violence against civilians,A,3,B,7,5.25,{lon},1,{n},Civilian targeting,140\n"
PKO = (
    "mission,year,month,location,latitude,longitude,no.troops\nM,2019,3,L,5,20,{n}\nM,2019,3,K,5,20,unknown\n"
    "M,x,3,K,5,2,1\n"
)
UNIT = "A,base,5,20,2019-01\n"
TWICE = [ged.row(1), ged.row(2), ged.row(2), ged.row(2, best=9), ged.row(3, best="?")]
TWO = EVENT.format(id="C1", d=1, lon=20, n=1) + EVENT.format(id="C2", d=2, lon=999, n=1)
# In this order, each with what it adds to those before: new, corrected, known, rejected.
FILES = {
    "GEDEvent_v19_1.csv": (ged.text(TWICE), (2, 0, 1, 2)),
    "GEDEvent_v20_1.csv": (ged.text([ged.row(1), ged.row(2, best=7), ged.row(4)]), (1, 1, 1, 0)),
    "GEDEvent_v20_1 bare.csv": (ged.text([ged.row(1), ged.row(5, best=7)], header=False), (1, 0, 1, 0)),
    "acled.csv": (ACLED + TWO, (1, 0, 0, 1)),
    "deleted.csv": ("event_id_cnty,deleted_timestamp\nC1,1\nc1,1\nC9,1\n,1\n", (0, 1, 2, 1)),
    "deleted again.csv": ("event_id_cnty,deleted_timestamp\nC1,2\n", (0, 0, 1, 0)),
    "pko.csv": (PKO.format(n=100), (2, 0, 0, 1)),
    "pko later.csv": (PKO.format(n=120), (0, 1, 1, 1)),
    "units.csv": (f"name,kind,latitude,longitude,from\n{UNIT}{UNIT}B,base,5,20,\n", (1, 0, 1, 1)),
    "people.csv": ("priogrid_gid,population\n137201,10\n137201,11\n137202,-1\n", (1, 0, 0, 2)),
    "places.csv": ("pcode,name,lon,lat\nP1,A,20,5\nP2,B,20,5\nP1,C,20,5\n,,20,5\n", (2, 1, 0, 1)),
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Mission:
    return mission_in(tmp_path, copy_of_empty(request.param, tmp_path, request))


def records(connection: sa.Connection) -> dict[str, int]:
    return {
        t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one()
        for t in metadata.sorted_tables
    }


def look(engine: sa.Engine, home: Mission, path: Path, **how) -> Looked:
    with reading(engine) as connection:
        return look_at(connection, home, path, NOW, Reading(**how), path.with_suffix(".rejects"))


@pytest.mark.parametrize("chunk", [2, 20_000])
def test_what_a_look_says_is_what_the_import_does(
    home: Mission, tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", chunk)
    engine = open_store(home.store_url)
    for name, (text, expected) in FILES.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        with reading(engine) as connection:
            before = records(connection)
        looked = look(engine, home, path)
        with reading(engine) as connection:
            assert records(connection) == before, name
        assert looked.would is not None
        with writing(engine) as connection:
            done = import_as(connection, home, path, NOW, Reading())
        assert looked.would.counts == done.counts, name
        c = done.counts
        assert (c.added, c.updated, c.unchanged, c.rejected) == expected, name
        assert (looked.would.layout, looked.would.release) == (done.layout, done.release)
        assert [len(s.values) for s in looked.samples if s.problem is None] == [len(looked.fields)] * sum(
            s.problem is None for s in looked.samples
        )
        assert (done.rejects_file is None) == (c.rejected == 0) == (not path.with_suffix(".rejects").exists())
        if done.rejects_file:
            kept = (home.folder / done.rejects_file).read_text(encoding="utf-8")
            assert kept == path.with_suffix(".rejects").read_text(encoding="utf-8")
            rows = list(csv.reader(kept.splitlines()))
            assert [int(row[0]) for row in rows[1:]] == [line for line, _ in looked.rejects]
            whole = list(csv.reader(text.splitlines()))
            assert all(row[2:] == [harmless(f) for f in whole[int(row[0]) - 1]] for row in rows[1:]), "rows whole"
        again = look(engine, home, path)
        assert again.would is not None
        assert again.would.known_already
        assert again.would.counts.added == again.would.counts.updated == 0
    engine.dispose()


def test_columns_under_other_names_are_put_in_place(home: Mission, tmp_path: Path) -> None:
    engine = open_store(home.store_url)
    path = tmp_path / "file"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write("Localité,X,Y,lat,Préfecture\nBria,20.5,6.5,wrong,Haute-Kotto\n")
    unknown = look(engine, home, path, called="lieux.csv.gz", layout="units")
    assert unknown.lacking == ["kind", "from"]
    assert unknown.would is None
    assert unknown.examples[0] == ["Bria"]
    first = look(engine, home, path, called="lieux.csv.gz")
    assert first.layout == "places"
    assert first.chosen == {"name": "Localité", "lon": "X", "lat": "lat", "admin1": "Préfecture"}
    assert first.samples[0].problem == "name, lon, lat or population is not usable"
    better = Reading("lieux.csv.gz", "places", columns={**first.chosen, "lat": "Y"})
    with writing(engine) as connection:
        assert import_as(connection, home, path, NOW, better).counts.added == 1
        assert import_as(connection, home, path, NOW, better).known_already
    for wrong, says in (
        ({"name": "Localité", "lon": "X", "lat": "X"}, "chosen twice"),
        ({"name": "Nom"}, "no column 'Nom'"),
        ({"height": "X"}, "is no column of"),
    ):
        with pytest.raises(BadInput, match=says):
            look(engine, home, path, called="lieux.csv.gz", layout="places", columns=wrong)
    with pytest.raises(BadInput, match="fixed names"):
        look(engine, home, path, called="lieux.csv.gz", layout="ucdp-ged", columns={"id": "X"})
    assert look(engine, home, ged_file(tmp_path), columns=None).chosen == {}
    engine.dispose()


def ged_file(folder: Path) -> Path:
    return ged.write(folder / "GEDEvent_v19_1.csv", [ged.row(1)])


@given(st.lists(st.text(max_size=12), max_size=12), st.sampled_from([n for n, of in LAYOUTS.items() if of.needed]))
def test_a_guess_gives_no_column_twice_and_can_always_be_put_in_place(first: list[str], name: str) -> None:
    layout = LAYOUTS[name]
    found = guess(layout, first)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(first)
    made = renamed(layout, first, found)
    assert len(made) == len(first)
    assert set(missing(layout, made)) == set(layout.needed) - set(found)
    assert all(plain(made[first.index(column)]) == plain(field) for field, column in found.items())


@given(st.text(max_size=20))
def test_nothing_that_is_written_for_a_spreadsheet_is_run_by_one(text: str) -> None:
    told = harmless(text)
    assert told in (text, "'" + text)
    start = told.lstrip()[:1]
    assert start not in ("=", "+", "@", "=", "+", "@", "-") or told == text
    assert start != "-" or float(told) <= 0


def test_columns_are_chosen_at_the_command_line_too(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from tocsin.cli.main import app

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))
        home = mission_in(tmp_path, f"sqlite:///{fresh(tmp_path)}")
        path = tmp_path / "towns.csv"
        path.write_text("Town,E,N\nBria,20.5,6.5\n")
        words = ["import", str(path), "--as", "places", "--mission", str(home.folder)]
        pairs = [part for pair in ("name=Town", "lon=E", "lat=N") for part in ("--column", pair)]
        done = CliRunner().invoke(app, [*words, *pairs])
        assert done.exit_code == 0, done.output
        assert "1 added" in done.output
        wrong = CliRunner().invoke(app, [*words, "--column", "name"])
        assert wrong.exit_code != 0


def fresh(folder: Path) -> Path:
    path = folder / "fresh.db"
    open_store(f"sqlite:///{path}", create=True).dispose()
    return path
