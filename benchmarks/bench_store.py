"""What trust costs on SQLite: sealing and opening, rows of the audit trail, verifying, a backup, a digest."""

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.results import Figure, Peer
from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.mission import create, load
from tocsin.store import audit, backup, finish_run, open_store, reading, sealed, writing
from tocsin.store.audit import Entry
from tocsin.store.keys import open_keys
from tocsin.store.policy import Actor, Thing
from tocsin.store.sealed import Field

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
FIELDS, ROWS, SINGLE, DAY = 5_000, 100_000, 300, 1_000
INTAKE = Actor("intake", frozenset({Role.INTAKE}), frozenset({"*"}))
DUTY = Actor("a1", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        return _measure(Path(name))


def _measure(folder: Path) -> list[Figure]:
    (folder / "cells.csv").write_text("gid\n135758\n")
    home = create(folder / "m", str(folder / "cells.csv"), "Bench")
    engine = open_store(home.store_url, create=True)
    with writing(engine) as c:
        keys = open_keys(c, folder / "keys", NOW)

    def seal() -> None:
        with writing(engine) as c:
            for i in range(FIELDS):
                sealed.put(c, keys, Field("source", str(i), "phone"), f"+23672{i:06}", NOW)

    def find() -> None:
        with writing(engine) as c:
            for i in range(FIELDS):
                assert sealed.find(c, keys, INTAKE, "source", "phone", f"+23672{i:06}", NOW) == [str(i)]

    def open_() -> None:
        with writing(engine) as c:
            for i in range(FIELDS):
                at = Field("source", str(i), "phone")
                thing = Thing(tlp=Tlp.RED, classification=Classification.CONFIDENTIAL)
                sealed.unseal(c, keys, DUTY, at, thing, "call back", NOW)

    def trail() -> None:
        with writing(engine) as c:
            audit.record(c, NOW, *(Entry("a1", "task.done", "task", str(i), "", {"n": i}) for i in range(ROWS)))

    def acts() -> tuple[float, float]:
        spent = [0.0, 0.0]
        for i in range(2 * SINGLE):  # in turn, so that both meet the same disk
            start = time.perf_counter()
            with writing(engine) as c:
                finish_run(c, f"run{i}", "bench", {}, {}, NOW)
                if i % 2:
                    audit.record(c, NOW, Entry("a1", "run.made", "run", f"run{i}"))
            spent[i % 2] += time.perf_counter() - start
        return spent[0], spent[1]

    def verify() -> None:
        with reading(engine) as c:
            assert audit.verify(c).sound

    took = {work.__name__: seconds(work) for work in (seal, find, open_, trail, verify)}
    bare, audited = acts()
    engine.dispose()
    size = (home.folder / "tocsin.db").stat().st_size / 1e6
    saved = seconds(lambda: backup.make_backup(load(home.folder), folder / "b", "river lamp forty-two violet", NOW))
    rows = ROWS + FIELDS + SINGLE
    engine = open_store(home.store_url)
    with writing(engine) as c:  # a day: a thousand deeds and a hundred sources more
        audit.record(c, NOW, *(Entry("a1", "task.done", "task", str(i), "", {"n": i}) for i in range(DAY)))
        for i in range(FIELDS, FIELDS + DAY // 10):
            sealed.put(c, keys, Field("source", str(i), "phone"), f"+23672{i:06}", NOW)
    engine.dispose()
    words = "river lamp forty-two violet"
    more = seconds(lambda: backup.make_backup(load(home.folder), folder / "c", words, NOW, since=folder / "b"))
    share = (folder / "c").stat().st_size / (folder / "b").stat().st_size
    return [
        Figure("seal a field", FIELDS / took["seal"], "fields/s", None, "higher"),
        Figure("find a source by keyed hash", FIELDS / took["find"], "look-ups/s", None, "higher"),
        Figure("open a field, with its row in the trail", FIELDS / took["open_"], "fields/s", None, "higher"),
        Figure("audit rows, many a transaction", ROWS / took["trail"], "rows/s", None, "higher"),
        Figure(
            "a committed deed with its audit row", audited / SINGLE * 1e3, "ms", None, "lower",
            Peer("the same deed without a trail", round(bare / SINGLE * 1e3, 3)), "each its own transaction, on disk",
        ),
        Figure("verify the trail", (ROWS + FIELDS) / took["verify"], "rows/s", None, "higher"),
        Figure("backup, checked by restoring", saved, "s", None, "lower", note=f"{size:.0f} MB, {rows:,} audit rows"),
        Figure("increment, checked by restoring", more, "s", None, "lower",
               note=f"{DAY:,} audit rows and {DAY // 10} sealed fields later"),
        Figure("size of the increment, as a share of the full backup", 100 * share, "%", None, "lower"),
    ]  # fmt: skip
