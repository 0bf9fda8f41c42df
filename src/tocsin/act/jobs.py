"""The background worker: ranks alerts, moves ladders, watches signs of life, empties the outbox.

Several may run, in the server and in `tocsin act beat`; each look takes only rows that nobody else holds, and every
step is one transaction, so that it may be killed anywhere and started again.
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
import structlog

from tocsin.act.duty.actions import advance_ladders
from tocsin.act.duty.pulses import Silent, beat, sign_off, watch
from tocsin.act.notify import PROGRAM
from tocsin.act.notify.jobs import Sent, empty_outbox
from tocsin.act.notify.model import Answer, Outgoing
from tocsin.act.notify.senders import Post
from tocsin.act.respond.actions import rank_changed
from tocsin.act.respond.outlook import Outlook, newest_run, read_outlook
from tocsin.act.rules import Rules, rules_of
from tocsin.act.tables import ranking
from tocsin.act.tasks.actions import find_overdue
from tocsin.core.errors import SetupProblem
from tocsin.core.mission import Mission
from tocsin.core.words import translator
from tocsin.store import reading, writing
from tocsin.store.keys import key_folder

EVERY_S = 5.0
SERVER_SILENT_S = 60
BATCH = 25  # alerts a transaction: other writers wait while one runs
ROUND = 20  # batches a look: ladders and signs of life do not wait for a storm to be ranked
BREATH_S = 0.02
log = structlog.get_logger("tocsin.act")


@dataclass(frozen=True)
class Looked:
    """What one look did."""

    ranked: int = 0
    overdue: int = 0
    pages: int = 0
    more: bool = False
    silent: tuple[Silent, ...] = ()
    sent: Sent = field(default_factory=Sent)


@dataclass
class Worker:
    """One background worker of a mission.

    Parameters
    ----------
    mission, engine, rules
    clock : callable
        Gives the present instant, UTC.
    post : callable
        Sends one message.
    keys : Path
        Folder of the mission's keys.
    """

    mission: Mission
    engine: sa.Engine
    rules: Rules
    clock: Callable[[], dt.datetime]
    post: Callable[[Outgoing, dt.datetime], Answer]
    keys: Path
    outlook: Outlook | None = None

    def look(self, send: bool = True, stop: threading.Event | None = None) -> Looked:
        """Do everything that is due now, once; of a storm of new alerts the first `ROUND` batches (`more` says so)."""
        stop = stop or threading.Event()
        _ = translator(self.mission.language)
        with reading(self.engine) as connection:
            run = newest_run(connection)
            if self.outlook is None or self.outlook.run != run:
                fresh: Outlook | None = read_outlook(connection, self.mission)
            else:
                fresh = None
        if fresh is not None:
            with writing(self.engine) as connection:  # ranked on another forecast: look at each alert again
                connection.execute(sa.update(ranking).where(ranking.c.changed != 0).values(changed=0))
            self.outlook = fresh
        assert self.outlook is not None  # noqa: S101 - set above
        ranked, more = 0, True
        for _round in range(ROUND):
            with writing(self.engine) as connection:
                count = rank_changed(connection, self.rules, self.outlook, self.clock(), BATCH)
            ranked += count
            more = count == BATCH
            if not more or stop.wait(BREATH_S):
                break
        with writing(self.engine) as connection:
            overdue = find_overdue(connection, self.rules, self.clock())
            silent = watch(connection, self.rules, self.clock())
        with writing(self.engine) as connection:
            pages = advance_ladders(connection, self.rules, _, self.clock())
        sent = empty_outbox(self.engine, self.keys, self.rules, self.post, self.clock) if send else Sent()
        return Looked(ranked, overdue, pages, more, tuple(silent), sent)

    def run(self, stop: threading.Event, name: str, kind: str = "beat", every_s: float = EVERY_S) -> None:
        """Look again and again until told to stop, giving a sign of life each time.

        What goes wrong around the program (a database that is gone, a full disk) is logged by its kind and tried again.
        """
        while not stop.is_set():
            wait_s = every_s
            try:
                with writing(self.engine) as connection:
                    id = beat(connection, PROGRAM, kind, name, SERVER_SILENT_S, self.clock())
                done = self.look(stop=stop)
                wait_s = BREATH_S if done.more else every_s
                if done.pages or done.silent:
                    log.info("looked", pages=done.pages, silent=len(done.silent), sent=done.sent.sent)
            except SetupProblem as problem:
                log.warning("look failed", kind=problem.code)
            stop.wait(wait_s)
        try:
            with writing(self.engine) as connection:
                sign_off(connection, PROGRAM, id, self.clock())
        except (SetupProblem, UnboundLocalError):
            log.warning("ended without signing off")


def worker_of(mission: Mission, engine: sa.Engine, clock: Callable[[], dt.datetime]) -> Worker:
    """A worker with the mission's rules and real gateways."""
    rules = rules_of(mission)
    return Worker(
        mission, engine, rules, clock, Post(rules.allowed_networks, hosts=rules.allowed_hosts), key_folder(mission)
    )
