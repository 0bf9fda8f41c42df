"""The reader of reports beside the door: a thread of it, or a process of its own, so that pages do not wait for it.

Reading, placing and joining fifty reports a second holds the interpreter for a quarter of the time. PostgreSQL takes
reports while others are read, so there `tocsin serve` lets a process of its own do it; one that dies is begun again.
SQLite has one writer at a time: the thread shares a gate with the intake.
"""

import contextlib
import datetime as dt
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

from tocsin.core.mission import Mission, load
from tocsin.core.time import utc_now
from tocsin.listen.alerts.committer import Committer, quick_engine
from tocsin.listen.alerts.jobs import Worker, run
from tocsin.web.ranking import ForecastRank
from tocsin.web.settings import serve_settings
from tocsin.web.watch import start_log

PATIENCE_S = 10.0
LOOK_S = 60.0
TELL_S = 0.5  # how often the process is told how much comes in, and looked after
AGAIN_S = 2.0  # before a process that died is begun again
NICE = 5  # answers go before reading, and reading before briefs
log = logging.getLogger("tocsin.reading")


class ReaderThread:
    """Reads reports in a thread of this process; another looks for a newer forecast. Both end with the application.

    Parameters
    ----------
    mission : Mission
    rank : ForecastRank
    committer : Committer
        Of the same process: how much comes in, and the gate to a SQLite that both write to.
    now : callable
    """

    def __init__(
        self, mission: Mission, rank: ForecastRank, committer: Committer, now: Callable[[], dt.datetime]
    ) -> None:
        self.mission, self.rank, self.committer, self.now = mission, rank, committer, now
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        gate = self.committer.gate

        def read() -> None:
            _read(self.mission, self.rank, gate, self.now, self._stop, self.committer.patience_s)

        for name, target in (("look", lambda: _look(self.rank, self._stop)), ("read", read)):
            thread = threading.Thread(target=target, name=f"tocsin-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End after the batch at hand; one that takes longer ends with the process, and nothing of it is kept."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._threads = []


class ReaderProcess:
    """Reads reports in a process of its own, which ends when this one does, however that ends.

    Parameters
    ----------
    folder : Path
        Of the mission, whose records are on PostgreSQL.
    patience_s : callable
        How long it waits after each batch: while a flood comes in, keeping comes before reading.
    """

    def __init__(self, folder: Path, patience_s: Callable[[], float] = lambda: 0.0) -> None:
        self.folder, self.patience_s = folder, patience_s
        self.process: BaseProcess | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, and look after it."""
        self._thread = threading.Thread(target=self._look_after, name="tocsin-reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch at hand; a process that takes longer is ended, and nothing of its batch is kept."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * PATIENCE_S)
            self._thread = None

    def _look_after(self) -> None:
        while not self._stop.is_set():
            # Not forked: threads and connections of this process would be copied half-way.
            context = multiprocessing.get_context("spawn")
            theirs, ours = context.Pipe(duplex=False)
            process = context.Process(target=_main, args=(theirs, self.folder), daemon=True, name="tocsin-reader")
            try:
                process.start()
            except OSError as problem:  # no memory or no more processes just now
                log.error("the reader of reports could not be begun (%s)", problem.strerror)
                ours.close()
                theirs.close()
                self._stop.wait(AGAIN_S)
                continue
            theirs.close()
            self.process = process
            with contextlib.suppress(OSError):  # it died: what to tell it is lost
                while process.is_alive() and not self._stop.is_set():
                    ours.send(self.patience_s())
                    self._stop.wait(TELL_S)
            ours.close()
            process.join(PATIENCE_S if self._stop.is_set() else 0)
            if process.is_alive():
                process.kill()
                process.join()
            if not self._stop.is_set():
                log.error("the reader of reports ended (%s); it is begun again", process.exitcode)
                self._stop.wait(AGAIN_S)


def _main(pipe: Pipe, folder: Path) -> None:
    """The reading process; it ends when the door closes its end of the pipe, which the system does if the door dies."""
    stop, told = threading.Event(), [0.0]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the door too, and the door ends us
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with contextlib.suppress(OSError):
        os.nice(NICE)

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                told[0] = float(pipe.recv())
        stop.set()

    mission = load(folder)
    start_log(serve_settings(mission).log)
    engine = quick_engine(mission.store_url)
    rank = ForecastRank(engine, mission)
    threading.Thread(target=listen, name="tocsin-listen", daemon=True).start()
    threading.Thread(target=_look, args=(rank, stop), name="tocsin-look", daemon=True).start()
    _read(mission, rank, None, utc_now, stop, lambda: told[0])
    engine.dispose()


def _look(rank: ForecastRank, stop: threading.Event) -> None:
    while not stop.is_set():
        rank.try_look()
        stop.wait(LOOK_S)


def _read(
    mission: Mission,
    rank: ForecastRank,
    gate: "threading.Lock | None",
    now: Callable[[], dt.datetime],
    stop: threading.Event,
    patience_s: Callable[[], float],
) -> None:
    engine = quick_engine(mission.store_url)  # who holds the gate must not wait long for the database
    if engine.dialect.name != "sqlite":
        gate = None
    run(Worker(engine, mission, rank, gate), now, stop, patience_s)
    engine.dispose()
