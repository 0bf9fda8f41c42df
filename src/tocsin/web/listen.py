"""Putting the listen room at the door: the intake, the reader beside it, and the routes of reports and alerts."""

from fastapi import FastAPI

from tocsin.listen.alerts.committer import Committer
from tocsin.store.keys import key_folder
from tocsin.web import problems
from tocsin.web.api import listen_alerts, listen_live, listen_reports, listen_sources
from tocsin.web.intake import IntakeDoor
from tocsin.web.ranking import ForecastRank
from tocsin.web.reader import ReaderProcess, ReaderThread
from tocsin.web.who import House


class Reader:
    """Reads reports beside the door, and ends with it: in a thread, or in a process of its own where that helps."""

    def __init__(self, app: FastAPI, committer: Committer) -> None:
        self.app, self.committer = app, committer
        self.work: ReaderThread | ReaderProcess | None = None

    def start(self) -> None:
        """Begin, unless this process is told not to read (``app.state.reads_reports = False``).

        A process of its own reads where ``app.state.reads_apart`` is set and the records are on PostgreSQL.
        """
        state = self.app.state
        if not getattr(state, "reads_reports", True):
            return
        house: House = state.house
        if getattr(state, "reads_apart", False) and house.engine.dialect.name == "postgresql":
            self.work = ReaderProcess(house.mission.folder, self.committer.patience_s)
        else:
            rank = ForecastRank(house.engine, house.mission)
            self.work = ReaderThread(house.mission, rank, self.committer, house.now)
        self.work.start()

    def stop(self) -> None:
        """End after the batch at hand."""
        if self.work is not None:
            self.work.stop()
            self.work = None


def attach(app: FastAPI) -> None:
    """Add intake, reader and routes; call it after all other middleware is there."""

    def present() -> House:
        found: House = app.state.house
        return found

    mission = present().mission
    committer = Committer(mission.store_url, mission.folder, key_folder(mission), lambda: present().now())
    app.state.committer = committer
    app.state.bell = listen_live.Bell(present)
    for part in (listen_reports, listen_alerts, listen_sources, listen_live):
        app.include_router(part.router)
    problems.attach(app)
    app.add_middleware(IntakeDoor, house=present, committer=committer, beside=Reader(app, committer),
                       receipt=getattr(app.state, "receipt", None))  # fmt: skip
