"""Looking at what was brought, and importing it: one file at a time, large ones in a process of their own.

A look only reads. An import is one transaction that also says what came of it and writes the audit trail, so that
whatever ends in between leaves either everything or nothing; it can be asked for again.
"""

import contextlib
import datetime as dt
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from tocsin.core.errors import Conflict, SetupProblem, TocsinError
from tocsin.core.mission import Mission, load
from tocsin.listen.files.rows import checksum
from tocsin.listen.imports import Reading, import_as, look_at
from tocsin.listen.uploads.actions import resume, sweep
from tocsin.listen.uploads.shelf import PACKED, Shelf
from tocsin.listen.uploads.tables import upload
from tocsin.store import Present, open_store, reading, writing
from tocsin.store.audit import Entry, record

APART_BYTES = 1 << 20  # a larger file is read in a process of its own: others must not wait for it
LONGEST_S = 1_800.0
EVERY_S = 100.0  # between looks for what was here too long, or was left
END_S = 5.0
SIGN_S = 1.0
BEAT_S = 10.0
log = structlog.get_logger("tocsin.imports")


def reading_of(row: Mapping[str, Any]) -> Reading:
    """How a file is to be read."""
    return Reading(row["name"], row["layout"], row["release"], row["published_on"], row["columns"])


def work(engine: sa.Engine, mission: Mission, id: int, now: dt.datetime) -> None:
    """Do what is wanted of one file, and write down what came of it, or why nothing did."""
    shelf = Shelf.of(mission)
    with writing(engine) as connection:
        row = _begun(connection, id, now)
    if row is None:
        return
    with _Signs(shelf, row["shelf"]) as signs:
        try:
            if row["wanted"] == "take":
                _take(engine, mission, shelf, row, now, signs)
            else:
                _look(engine, mission, shelf, row, now, signs)
        except TocsinError as problem:
            _refuse(engine, row, problem, now)
        except Exception as problem:
            log.error("a file could not be read", kind=type(problem).__name__)  # its rows stay out of the log
            _refuse(engine, row, SetupProblem("the file could not be read to its end: nothing was taken"), now)
    if row["wanted"] == "take":
        _clear(engine, shelf, row)


class _Signs:
    """Signs of life while a file is worked on, with how many rows were read."""

    def __init__(self, shelf: Shelf, name: str) -> None:
        self.shelf, self.name, self.rows = shelf, name, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tocsin-import-signs", daemon=True)

    def __enter__(self) -> "_Signs":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, step: str, done: float, total: float | None = None) -> None:
        """Note how far it is."""
        self.rows = int(done)

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, TocsinError):  # a full disk, or the file is gone: the work says so itself
                self.shelf.beat(self.name, self.rows)
            if self._over.wait(SIGN_S):
                return


def _begun(connection: sa.Connection, id: int, now: dt.datetime) -> Mapping[str, Any] | None:
    c = upload.c
    begin = sa.update(upload).where(c.id == id, c.state == "waiting").values(state="working", beat_at=now)
    if connection.execute(begin).rowcount == 0:
        return None
    return dict(connection.execute(sa.select(upload).where(c.id == id)).mappings().one())


def _look(
    engine: sa.Engine, mission: Mission, shelf: Shelf, row: Mapping[str, Any], now: dt.datetime, tell: _Signs
) -> None:
    with reading(engine) as connection:
        found = look_at(
            connection, mission, shelf.file(row["shelf"]), now, reading_of(row), shelf.rejects(row["shelf"]), tell
        )
    with writing(engine) as connection:
        _note(connection, row, state="looked", looked=found.to_json())


def _take(
    engine: sa.Engine, mission: Mission, shelf: Shelf, row: Mapping[str, Any], now: dt.datetime, tell: _Signs
) -> None:
    path, how = shelf.file(row["shelf"]), reading_of(row)
    if row["columns"] is None and row["looked"].get("chosen"):  # read as it was shown
        how = Reading(row["name"], row["looked"]["layout"], how.release, how.published, row["looked"]["chosen"])
    if checksum(path) != row["sha256"]:
        raise SetupProblem("the file on the server's disk is not the one that was brought: bring it again")
    with writing(engine) as connection:
        done = import_as(connection, mission, path, now, how, tell)
        c = done.counts
        kept = _note(connection, row, state="taken", taken=done.to_json(), rejects=done.rejects_file, ended_at=now)
        if not kept:
            raise Conflict("the file was asked for twice at once: nothing was taken this time")
        details = {"layout": done.layout, "known": done.known_already, "read": c.read, "added": c.added,
                   "updated": c.updated, "unchanged": c.unchanged, "rejected": c.rejected}  # fmt: skip
        record(connection, now, Entry(row["owner"], "import.take", "file", row["sha256"], details=details))


def _clear(engine: sa.Engine, shelf: Shelf, row: Mapping[str, Any]) -> None:
    """Take a file off the disk once what came of it is safe."""
    with reading(engine) as connection:
        state = connection.execute(sa.select(upload.c.state).where(upload.c.id == row["id"])).scalar()
    if state == "taken":
        shelf.remove(row["shelf"])


def _note(connection: sa.Connection, row: Mapping[str, Any], **values: Any) -> bool:
    """Write down what came of it, unless somebody asked for something else meanwhile."""
    c = upload.c
    same = sa.and_(c.id == row["id"], c.turn == row["turn"], c.state == "working", c.wanted == row["wanted"])
    return connection.execute(sa.update(upload).where(same).values(**values)).rowcount == 1


def _refuse(engine: sa.Engine, row: Mapping[str, Any], problem: TocsinError, now: dt.datetime) -> None:
    with writing(engine) as connection:
        told = {"code": problem.code, "title": str(problem)}
        _note(connection, row, state="refused", problem=told, ended_at=now)


def work_apart(folder: Path, id: int, now: dt.datetime) -> None:
    """The same, in a process of its own."""
    mission = load(folder)
    engine = open_store(mission.store_url)
    try:
        work(engine, mission, id, now)
    finally:
        engine.dispose()


class Importer:
    """Works on files in their order, and throws away what was here too long.

    Parameters
    ----------
    mission : Mission
    present : callable
        Gives records and clock.
    """

    def __init__(self, mission: Mission, present: Callable[[], Present]) -> None:
        self._mission, self._present = mission, present
        self._change = threading.Condition()
        self._mine: list[tuple[int, str]] = []
        self._thread: threading.Thread | None = None
        self._process: Any = None
        self._over = self._busy = False

    def start(self) -> None:
        """Begin: also to look for what was here too long."""
        with self._change:
            if self._thread is None and not self._over:
                self._thread = threading.Thread(target=self._run, name="tocsin-import", daemon=True)
                self._thread.start()

    def add(self, id: int, shelf: str) -> None:
        """Work on a file as soon as those before it are done."""
        with self._change:
            self._mine.append((id, shelf))
            self._change.notify()
        self.start()

    def idle(self, seconds: float) -> bool:
        """Whether everything that was added was done within some seconds."""
        with self._change:
            return self._change.wait_for(lambda: not self._mine and not self._busy, seconds)

    def stop(self) -> None:
        """End at once; what was not finished can be asked for again."""
        with self._change:
            self._over = True
            self._change.notify()
        process = self._process
        if process is not None:
            process.terminate()
        if self._thread is not None:
            self._thread.join(END_S)

    def _run(self) -> None:
        swept = -EVERY_S
        while not self._over:
            try:
                if time.monotonic() - swept >= EVERY_S:
                    swept = time.monotonic()
                    self.sweep()
                with self._change:
                    if not self._mine and not self._over:
                        self._change.wait(EVERY_S)
                    one = self._mine.pop(0) if self._mine and not self._over else None
                    self._busy = one is not None
                if one is not None:
                    self._work(one[0])
            except Exception as problem:  # the records are gone for a while; what waits is told as stopped
                log.error("an import could not be worked on", kind=type(problem).__name__)
            with self._change:
                self._busy = False
                self._change.notify_all()

    def sweep(self) -> None:
        """Throw away what was here too long, and take up what a server that ended left."""
        shelf, present = Shelf.of(self._mission), self._present()
        with writing(present.engine) as connection:
            over = sweep(connection, shelf, present.now())
            left = resume(connection, shelf, present.now())
        for one in over:
            shelf.remove(one)
        with self._change:
            self._mine += left
            self._change.notify()

    def _work(self, id: int) -> None:
        present = self._present()
        with reading(present.engine) as connection:
            row = connection.execute(sa.select(upload).where(upload.c.id == id)).mappings().one_or_none()
        if row is None:
            return
        if row["bytes"] < APART_BYTES and not row["name"].lower().endswith(PACKED):
            work(present.engine, self._mission, id, present.now())
            return
        # Not forked: threads of numerical libraries do not survive a fork.
        process: Any = multiprocessing.get_context("spawn").Process(
            target=work_apart, args=(self._mission.folder, id, present.now()), daemon=True
        )
        self._process = process
        process.start()
        end = time.monotonic() + LONGEST_S
        while process.is_alive() and time.monotonic() < end:
            process.join(BEAT_S)
            with self._change:
                waiting = [shelf for _, shelf in self._mine]
            for shelf in waiting:
                with contextlib.suppress(OSError):
                    Shelf.of(self._mission).beat(shelf, 0)
        late = process.is_alive()
        process.terminate()
        process.join()
        self._process = None
        if (late or process.exitcode != 0) and not self._over:
            with writing(present.engine) as connection:
                ended = connection.execute(sa.select(upload).where(upload.c.id == id)).mappings().one()
            lost = "the file took too long to read" if late else "reading the file ended without an answer"
            _refuse(present.engine, dict(ended), SetupProblem(f"{lost}: nothing was taken"), present.now())
