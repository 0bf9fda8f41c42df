"""Reading what came in: understand, place, join, grade. One process at a time; safe to kill and to run twice.

A report is read outside any transaction; then one short transaction, which holds the lease, joins a batch and brings
the alerts up to date. What could not be told is left to a person (state ``waiting``). What people change meanwhile is
taken over from the history, and a restart begins from what the records say.
"""

import datetime as dt
import logging
import secrets
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Tlp
from tocsin.core.errors import BadFile, TocsinError
from tocsin.core.mission import Mission
from tocsin.listen.alerts import leases
from tocsin.listen.alerts.ground import Ground, ground_mark, open_ground
from tocsin.listen.alerts.join import Caps, Joiner
from tocsin.listen.alerts.model import ThreatKind
from tocsin.listen.alerts.refresh import COLUMNS, IDS, OVER, PROGRAM, refresh, rows_of_alerts, sources_of, start_alerts
from tocsin.listen.alerts.settle import Settled, settle
from tocsin.listen.alerts.summing import Rank, item_of, not_ranked
from tocsin.listen.alerts.tables import alert, alert_change, report, report_change
from tocsin.store import reading, writing

NAME = "reading reports"
BATCH = 40  # reports a transaction: intake waits while one runs
HELD = 500  # alerts whose reports are kept in memory
FORGET = 50_000  # reports taken in since the start, beyond the open ones, before memory is built anew
PAUSE_S = 0.2
RENEW = leases.LENGTH / 4
log = logging.getLogger("tocsin.reading")
_STRICT = (ThreatKind.SEXUAL_VIOLENCE,)  # for the eyes of few, whatever its reports are otherwise


@dataclass
class _Joined:
    """One joiner, and its alerts' numbers beside those of the records."""

    joiner: Joiner
    number: dict[int, int]
    alert_id: dict[int, int]

    def put_back(self, item: Any, alert_id: int) -> None:
        number = self.number.setdefault(alert_id, len(self.number) + 1)
        self.alert_id[number] = alert_id
        self.joiner.restore(item, number)


class Worker:
    """Reads reports for one mission; hold one a process.

    Parameters
    ----------
    engine : Engine
    mission : Mission
    rank : callable
        How urgent an alert is, from the door.
    gate : Lock, optional
        Shared with the intake of the same process, so that they do not wait for each other in the database.
    """

    def __init__(
        self,
        engine: sa.Engine,
        mission: Mission,
        rank: Rank = not_ranked,
        gate: "threading.Lock | None" = None,
        caps: Caps | None = None,
    ) -> None:
        self.engine, self.mission, self.rank, self.gate = engine, mission, rank, gate or threading.Lock()
        self.caps = caps or Caps()
        self.holder = secrets.token_hex(8)
        self._sets: dict[bool, _Joined] | None = None  # by practice or not
        self._ground: Ground | None = None
        self._seen = (0, 0)
        self._start_size = 0
        self._rows: dict[int, list[Mapping[str, Any]]] = {}  # of alerts that grew lately, whole
        self._held = dt.datetime.min.replace(tzinfo=dt.UTC)

    def step(self, now: dt.datetime) -> int | None:
        """Read one batch.

        Returns
        -------
        int or None
            How many reports were read; None when another process has the lease.
        """
        if self._sets is None or not self._held <= now < self._held + RENEW:
            with self.gate, writing(self.engine) as connection:
                if not leases.hold(connection, NAME, self.holder, now):
                    self._sets = None
                    return None
            self._held = now
        with reading(self.engine) as connection:
            self._look(connection)
            if self._sets is None:
                self._restore(connection, now)
            else:
                self._follow(connection)
            rows = self._new(connection)
            if not rows:
                return 0
            sources = sources_of(connection, {r["source_id"] for r in rows if r["source_id"]})
        ground = self._ground
        if ground is None:
            return 0
        homes = {r["id"]: sources[r["source_id"]].home if r["source_id"] in sources else None for r in rows}
        settled = {r["id"]: _settle(r, ground, homes[r["id"]]) for r in rows}
        try:
            with self.gate, writing(self.engine) as connection:
                return self._write(connection, rows, settled, homes, ground, now)
        except BaseException:
            self._sets = None  # memory is ahead of the records: begin again from them
            raise

    def give_back(self, now: dt.datetime) -> None:
        """Let another process read from now on."""
        with self.gate, writing(self.engine) as connection:
            leases.give_back(connection, NAME, self.holder, now)
        self._sets = None

    def _new(self, connection: sa.Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(_NEW).mappings()]

    def _look(self, connection: sa.Connection) -> None:
        """Take over changed places and words; words that cannot be read leave the former ones in use."""
        mark = ground_mark(connection, self.mission.folder)
        if self._ground is None or self._ground.mark != mark:
            try:
                self._ground = open_ground(connection, self.mission)
            except BadFile as problem:
                log.error("the mission's words cannot be read: %s", problem)
                if self._ground is None:
                    raise
                self._ground = Ground(self._ground.known, self._ground.areas, mark)

    def _restore(self, connection: sa.Connection, now: dt.datetime) -> None:
        """Open reports as the records have them."""
        self._rows = {}
        self._sets = {flag: _Joined(Joiner(caps=self.caps), {}, {}) for flag in (False, True)}
        self._seen = _latest(connection)
        since = now - dt.timedelta(hours=self.caps.hours + self.caps.window_hours)
        for row in _joined_rows(connection, report.c.sent_at >= since):
            self._put(row)
        self._start_size = sum(len(s.joiner) for s in self._sets.values())

    def _put(self, row: Mapping[str, Any]) -> None:
        if self._sets is not None and row["lon"] is not None:
            home = None if row["home_lon"] is None or row["home_lat"] is None else (row["home_lon"], row["home_lat"])
            self._sets[row["practice"]].put_back(item_of(row, home), row["alert_id"])

    def _follow(self, connection: sa.Connection) -> None:
        """Take over what people changed since the last batch.

        Lines of history can become visible later than higher numbers, so some before the last are looked at again;
        taking a change over twice changes nothing.
        """
        latest = _latest(connection)
        if self._sets is None or latest == self._seen:
            return
        r, a = report_change.c, alert_change.c
        reports = set(
            connection.execute(sa.select(r.report_id).where(r.id > self._seen[0] - 50, r.who != PROGRAM)).scalars()
        )
        alerts = set(
            connection.execute(sa.select(a.alert_id).where(a.id > self._seen[1] - 50, a.who != PROGRAM)).scalars()
        )
        if alerts:
            query = sa.select(report.c.id).where(report.c.alert_id.in_(alerts))
            reports |= set(connection.execute(query).scalars())
        self._seen = latest
        if reports or alerts:
            self._rows = {}
            for part in self._sets.values():
                for id in reports:
                    if str(id) in part.joiner:
                        part.joiner.leave(str(id))
            for row in _joined_rows(connection, report.c.id.in_(reports)):
                self._put(row)
        if sum(len(s.joiner) for s in self._sets.values()) - self._start_size > FORGET:
            self._sets = None  # built anew at the next batch

    def _write(
        self,
        connection: sa.Connection,
        rows: Sequence[Mapping[str, Any]],
        settled: Mapping[int, Settled],
        homes: Mapping[int, tuple[float, float] | None],
        ground: Ground,
        now: dt.datetime,
    ) -> int | None:
        if not leases.hold(connection, NAME, self.holder, now):
            self._sets = None
            return None
        ids = [r["id"] for r in rows]
        there = set(connection.execute(_STILL_NEW, {"ids": ids}).scalars())  # a person may have been faster
        mine = [r for r in rows if r["id"] in there]
        joined, changed, fresh = self._join(connection, mine, settled, homes, now)
        values, lines = [], []
        for row in mine:
            done = settled[row["id"]]
            spot = {"lon": done.values.get("lon", row["lon"]), "lat": done.values.get("lat", row["lat"])}
            strict = done.values["threat"] in _STRICT
            state = "joined" if row["id"] in joined else "waiting"
            values.append(
                {k: done.values.get(k, row.get(k)) for k in _READ}
                | {
                    "key": row["id"], "area": ground.area_of(**spot), "state": state, "alert_id": joined.get(row["id"]),
                    "tlp": Tlp.RED.value if strict else row["tlp"],
                }
            )  # fmt: skip
            details = {"state": state, "alert": joined.get(row["id"]), "doubts": list(done.doubts)}
            lines.append(
                {"report_id": row["id"], "at": now, "who": PROGRAM, "what": "read", "details": details, "before": {}}
            )
        if values:
            _update(connection, values)
            connection.execute(sa.insert(report_change), lines)
        history = [
            {"alert_id": a, "what": "started" if a in fresh and n == fresh[a] else "joined", "details": {"report": n}}
            for n, a in joined.items()
        ]
        connection.execute(_LOCK, {"ids": list(changed)}).all()
        if self._meddled(connection):
            self._rows = {}
        self._hold(connection, changed, mine, values)
        held = {a: self._rows[a] for a in changed}
        refresh(connection, changed, self.rank, now, PROGRAM, history, held)
        return len(mine)

    def _meddled(self, connection: sa.Connection) -> bool:
        """Whether a person changed anything since it was last looked: what is held in memory may be wrong then."""
        return any(
            connection.execute(sa.select(t.c.id).where(t.c.id > seen - 50, t.c.who != PROGRAM).limit(1)).first()
            for t, seen in ((report_change, self._seen[0]), (alert_change, self._seen[1]))
        )

    def _hold(
        self,
        connection: sa.Connection,
        changed: Collection[int],
        rows: Sequence[Mapping[str, Any]],
        values: Sequence[Mapping[str, Any]],
    ) -> None:
        """Know all reports of the alerts that changed, reading only those of alerts that did not change lately."""
        if len(self._rows) + len(changed) > HELD:
            self._rows = {a: self._rows[a] for a in changed if a in self._rows}
        unknown = [a for a in changed if a not in self._rows]
        for row, value in zip(rows, values, strict=True):
            if value["alert_id"] in self._rows:
                whole = {**row, **value}
                self._rows[value["alert_id"]].append({k: whole[k] for k in COLUMNS})
        self._rows |= rows_of_alerts(connection, unknown)

    def _join(
        self,
        connection: sa.Connection,
        rows: Sequence[Mapping[str, Any]],
        settled: Mapping[int, Settled],
        homes: Mapping[int, tuple[float, float] | None],
        now: dt.datetime,
    ) -> tuple[dict[int, int], set[int], dict[int, int]]:
        """Alert of each report that could be joined; alerts that changed; new alerts and the report they began with."""
        if self._sets is None:
            raise TocsinError("reports were joined before the records were read")  # a mistake of ours
        numbers: list[tuple[int, bool, int]] = []
        for row in rows:
            done = settled[row["id"]]
            if done.doubts:
                continue
            whole = {**row, **done.values}
            number = self._sets[row["practice"]].joiner.add(item_of(whole, homes[row["id"]]))
            numbers.append((row["id"], row["practice"], number))
        unknown = list(dict.fromkeys((p, n) for _, p, n in numbers if n not in self._sets[p].alert_id))
        made = start_alerts(connection, len(unknown), now)
        for (practice, number), alert_id in zip(unknown, made, strict=True):
            self._sets[practice].alert_id[number] = alert_id
            self._sets[practice].number[alert_id] = number
        joined = {id: self._sets[p].alert_id[n] for id, p, n in numbers}
        first: dict[int, int] = {}
        for id, alert_id in joined.items():
            if alert_id in made:
                first.setdefault(alert_id, id)
        return joined, set(joined.values()), first


def _settle(row: Mapping[str, Any], ground: Ground, home: tuple[float, float] | None) -> Settled:
    """Read a report; one that the program stumbles over waits for a person and stops nobody else's."""
    try:
        return settle(row, ground.known, home)
    except Exception as problem:
        log.error("report %d could not be read (%s): a person must", row["id"], type(problem).__name__)
        values = {k: row.get(k) for k in _READ} | {"understood": row["understood"] or {}}
        return Settled(values, ("unreadable",), "")


_READ = (
    "understood", "threat", "imminence", "actor", "number", "language", "denied", "places", "place", "lon", "lat",
    "radius_km", "placed_by",
)  # fmt: skip


_WRITTEN = (*_READ, "area", "state", "alert_id", "tlp")
# Put together once: building a statement of thirty columns costs more than running it.
_NEW = (
    sa.select(*(report.c[n] for n in (*COLUMNS, "fields", "places", "given_lon", "given_lat")))
    .where(report.c.state == "new").order_by(report.c.id).limit(BATCH)
)  # fmt: skip
_STILL_NEW = (
    sa.select(report.c.id).where(report.c.id.in_(IDS), report.c.state == "new")
    .with_for_update()
)  # fmt: skip
_LOCK = (
    sa.select(alert.c.id).where(alert.c.id.in_(IDS)).order_by(alert.c.id)
    .with_for_update()
)  # fmt: skip
_WRITE = (
    sa.update(report).where(report.c.id == sa.bindparam("key")).values({n: sa.bindparam(f"v_{n}") for n in _WRITTEN})
)  # fmt: skip


def _update(connection: sa.Connection, values: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(_WRITE, [{"key": v["key"], **{f"v_{n}": v[n] for n in _WRITTEN}} for v in values])


def _latest(connection: sa.Connection) -> tuple[int, int]:
    one = connection.execute(sa.select(sa.func.max(report_change.c.id))).scalar_one()
    two = connection.execute(sa.select(sa.func.max(alert_change.c.id))).scalar_one()
    return one or 0, two or 0


def _joined_rows(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Collection[Mapping[str, Any]]:
    from tocsin.listen.alerts.tables import source

    columns = [report.c[name] for name in COLUMNS]
    query = (
        sa.select(*columns, source.c.lon.label("home_lon"), source.c.lat.label("home_lat"))
        .join(alert, alert.c.id == report.c.alert_id)
        .outerjoin(source, source.c.id == report.c.source_id)
        .where(report.c.state == "joined", alert.c.state.not_in(OVER), where)
        .order_by(report.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def run(
    worker: Worker,
    now: Callable[[], dt.datetime],
    stop: threading.Event,
    patience_s: Callable[[], float] = lambda: 0.0,
) -> None:
    """Read until told to stop; a database that is away is waited for, and a mistake of ours does not end the work.

    `patience_s` says how long to wait after a batch: while a flood comes in, keeping comes before reading.
    """
    wait = PAUSE_S
    while not stop.is_set():
        try:
            done = worker.step(now())
            wait = patience_s() if done else PAUSE_S if done == 0 else 2.0
        except TocsinError as problem:
            log.warning("reading waits: %s", problem)
            wait = 2.0
        except Exception as problem:
            log.error("reading failed (%s)", type(problem).__name__)
            wait = 2.0
        if wait:
            stop.wait(wait)
    try:
        worker.give_back(now())
    except Exception as problem:
        log.warning("the lease ends by itself (%s)", type(problem).__name__)
