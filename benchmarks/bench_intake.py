"""Intake of reports: accepted durably a second, answer times, visible in the queue, pages at 100,000, kills."""

import datetime as dt
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.intake_house import Served, cpu_seconds, load_of, mission, serving
from benchmarks.results import ROOT, Figure
from tocsin.listen.alerts.jobs import Worker
from tocsin.listen.alerts.refresh import start_alerts
from tocsin.listen.alerts.tables import alert, report, report_change, source
from tocsin.store import insert_rows, reading, writing

REPORTS = 10_000
CONNECTIONS = 48
RATE = 200
OPEN = 100_000
KILLS = int(os.environ.get("TOCSIN_BENCH_KILLS", "150"))


def run() -> list[Figure]:
    found: list[Figure] = []
    for kind in ("sqlite", "postgres"):
        with mission(kind) as house:
            with serving(house) as (port, process):
                found += _flood(kind, house, port, process)
            found += _steady(kind)
        found += _large(kind)
        found += _killed(kind)
    return found


def _flood(kind: str, house: Served, port: int, process: subprocess.Popen[bytes]) -> list[Figure]:
    load_of(house, port, 1000, CONNECTIONS, 0, 99)  # warm
    before = cpu_seconds(process)
    told = load_of(house, port, REPORTS, CONNECTIONS, 0, 1)
    spent = cpu_seconds(process) - before
    with reading(house.engine) as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(report)).scalar_one()
    if told["bad"] or kept < told["distinct"]:
        raise RuntimeError(f"{told} and {kept} kept")
    note = (
        f"{REPORTS:,} signed deliveries, 10 % sent twice, {CONNECTIONS} connections, one server process with its "
        f"reader, load from another on the same two cores; server {1000 * spent / REPORTS:.2f} ms of processor each; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    goal = 1000.0 if kind == "sqlite" else None
    return [
        Figure(f"intake.{kind}.accepted_a_second", told["count"] / told["seconds"], "1/s", goal, "higher", note=note),
        Figure(f"intake.{kind}.p50", told["p50_ms"], "ms", None, "lower", note="same run: answer after fsync"),
        Figure(f"intake.{kind}.p99", told["p99_ms"], "ms", 100 if goal else None, "lower", note="same run"),
    ]


def _steady(kind: str) -> list[Figure]:
    """At a steady 200 a second: answers, how soon a report is in the queue, how soon it is read and joined."""
    with mission(kind) as house, serving(house) as (port, _):
        load_of(house, port, 300, 8, 100, 98)
        seen: list[float] = []
        stop = threading.Event()
        watcher = threading.Thread(target=_watch, args=(house, port, seen, stop))
        watcher.start()
        told = load_of(house, port, RATE * 10, 16, RATE, 2)
        time.sleep(1.5)
        stop.set()
        watcher.join()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with reading(house.engine) as connection:
                left = connection.execute(
                    sa.select(sa.func.count()).select_from(report).where(report.c.state == "new")
                ).scalar_one()
            if not left:
                break
            time.sleep(0.2)
        with reading(house.engine) as connection:
            query = sa.select(report.c.received_at, report_change.c.at).join(
                report_change, report_change.c.report_id == report.c.id
            )
            # the line of history bears the time at which its batch began: to that is added how long a batch takes
            late = [(r.at - r.received_at).total_seconds() for r in connection.execute(query)]
    most = 100 if kind == "sqlite" else None
    note = f"{RATE} a second for 10 s, about ten places, while they are read and joined"
    return [
        Figure(f"intake.{kind}.steady_p99", told["p99_ms"], "ms", most, "lower", note=note),
        Figure(f"intake.{kind}.visible_p99", float(np.quantile(seen, 0.99)), "s", 1.0, "lower",
               note=f"arrival to the first page of the queue with it over HTTP, every 100 ms; {len(seen):,} reports"),
        Figure(f"intake.{kind}.read_p99", float(np.quantile(late, 0.99)), "s", None, "lower",
               note="arrival to the batch in which it is read, placed, joined and graded"),
    ]  # fmt: skip


def _watch(house: Served, port: int, seen: list[float], stop: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    known: set[int] = set()
    first = True
    while not stop.is_set():
        connection.request("GET", "/api/reports?limit=60", headers={"Authorization": f"Bearer {house.token}"})
        rows = json.loads(connection.getresponse().read())["rows"]
        now = dt.datetime.now(dt.UTC)
        for row in rows:
            if row["id"] not in known:
                known.add(row["id"])
                if not first:
                    seen.append((now - dt.datetime.fromisoformat(row["received_at"])).total_seconds())
        first = False
        time.sleep(0.1)


def _large(kind: str) -> list[Figure]:
    """100,000 open reports in 20,000 alerts: pages of the queues, and reading what comes then."""
    with mission(kind) as house:
        _fill(house)
        with serving(house) as (port, _):
            pages = {
                "reports": "/api/reports?state=waiting&limit=50",
                "alerts": "/api/alerts?limit=50",
                "alert": "/api/alerts/1",
            }
            spent = {name: _asked(house, port, path) for name, path in pages.items()}
        now = dt.datetime.now(dt.UTC)
        worker = _Timed(house.engine, house.mission)
        begin = time.perf_counter()
        worker.step(now)
        restored = time.perf_counter() - begin
        _arrive(house, 2000, spread=True)
        alone = _read(worker, now)
        _arrive(house, 2000, spread=False)
        storm = _read(worker, now)
    note = f"{OPEN:,} open reports in 20,000 alerts; load average {os.getloadavg()[0]:.1f}"
    everywhere = ", all over the country"
    return [
        *(Figure(f"intake.{kind}.page.{name}", value, "ms", 100, "lower", note=f"median over HTTP, {note}")
          for name, value in spent.items()),
        *(Figure(f"intake.{kind}.{name}", cpu, "ms", goal, "lower",
                 note=f"processor time a report: {what}; {wall:.2f} ms of wall; {note}")
          for name, (cpu, wall), goal, what in (
              ("join_grade", alone[1:], 1.0, f"joined, graded, written{everywhere}; wall with understanding"),
              ("join_grade_storm", storm[1:], 1.0, "the same, 2,000 about ten places at once"),
              ("read_join_grade", alone[::2], None, f"understood and placed too{everywhere}"),
              ("read_join_grade_storm", storm[::2], None, "the same, 2,000 about ten places at once"),
          )),
        Figure(f"intake.{kind}.restart", restored, "s", None, "lower", note=f"reading back {OPEN:,} open reports"),
    ]  # fmt: skip


class _Timed(Worker):
    """The worker of the program, with the processor time of its second half: join, grade, write with history."""

    spent = 0.0

    def _write(self, *given: Any) -> int | None:
        begin = time.process_time()
        done = super()._write(*given)
        self.spent += time.process_time() - begin
        return done


def _read(worker: _Timed, now: dt.datetime) -> tuple[float, float, float]:
    """Milliseconds a report of everything that waits: processor in all, in joining and grading alone, wall."""
    worker.spent = 0.0
    begin, cpu, done = time.perf_counter(), time.process_time(), 0
    while n := worker.step(now):
        done += n
    ends = time.process_time() - cpu, worker.spent, time.perf_counter() - begin
    return tuple(1000 * each / done for each in ends)  # type: ignore[return-value]


def _asked(house: Served, port: int, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    spent = []
    for _ in range(30):
        begin = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {house.token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        spent.append(time.perf_counter() - begin)
    return 1000 * statistics.median(spent)


_LABEL = ("AMBER", "UNCLASSIFIED")


def _fill(house: Served) -> None:
    rng = np.random.default_rng(1)
    now = dt.datetime.now(dt.UTC)
    with writing(house.engine) as connection:
        insert_rows(
            connection, source, ("id", "verified", "refuted", "made_at", "tlp", "classification"),
            [(f"s{n}", 0.0, 0.0, now, *_LABEL) for n in range(5000)],
        )  # fmt: skip
        alerts = start_alerts(connection, 20_000, now)
        connection.execute(
            sa.update(alert).values(reports=4, priority=sa.func.abs(alert.c.id * 37 % 100), heard_at=now)
        )
        columns = (
            "delivery", "gateway_id", "provider_id", "content_hash", "kind", "practice", "sent_at", "received_at",
            "source_id", "text", "fields", "attachments", "denied", "threat", "understood", "place", "lon", "lat",
            "radius_km", "placed_by", "state", "alert_id", "tlp", "classification",
        )  # fmt: skip
        rows = []
        for n in range(OPEN):
            at = now - dt.timedelta(hours=float(rng.uniform(0, 160)))
            waits = n % 5 == 0
            where = (float(rng.uniform(15, 27)), float(rng.uniform(3, 10)))
            rows.append(
                (f"f{n}", "load", f"f{n}", "x", "sms", False, at, at, f"s{n % 5000}", "attaque du village hier", {}, [],
                 False, None if waits else "attack", {}, None if waits else "Bria", *where, 10.0, "program",
                 "waiting" if waits else "joined", None if waits else alerts[n % len(alerts)], *_LABEL)
            )  # fmt: skip
        connection.execute(sa.insert(report), [dict(zip(columns, row, strict=True)) for row in rows])


def _arrive(house: Served, count: int, spread: bool) -> None:
    from benchmarks.intake_load import deliveries
    from tocsin.listen.alerts.addresses import sender_address
    from tocsin.listen.alerts.formats import READERS
    from tocsin.listen.alerts.intake import Arrived, take_in
    from tocsin.listen.alerts.model import Delivery

    now = dt.datetime.now(dt.UTC)
    rng = np.random.default_rng(2)
    requests = deliveries(count, "/", "x", 5 + spread)
    spot = {"lon": 0.0, "lat": 0.0} if spread else {}
    items = [
        Arrived(
            "load",
            replace(got, **{k: float(rng.uniform(*((15, 27) if k == "lon" else (3, 10)))) for k in spot}),
            now,
            sender_address("smsgateway", got.sender),
        )
        for request in requests
        for got in READERS["smsgateway"](Delivery(request.split(b"\r\n\r\n", 1)[1], now))
    ]
    with writing(house.engine) as connection:
        take_in(connection, house.keys, items, now)


def _killed(kind: str) -> list[Figure]:
    found = []
    for spool in (False, True) if kind == "sqlite" else (False,):
        with mission(kind, "generic", allowed=("127.0.0.0/8",)) as house:
            environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "SECRET": house.secret, "SETTLE": "5"}
            environment |= {"SPOOL": "1"} if spool else {}
            run = subprocess.run(
                [sys.executable, "-m", "tests.web.faults", str(house.mission.folder), house.path, str(KILLS), "5", "80",
                 "400"],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
            told = json.loads(run.stdout)
            with reading(house.engine) as connection:
                there = Counter(connection.execute(sa.select(report.c.provider_id)).scalars())
            lost = len(set(told["said"]) - set(there))
            twice = sum(n > 1 for n in there.values())
            left = len(list(Path(house.mission.folder, "spool").glob("*.spool")))
        name = f"intake.{kind}.killed{'_spooling' if spool else ''}"
        note = f"{told['kills']} servers killed (SIGKILL) at random; {len(told['said']):,} reports acknowledged"
        note += "; the database held by somebody else half of the time" if spool else ""
        found += [
            Figure(f"{name}.lost", lost, "reports", 0, "lower", note=note),
            Figure(f"{name}.twice", twice + left, "reports", 0, "lower", note="and spool files left over"),
        ]
    return found
