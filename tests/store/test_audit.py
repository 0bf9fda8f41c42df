"""The audit trail: only grows, names what was tampered with, stays one chain under many writers."""

import json
import threading

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tocsin.core.errors import BadInput, SetupProblem
from tocsin.store import audit, open_store, reading, writing
from tocsin.store.audit import Entry, record, verify, verify_lines
from tocsin.store.tables import audit as trail
from tocsin.store.tables import audit_head


def fill(engine: sa.Engine, n: int = 12) -> None:
    with writing(engine) as c:
        for i in range(n):
            record(c, NOW, Entry("a1", "task.done", "task", str(i), "finished it", {"n": i}))


def unguard(c: sa.Connection) -> None:
    """What somebody who owns the database can do: take the triggers away."""
    for name, table in (("audit_no_update", "audit"), ("audit_no_delete", "audit"),
                        ("audit_head_forward", "audit_head"), ("audit_head_no_delete", "audit_head")):  # fmt: skip
        c.execute(sa.text(f"DROP TRIGGER {name}" + ("" if c.dialect.name == "sqlite" else f" ON {table}")))


def found(engine: sa.Engine, marks=()) -> list[tuple[int, str]]:
    with reading(engine) as c:
        return [(p.seq, p.kind) for p in verify(c, marks).problems if p.kind != "unguarded"]


def test_a_sound_trail_verifies_and_counts(engine: sa.Engine):
    with reading(engine) as c:
        assert verify(c).sound
    fill(engine)
    with reading(engine) as c:
        verdict = verify(c)
    assert verdict.sound
    assert verdict.rows == 12


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(trail).values(who="someone"),
        sa.update(trail).where(trail.c.seq == 3).values(why=""),
        sa.delete(trail),
        sa.delete(trail).where(trail.c.seq == 12),
        sa.update(audit_head).values(seq=3),
        sa.update(audit_head).values(chain="other", seq=99),
        sa.delete(audit_head),
    ],
)
def test_the_database_itself_refuses_change(engine: sa.Engine, statement):
    fill(engine)
    with pytest.raises(sa.exc.DBAPIError, match=r"append-only|only grows"), writing(engine) as c:
        c.execute(statement)
    assert found(engine) == []


def test_postgres_refuses_truncate_too(engine: sa.Engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    fill(engine)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as c:
        c.execute(sa.text("TRUNCATE audit CASCADE"))


COLUMNS = ("at", "who", "what", "object", "object_id", "why", "details")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_row_is_named(engine: sa.Engine, column: str):
    fill(engine)
    with writing(engine) as c:
        unguard(c)
        c.execute(sa.update(trail).where(trail.c.seq == 7).values({column: "x"}))
    assert found(engine) == [(7, "changed")]


def test_a_row_changed_with_its_hash_is_named_by_the_next(engine: sa.Engine):
    fill(engine)
    with writing(engine) as c:
        unguard(c)
        row = dict(c.execute(sa.select(trail).where(trail.c.seq == 7)).mappings().one())
        row["who"] = "someone"
        chain = c.execute(sa.select(audit_head.c.chain)).scalar_one()
        c.execute(sa.update(trail).where(trail.c.seq == 7).values(who="someone", hash=audit._hash(chain, row)))
    assert found(engine) == [(8, "changed")]


def test_missing_rows_are_named(engine: sa.Engine):
    fill(engine)
    with writing(engine) as c:
        unguard(c)
        c.execute(sa.delete(trail).where(trail.c.seq.in_([1, 5, 6])))
    with reading(engine) as c:
        verdict = verify(c)
    told = {p.sentence for p in verdict.problems if p.kind == "missing"}
    assert told == {"row 1 is missing", "rows 5 to 6 are missing"}
    assert [p.kind for p in verdict.problems if p.kind != "unguarded"] == ["missing", "missing"]


def test_rows_in_another_order_are_named(engine: sa.Engine):
    fill(engine)
    with writing(engine) as c:
        unguard(c)
        for old, new in ((4, 99), (9, 4), (99, 9)):
            c.execute(sa.update(trail).where(trail.c.seq == old).values(seq=new))
    with reading(engine) as c:
        told = [(p.seq, p.sentence) for p in verify(c).problems if p.kind == "moved"]
    assert told == [(4, "row 4 was written as row 9: rows were put in another order"),
                    (9, "row 9 was written as row 4: rows were put in another order")]  # fmt: skip


def test_a_trail_cut_at_its_end_is_named(engine: sa.Engine):
    fill(engine)
    with reading(engine) as c:
        mark = verify(c).mark
    with writing(engine) as c:
        unguard(c)
        c.execute(sa.delete(trail).where(trail.c.seq > 9))
    assert found(engine) == [(10, "truncated")]
    with writing(engine) as c:  # and the head put back to match: only the earlier mark still knows
        last = c.execute(sa.select(trail.c.hash).where(trail.c.seq == 9)).scalar_one()
        c.execute(sa.update(audit_head).values(seq=9, hash=last))
    assert found(engine) == []
    assert found(engine, [mark]) == [(10, "truncated")]


def test_a_trail_written_anew_is_found_by_an_earlier_mark(engine: sa.Engine):
    fill(engine)
    with reading(engine) as c:
        mark = verify(c).mark
    with writing(engine) as c:
        unguard(c)
        chain = c.execute(sa.select(audit_head.c.chain)).scalar_one()
        c.execute(sa.delete(trail))
        c.execute(sa.delete(audit_head))
        c.execute(sa.insert(audit_head).values(id=1, chain=chain, seq=0, hash=audit.GENESIS))
        for i in range(12):
            record(c, NOW, Entry("a1", "task.done", "task", str(i), "nothing to see", {"n": i}))
    assert found(engine) == []
    assert found(engine, [mark]) == [(12, "replaced")]
    other = mark.replace(mark.split(":")[0], "0" * 16)
    assert found(engine, [other]) == [(0, "replaced")]


def test_a_row_put_in_past_the_program_is_named(engine: sa.Engine):
    fill(engine)
    with writing(engine) as c:
        row = dict(c.execute(sa.select(trail).where(trail.c.seq == 12)).mappings().one())
        c.execute(sa.insert(trail).values({**row, "seq": 13}))
    assert (13, "forked") in found(engine)


def test_missing_guards_are_told(engine: sa.Engine):
    fill(engine)
    with writing(engine) as c:
        unguard(c)
    with reading(engine) as c:
        assert {p.kind for p in verify(c).problems} == {"unguarded"}


def test_a_rolled_back_deed_leaves_no_row_and_no_gap(engine: sa.Engine):
    fill(engine, 3)
    with engine.connect() as c:
        record(c, NOW, Entry("a1", "task.done", "task", "x"))
        c.rollback()
    fill(engine, 2)
    with reading(engine) as c:
        assert verify(c).sound
        assert verify(c).rows == 5


def test_many_writers_keep_one_chain(url: str):
    failures: list[BaseException] = []

    def work(name: str) -> None:
        engine = open_store(url)
        try:
            for i in range(20):
                with writing(engine) as c:
                    record(c, NOW, Entry(name, "task.done", "task", str(i)), Entry(name, "task.told", "task", str(i)))
        except BaseException as problem:
            failures.append(problem)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work, args=(f"a{n}",)) for n in range(5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    engine = open_store(url)
    with reading(engine) as c:
        verdict = verify(c)
        assert verdict.sound
        assert verdict.rows == 200
        pairs = c.execute(sa.select(trail.c.who, trail.c.object_id).order_by(trail.c.seq)).all()
    assert all(pairs[i] == pairs[i + 1] for i in range(0, 200, 2)), "one transaction's rows stand together"
    engine.dispose()


def test_an_export_verifies_alone_and_shows_what_was_changed_in_it(engine: sa.Engine):
    fill(engine)
    with reading(engine) as c:
        lines = list(audit.export_lines(c))
        mark = verify(c).mark
    assert verify_lines(lines, [mark]).sound
    row = json.loads(lines[5])
    changed = [*lines[:5], json.dumps({**row, "why": "another"}), *lines[6:]]
    assert [(p.seq, p.kind) for p in verify_lines(changed).problems] == [(5, "changed")]
    assert verify_lines(lines[:-1]).sound, "an export cut at its end looks whole …"
    assert not verify_lines(lines[:-1], [mark]).sound, "… but not against a mark"
    with pytest.raises(BadInput, match="not an exported audit trail"):
        verify_lines(["hello"])


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Amadou Diallo's phone", "a.b", "x", "1"),
        Entry("a1", "a.b", "x", "1", why="told +236 72 55 44 11"),
        Entry("a1", "a.b", "x", "1", why="told amadou@example.org"),
        Entry("a1", "a.b", "x", "1", details={"phone": "+236 72 55 44 11"}),
        Entry("a1", "a.b", "x", "1", details={"phone": "236725544110"}),
        Entry("a1", "a.b", "x", "1", details={"who": ["Amadou, son of Ali; a very telling text"]}),
        Entry("a1", "a.b", "x", "1", details={"deep": {"a": 1}}),
        Entry("", "a.b", "x", "1"),
    ],
)
def test_personal_data_are_refused(engine: sa.Engine, entry: Entry):
    with pytest.raises(BadInput), writing(engine) as c:
        record(c, NOW, entry)
    assert found(engine) == []


def test_ids_of_ours_are_written_however_many_digits_they_hold(engine: sa.Engine):
    ids = ["a123456789012", "12345678901f", "r236725544110", "0" * 63 + "e"]
    with writing(engine) as c:
        assert record(c, NOW, Entry("a1", "duty.shift", "duty", "1", details={"person": ids})) == 1
    assert found(engine) == []


def test_it_cannot_be_written_where_it_would_be_thrown_away(engine: sa.Engine):
    with reading(engine) as c, pytest.raises(SetupProblem):
        record(c, NOW, Entry("a1", "a.b", "x", "1"))
