"""Wrong, broken and hostile files: one clear sentence, and the mission stays as it was."""

import functools
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.listen import ged
from tocsin.core.errors import BadFile, BadInput, NotFound, TocsinError
from tocsin.core.mission import Mission
from tocsin.listen.events.tables import event
from tocsin.listen.files import columns
from tocsin.listen.imports import import_file
from tocsin.listen.sources.tables import source_file
from tocsin.store import open_store, reading, writing


def bring(mission: Mission, path: Path, **options):
    engine = open_store(mission.store_url)
    try:
        return bring_into(engine, mission, path, **options)
    finally:
        engine.dispose()


def bring_into(engine: sa.Engine, mission: Mission, path: Path, **options):
    with writing(engine) as connection:
        return import_file(connection, mission, path, NOW, **options)


def state(mission: Mission) -> list[tuple]:
    engine = open_store(mission.store_url)
    try:
        return state_of(engine)
    finally:
        engine.dispose()


def state_of(engine: sa.Engine) -> list[tuple]:
    with reading(engine) as connection:
        rows = [tuple(r) for r in connection.execute(sa.select(event).order_by(event.c.id))]
        rows += [tuple(r)[:9] for r in connection.execute(sa.select(source_file).order_by(source_file.c.id))]
    return rows


GOOD = [ged.row(i) for i in range(1, 40)]


@functools.cache  # made by the tests that need it: each worker imports this module, one runs it
def fat() -> bytes:
    return ged.text([ged.row(i, source_headline="x" * 100_000) for i in range(1, 720)]).encode()


@functools.cache
def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("GEDEvent.csv", fat())
    return out.getvalue()


@functools.cache
def packed() -> bytes:
    return gzip.compress(fat())


def workbook_with_formula() -> bytes:
    book = openpyxl.Workbook()
    for r in [list(ged.HEADER), ged.row(1)]:
        book.active.append(r)
    book.active["A3"] = '=HYPERLINK("file://x","y")'
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


BAD: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b"\n\n  \n", "empty"),
    "header only.csv": (ged.text([]).encode(), "no row"),
    "binary.csv": (bytes(range(256)) * 40, "not a text table|not in UTF-8"),
    "latin1.csv": (ged.text([ged.row(1, adm_1="Mambéré")]).encode("latin-1"), "UTF-8"),
    "utf16.csv": (ged.text(GOOD).encode("utf-16"), "UTF-16"),
    "quoted.csv": (ged.text(GOOD).encode()[:-5] + b'"never closed', "cut off|line 40"),
    "cut.csv": (ged.text(GOOD).encode()[:-60], "cut off"),
    "cut.csv.gz": (gzip.compress(ged.text(GOOD).encode())[:-30], "cut off or damaged"),
    "not.csv.gz": (b"plain text", "cut off or damaged"),
    "not.zip": (b"plain text", "not a whole zip"),
    "cut.zip": (lambda: bomb()[:-200], "not a whole zip"),
    "bomb.zip": (bomb, "unpacks to far more"),
    "bomb.csv.gz": (packed, "unpacks to far more"),
    "not.xlsx": (b"plain text", "Excel"),
    "formula.xlsx": (workbook_with_formula(), "formula"),
    "formula.csv": (ged.text([*GOOD, ged.row(99, source_headline='=WEBSERVICE("x")')]).encode(), "formula"),
    "dde.csv": (ged.text([*GOOD, ged.row(99, adm_1="@SUM(1+1)*cmd|' /C calc'!A0")]).encode(), "formula"),
    "monster.csv": (ged.text([*GOOD, ged.row(99, source_headline="x" * 10**6)]).encode(), "longer than"),
    "one row.csv": (b"a," * (3 * 2**20), "a row is longer than"),
    "not.json": (b'{"data": [', "not whole JSON"),
    "other.json": (b'{"events": 3}', "no list of records"),
    "other.csv": (b"a,b,c\n1,2,3\n", "fits no layout"),
    "semicolons.csv": (ged.text(GOOD).replace(",", ";").encode(), "semicolons"),
    "twice.csv": (ged.text(GOOD).replace("best,high", "best,best", 1).encode(), "two columns named best"),
    "all bad.csv": (ged.text([ged.row(1, best="many")]).encode(), "no row .* can be used; line 2: best"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_sentence_and_leaves_no_trace(
    name: str, tmp_path: Path, small_mission: Mission, snapshot: Callable
) -> None:
    bring(small_mission, ged.write(tmp_path / "good.csv", GOOD))
    before, files = state(small_mission), snapshot(small_mission.folder)
    data, expected = BAD[name]
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data())
    with pytest.raises(BadFile, match=expected) as caught:
        bring(small_mission, path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert state(small_mission) == before
    assert {k: v for k, v in snapshot(small_mission.folder).items() if k != "tocsin.db"} == {
        k: v for k, v in files.items() if k != "tocsin.db"
    }


def test_missing_file_and_wrong_layout(tmp_path: Path, small_mission: Mission) -> None:
    with pytest.raises(NotFound, match=r"nothing\.csv"):
        bring(small_mission, tmp_path / "nothing.csv")
    good = ged.write(tmp_path / "good.csv", GOOD)
    with pytest.raises(BadInput, match="ucdp-ged, ucdp-candidate"):
        bring(small_mission, good, layout="excel")
    with pytest.raises(BadFile, match="does not have the columns of acled"):
        bring(small_mission, good, layout="acled")


ROW_PROBLEMS = {
    "type_of_violence": ("4", "type_of_violence"),
    "latitude": ("91", "outside the world"),
    "longitude": ("", "outside the world"),
    "date_start": ("03/2018", "date_start"),
    "date_end": ("2018-03-01", "before date_start"),
    "best": ("-1", "best"),
    "deaths_civilians": ("1.5", "deaths_civilians"),
    "where_prec": ("8", "where_prec"),
    "date_prec": ("x", "date_prec"),
    "id": ("E7", "id is not"),
}


@pytest.mark.parametrize("column", ROW_PROBLEMS)
def test_a_bad_row_is_set_aside_with_line_and_reason_and_the_rest_is_taken(
    column: str, tmp_path: Path, small_mission: Mission
) -> None:
    value, reason = ROW_PROBLEMS[column]
    at = ged.HEADER.index(column)
    bad = ged.row(500, source_headline="two\nlines")
    bad[at] = value
    done = bring(small_mission, ged.write(tmp_path / "mixed.csv", [GOOD[0], bad, GOOD[1]]))
    assert (done.counts.read, done.counts.added, done.counts.rejected) == (3, 2, 1)
    text = (small_mission.folder / str(done.rejects_file)).read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("3,")
    assert reason in text


def test_future_events_and_duplicates_are_set_aside(tmp_path: Path, small_mission: Mission) -> None:
    rows = [ged.row(1), ged.row(1), ged.row(1, best=9), ged.row(2, date_start="2031-01-01", date_end="2031-01-02")]
    done = bring(small_mission, ged.write(tmp_path / "odd.csv", rows))
    assert (done.counts.added, done.counts.unchanged, done.counts.rejected) == (1, 1, 2)
    text = (small_mission.folder / str(done.rejects_file)).read_text(encoding="utf-8")
    assert "stands earlier in this file" in text
    assert "future" in text


def test_a_row_with_too_many_fields_is_set_aside(tmp_path: Path, small_mission: Mission) -> None:
    done = bring(small_mission, ged.write(tmp_path / "wide.csv", [ged.row(1), [*ged.row(2), "more"], ged.row(3)]))
    assert (done.counts.added, done.counts.rejected) == (2, 1)


def test_random_damage_never_changes_the_mission_unless_the_import_says_so(
    tmp_path: Path, small_mission: Mission
) -> None:
    """Two hundred random injuries to a good file: either every row is accounted for, or nothing happened."""
    bring(small_mission, ged.write(tmp_path / "good.csv", GOOD))
    dice = random.Random(510)
    whole = ged.text([ged.row(i, best=i % 7, source_headline='say "what"\nagain') for i in range(100, 130)]).encode()
    refused = 0
    engine = open_store(small_mission.store_url)
    before = state_of(engine)
    for number in range(200):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data))
            way = dice.randrange(4)
            if way == 0:
                data[at] = dice.randrange(256)
            elif way == 1:
                del data[at : at + dice.randint(1, 300)]
            elif way == 2:
                data[at:at] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 20)))
            else:
                data[at:at] = data[at : at + dice.randint(1, 200)]
            if not data:
                break
        path = tmp_path / f"damaged {number}.csv"
        path.write_bytes(bytes(data))
        try:
            done = bring_into(engine, small_mission, path)
        except TocsinError:
            refused += 1
            assert state_of(engine) == before
        else:
            c, after = done.counts, state_of(engine)
            assert c.read == c.added + c.updated + c.unchanged + c.rejected
            assert len([r for r in after if len(r) > 20]) == (
                len([r for r in before if len(r) > 20]) + c.added + c.updated
            )
            before = after
    engine.dispose()
    assert 20 < refused < 200, "the injuries should be of both kinds"


@given(st.lists(st.text(max_size=12), min_size=1, max_size=30))
def test_columns_never_fail_on_any_text(texts: list[str]) -> None:
    for values, good in (columns.whole_numbers(texts, 0, 10**6), columns.numbers_of(texts), columns.days(texts)):
        assert len(values) == len(good) == len(texts)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.booleans())
def test_whole_numbers_survive_with_and_without_a_bad_neighbour(numbers: list[int], spoil: bool) -> None:
    texts = [str(n) for n in numbers] + (["?"] if spoil else [])
    values, good = columns.whole_numbers(texts, -(10**15), 10**15)
    assert values[: len(numbers)].tolist() == numbers
    assert good.tolist() == [True] * len(numbers) + [False] * spoil


@given(st.lists(st.dates(min_value=__import__("datetime").date(1950, 1, 1)), min_size=1), st.sampled_from("idt"))
def test_days_survive_in_every_form(days: list, form: str) -> None:
    write = {
        "i": lambda d: d.isoformat(),
        "d": lambda d: f"{d.day}/{d.month:02d}/{d.year:04d}",
        "t": lambda d: f"{d.isoformat()} 00:00:00.000",
    }[form]
    days = [d for d in days if d.year <= 2199] or [days[0].replace(year=2000, day=1)]
    values, good = columns.days([write(d) for d in days])
    assert good.all()
    assert values.astype(object).tolist() == days
