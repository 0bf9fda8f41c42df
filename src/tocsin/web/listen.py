"""Putting the listen room at the door: the intake, the reader beside it, and the routes of reports and alerts."""

import threading

from fastapi import FastAPI

from tocsin.listen.alerts.committer import Committer, quick_engine
from tocsin.listen.alerts.jobs import Worker, run
from tocsin.store.keys import key_folder
from tocsin.web import problems
from tocsin.web.api import listen_alerts, listen_live, listen_reports, listen_sources
from tocsin.web.intake import IntakeDoor
from tocsin.web.ranking import ForecastRank
from tocsin.web.who import House

PATIENCE_S = 10.0
LOOK_S = 60.0


class Reader:
    """The thread that reads reports, and the one that looks for a newer forecast; both end with the application."""

    def __init__(self, app: FastAPI, committer: Committer) -> None:
        self.app, self.committer = app, committer
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, unless this process is told not to read (``app.state.reads_reports = False``)."""
        if not getattr(self.app.state, "reads_reports", True):
            return
        house: House = self.app.state.house
        rank: ForecastRank = self.app.state.rank
        engine = quick_engine(house.mission.store_url)  # who holds the gate must not wait long for the database
        # One writer at a time is SQLite's rule; PostgreSQL takes reports while others are read.
        gate = self.committer.gate if engine.dialect.name == "sqlite" else None
        worker = Worker(engine, house.mission, rank, gate)

        def look() -> None:
            while not self._stop.is_set():
                rank.try_look()
                self._stop.wait(LOOK_S)

        def read() -> None:
            run(worker, house.now, self._stop, self.committer.patience_s)
            engine.dispose()

        for name, target in (
            ("look", look),
            ("read", read),
        ):
            thread = threading.Thread(target=target, name=f"tocsin-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End after the batch at hand; one that takes longer ends with the process, and nothing of it is kept."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._threads = []


def attach(app: FastAPI) -> None:
    """Add intake, reader and routes; call it after all other middleware is there."""

    def present() -> House:
        found: House = app.state.house
        return found

    mission = present().mission
    committer = Committer(mission.store_url, mission.folder, key_folder(mission), lambda: present().now())
    app.state.committer = committer
    app.state.rank = ForecastRank(present().engine, mission)
    app.state.bell = listen_live.Bell(present)
    for part in (listen_reports, listen_alerts, listen_sources, listen_live):
        app.include_router(part.router)
    problems.attach(app)
    app.add_middleware(IntakeDoor, house=present, committer=committer, beside=Reader(app, committer),
                       receipt=getattr(app.state, "receipt", None))  # fmt: skip
