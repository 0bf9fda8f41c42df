"""Accepted means safe: one thread writes what all doors received, many reports a transaction, and then says so.

While the database is locked or down, the same thread writes to the spool instead, and a second one tries the database
and drains the spool in order. From the first report in the spool until its last is drained, everything goes through the
spool, so that nothing overtakes. Both ways end in `intake.take_in`, which keeps a report once however often it comes:
so a process may be killed between any two instructions. Why not a journal always: docs/decisions/0007.
"""

import contextlib
import datetime as dt
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import Busy, SetupProblem, TocsinError
from tocsin.listen.alerts import notices
from tocsin.listen.alerts.gateways import Gateway, open_gateways
from tocsin.listen.alerts.intake import Arrived, Taken, from_json, take_in, to_json
from tocsin.listen.alerts.spool import FOLDER, Spool, read_spool, taken_over, waiting
from tocsin.listen.alerts.tables import gateway
from tocsin.store import open_store, reading, writing
from tocsin.store.faults import explain
from tocsin.store.keys import KeyRing, open_keys
from tocsin.store.tables import sealed_key

MOST = 400  # reports a transaction: longer ones keep others waiting
BUSY_MS = 150  # how long the database may be locked before reports go to the spool
GATE_S = 1.0  # how long another part of this process may write: it waits for the database no longer than we do
TEND_S = 0.5
FLOOD = 300  # reports a second
FLOOD_S = 2.0  # between two batches of reading while a flood comes in: about 20 reports a second are read meanwhile
WATCH_S = 20.0
log = logging.getLogger("tocsin.intake")


@dataclass
class Ticket:
    """Reports handed in, and what became of them: `taken`, or `spooled`, or an `error`."""

    items: Sequence[Arrived] = field(repr=False)
    wake: Callable[[list["Ticket"]], None] = field(repr=False)
    taken: list[Taken] | None = None
    spooled: bool = False
    error: TocsinError | None = None
    tag: Any = field(default=None, repr=False)


class Committer:
    """Keeps reports. `submit` from any thread; the ticket's `wake` is called when they are safe, or refused."""

    def __init__(
        self,
        store_url: str,
        folder: Path,
        key_folder: Path,
        now: Callable[[], dt.datetime],
        gate: "threading.Lock | None" = None,
    ) -> None:
        self.engine = quick_engine(store_url)
        self.folder, self.key_folder, self.now = folder / FOLDER, key_folder, now
        self.gate = gate or threading.Lock()
        self.gateways: dict[str, Gateway] = {}
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()  # (gateway, column) not yet in the database
        self.pings: dict[str, dt.datetime] = {}
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._mode = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._drained = 0
        self._watched = -WATCH_S
        self._spool: Spool | None = None
        self.direct = True
        self._pace = (time.monotonic(), 0, 0.0)

    def start(self) -> None:
        """Open keys and gateways and begin.

        Raises
        ------
        SetupProblem
            If the database cannot be read: without it nobody knows which gateways are ours.
        """
        if self._threads:
            return
        with reading(self.engine) as connection:
            self._look(connection)
        self.direct = not waiting(self.folder)
        for name, work in (("commit", self._commit_loop), ("tend", self._tend_loop)):
            thread = threading.Thread(target=work, name=f"tocsin-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Write what was handed in, and end."""
        self._stop.set()
        self._queue.put(None)
        for thread in self._threads:
            thread.join()
        if self._threads:
            with contextlib.suppress(TocsinError, sa.exc.SQLAlchemyError):
                self._write_counts()
            if self._spool is not None:
                self._spool.close()
        self._threads = []
        self.engine.dispose()

    def submit(self, ticket: Ticket) -> None:
        """Hand reports in."""
        self._queue.put(ticket)

    def refuse(self, gateway_id: str, column: str) -> None:
        """Count a refused or unreadable delivery; it is kept nowhere."""
        self.counts[column] += 1
        if gateway_id in self.gateways:
            self.refusals[gateway_id, column] += 1

    def heard(self, gateway_id: str) -> None:
        """Note a heartbeat or receipt: the gateway lives."""
        self.pings[gateway_id] = self.now()

    def patience_s(self) -> float:
        """How long other work of this process should wait: not at all below `FLOOD` reports a second."""
        now, count = time.monotonic(), self.counts["accepted"] + self.counts["repeated"] + self.counts["spooled"]
        since, before, rate = self._pace
        if now - since >= 0.5:
            rate = (count - before) / (now - since)
            self._pace = (now, count, rate)
        return 0.0 if rate < FLOOD else FLOOD_S

    # ---- writing ----

    def _commit_loop(self) -> None:
        while True:
            first = self._queue.get()
            tickets, size, ends = [], 0, first is None
            if first is not None:
                tickets, size = [first], len(first.items)
            while size < MOST and not ends:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ends = True
                else:
                    tickets.append(more)
                    size += len(more.items)
            if tickets:
                self._keep(tickets)
                self._tell(tickets)
            if ends and self._queue.empty():
                return

    def _keep(self, tickets: list[Ticket]) -> None:
        with self._mode:
            if self.direct:
                try:
                    self._take(tickets)
                    return
                except Exception as problem:
                    if not is_outage(problem):
                        self._one_by_one(tickets)
                        return
                    log.warning("the records do not take reports (%s): they go to the spool", type(problem).__name__)
                    self.direct = False
            self._to_spool(tickets)

    def _take(self, tickets: Sequence[Ticket]) -> None:
        items = [item for ticket in tickets for item in ticket.items]
        taken = self._transaction(items)
        at = 0
        for ticket in tickets:
            ticket.taken = taken[at : at + len(ticket.items)]
            at += len(ticket.items)

    def _transaction(self, items: Sequence[Arrived]) -> list[Taken]:
        if not self.gate.acquire(timeout=GATE_S):
            raise Busy("the records are held by another part of the program")
        try:
            with self.engine.begin() as connection:
                current = sa.select(sealed_key.c.id).where(sealed_key.c.replaced_at.is_(None))
                if connection.execute(current).scalars().first() != self.keys.current.id:
                    self._look(connection)
                taken = take_in(connection, self.keys, items, self.now())
        finally:
            self.gate.release()
        self.counts["accepted"] += sum(not t.repeated for t in taken)
        self.counts["repeated"] += sum(t.repeated for t in taken)
        self.counts["conflicts"] += sum(t.conflict for t in taken)
        self.counts["transactions"] += 1
        return taken

    def _one_by_one(self, tickets: Sequence[Ticket]) -> None:
        """One report that the database cannot hold must not take the others with it."""
        for ticket in tickets:
            try:
                self._take([ticket])
            except Exception as problem:
                log.error("a report could not be kept (%s)", type(problem).__name__)  # its values stay out of the log
                ticket.error = SetupProblem("the report could not be kept: send it again, and tell the administrator")

    def _to_spool(self, tickets: Sequence[Ticket]) -> None:
        items = [item for ticket in tickets for item in ticket.items]
        try:
            self.spool.append([to_json(item) for item in items])
        except TocsinError as problem:
            for ticket in tickets:
                ticket.error = Busy(problem.message, **problem.params)
            return
        self.counts["spooled"] += len(items)
        for ticket in tickets:
            ticket.spooled = True

    def _tell(self, tickets: list[Ticket]) -> None:
        told: dict[Callable[[list[Ticket]], None], list[Ticket]] = {}
        for ticket in tickets:
            told.setdefault(ticket.wake, []).append(ticket)
        for wake, mine in told.items():
            try:
                wake(mine)
            except Exception:  # whoever asked is gone; the reports are safe all the same
                log.warning("nobody waits any more for %d reports that were kept", len(mine))

    # ---- tending ----

    def _tend_loop(self) -> None:
        while not self._stop.is_set():
            try:
                self._tend()
            except Exception as problem:
                if not is_outage(problem):
                    log.error("tending the intake failed (%s)", type(problem).__name__)
            self._stop.wait(TEND_S)

    def _tend(self) -> None:
        with reading(self.engine) as connection:
            self._look(connection)
        if self._spool is None:
            return
        orphans = [p for p in waiting(self.folder) if p != self.spool.path]
        for path in orphans:
            with taken_over(path) as mine:
                if mine:
                    self._drain(path, 0)
                    path.unlink(missing_ok=True)
        if not self.direct:
            self._drain_own()
        self._write_counts()
        if time.monotonic() - self._watched >= WATCH_S:
            with self.gate, writing(self.engine) as connection:
                notices.watch(connection, self.now())
            self._watched = time.monotonic()

    def _look(self, connection: sa.Connection) -> None:
        """Gateways and keys as they are now; a mission without a gateway has no key yet and needs none."""
        query = sa.select(sealed_key.c.id).where(sealed_key.c.replaced_at.is_(None)).order_by(sealed_key.c.made_at)
        current = connection.execute(query).scalars().all()
        if not current:
            return
        if self._spool is None or current[-1] != self.keys.current.id:
            keys = open_keys(connection, self.key_folder, self.now())
            if self._spool is None:
                self._spool = Spool(self.folder, keys)
            self._spool.keys = keys
        self.gateways = open_gateways(connection, self.keys)

    @property
    def spool(self) -> Spool:
        """The spool of this process.

        Raises
        ------
        SetupProblem
            Before the mission has a key.
        """
        if self._spool is None:
            raise SetupProblem("the mission has no key yet: open a gateway with `tocsin listen gateway add`")
        return self._spool

    @property
    def keys(self) -> KeyRing:
        """The mission's keys."""
        return self.spool.keys

    def _drain_own(self) -> None:
        while True:
            path = self.spool.path
            if path is not None:
                self._drained += self._drain(path, self._drained)
            with self._mode:
                if self._drained >= self.spool.frames:  # nothing came in between
                    self.spool.forget()
                    self._drained = 0
                    self.direct = True
                    return

    def _drain(self, path: Path, skip: int) -> int:
        """Put batches of a spool file into the database, in order; a batch it cannot hold is set aside, not lost."""
        done = 0
        try:
            for batch in read_spool(path, self.keys, skip):
                items = [from_json(raw) for raw in batch]
                for start in range(0, len(items), MOST):
                    self._drain_batch(items[start : start + MOST])
                done += 1
        except SetupProblem as problem:
            if is_outage(problem):
                raise
            log.error("a spool file is damaged; it is kept aside")
            with writing(self.engine) as connection:
                notices.begin(connection, "spool_damaged", path.stem, self.now(), {"batches": skip + done})
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))
        return done

    def _drain_batch(self, items: list[Arrived]) -> None:
        try:
            self._transaction(items)
            self.counts["drained"] += len(items)
        except Exception as problem:
            if is_outage(problem):
                raise
            if len(items) > 1:
                for item in items:
                    self._drain_batch([item])
                return
            log.error("a spooled report could not be kept (%s); it is set aside", type(problem).__name__)
            aside = Spool(self.folder / "aside", self.keys)
            aside.append([to_json(items[0])])
            aside.close()

    def _write_counts(self) -> None:
        if not (self.refusals or self.pings):
            return
        refused, self.refusals = self.refusals, Counter()
        pings, self.pings = self.pings, {}
        try:
            with self.gate, writing(self.engine) as connection:
                for (id, column), n in sorted(refused.items()):
                    values: dict[str, Any] = {column: gateway.c[column] + n}
                    connection.execute(sa.update(gateway).where(gateway.c.id == id).values(values))
                for id, at in sorted(pings.items()):
                    connection.execute(sa.update(gateway).where(gateway.c.id == id).values(heard_at=at))
        except Exception:
            self.refusals.update(refused)
            self.pings = pings | self.pings
            raise


def quick_engine(store_url: str) -> sa.Engine:
    """Engine that gives up quickly when the database is locked or does not answer."""
    engine = open_store(store_url)
    if engine.dialect.name == "sqlite":
        from sqlalchemy import event

        @event.listens_for(engine, "connect")
        def short(connection: Any, _: Any) -> None:
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")

        return engine
    engine.dispose()
    options = "-c lock_timeout=2000 -c statement_timeout=10000"
    return sa.create_engine(
        store_url,
        pool_pre_ping=False,
        connect_args={"connect_timeout": 2, "options": options, "tcp_user_timeout": 3000},
    )


def is_outage(problem: BaseException) -> bool:
    """Whether the database is locked, down or full, so that the same work may succeed later."""
    if isinstance(problem, Busy):
        return True
    if isinstance(problem, sa.exc.DBAPIError) and (problem.connection_invalidated or explain(problem) is not None):
        return True
    state = str(getattr(getattr(problem, "orig", None), "sqlstate", None) or "")
    if state[:2] in ("40", "55", "57"):  # deadlock, lock not to be had in time, told to stop
        return True
    cause = problem.__cause__
    return isinstance(problem, SetupProblem) and isinstance(cause, sa.exc.DBAPIError)
