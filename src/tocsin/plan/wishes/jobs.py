"""Working on what was asked for: one plan at a time, in a process of its own so that nobody else waits for it.

The process only reads. What it finds is written by the thread that watches it, in one short transaction, so that the
intake never waits for a solver.
"""

import datetime as dt
import multiprocessing
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import TocsinError
from tocsin.core.mission import Mission, load
from tocsin.plan.wishes.actions import keep, note
from tocsin.plan.wishes.model import Wanted, wanted
from tocsin.plan.wishes.tables import plan_wish
from tocsin.store import Present, open_store, reading, writing

BEAT_S = 5.0
LONGEST_S = 600.0


def calculate(pipe: Pipe, folder: Path, asked: Wanted, now: dt.datetime) -> None:
    """In a process of its own: the plan, or why there is none, into the pipe; before it, each step."""
    try:
        mission = load(folder)
        engine = open_store(mission.store_url)
        with reading(engine) as connection:

            def tell(step: str, done: float, total: float | None = None) -> None:
                pipe.send(("step", step))

            found = asked.calculate(connection, mission, now, tell)
        engine.dispose()
        pipe.send(("done", found))
    except TocsinError as problem:
        pipe.send(("refused", {"code": problem.code, "title": str(problem),
                               "demands": problem.params.get("demands", [])}))  # fmt: skip
    finally:
        pipe.close()


class Planner:
    """Takes up wishes in their order, one after the other; its thread ends when nothing is left to do.

    Parameters
    ----------
    mission : Mission
    present : callable
        Gives records and clock.
    """

    def __init__(self, mission: Mission, present: Callable[[], Present]) -> None:
        self._mission, self._present = mission, present
        self._lock = threading.Lock()
        self._mine: list[int] = []
        self._thread: threading.Thread | None = None
        self._process: Any = None
        self._over = False

    def take(self, id: int) -> None:
        """Work on a wish as soon as those before it are done."""
        with self._lock:
            self._mine.append(id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tocsin-plan", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether everything taken was done within some seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._thread is None

    def stop(self) -> None:
        """End at once; what was not finished is told as stopped, and can be asked for again."""
        self._over = True
        process = self._process
        if process is not None:
            process.terminate()
        self.wait(BEAT_S)

    def _now(self) -> dt.datetime:
        return self._present().now()

    def _write(self) -> AbstractContextManager[sa.Connection]:
        return writing(self._present().engine)

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._over or not self._mine:
                    self._thread = None
                    return
                id = self._mine[0]
            try:
                self._work(id)
            finally:
                with self._lock:
                    self._mine.remove(id)

    def _work(self, id: int) -> None:
        with self._write() as connection:
            row = connection.execute(sa.select(plan_wish).where(plan_wish.c.id == id)).mappings().one()
            note(connection, id, self._now(), state="working", begun_at=self._now())
        asked = wanted(row["objective"], row["demands"])
        # Not forked: threads of numerical libraries do not survive a fork.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=calculate, args=(theirs, self._mission.folder, asked, self._now()), daemon=True
        )
        self._process = process
        process.start()
        theirs.close()
        try:
            self._watch(id, ours, asked.kind)
        finally:
            ours.close()
            process.terminate()
            process.join()
            self._process = None

    def _watch(self, id: int, pipe: Pipe, kind: str) -> None:
        left = LONGEST_S
        lost = {"code": "setup", "title": "the calculation ended without an answer: ask for it again", "demands": []}
        while left > 0 and not self._over:
            step = None
            if pipe.poll(BEAT_S):
                try:
                    what, told = pipe.recv()
                except EOFError:
                    break
                if what == "done":
                    with self._write() as connection:
                        keep(connection, id, told, self._now(), kind)
                    return
                if what == "refused":
                    lost = told
                    break
                step = str(told)
            else:
                left -= BEAT_S
            with self._lock:
                others = list(self._mine)
            with self._write() as connection:
                for other in others:
                    note(connection, other, self._now(), **({"step": step} if step and other == id else {}))
        if not self._over:
            with self._write() as connection:
                note(connection, id, self._now(), state="refused", problem=lost, ended_at=self._now(), step="")
