"""Acting: pages a second through a ladder, messages a second out of the outbox, an alert ranked, a month counted.

SQLite with `synchronous=FULL`; the gateway is a function that answers at once: the figures are ours, not a network's.
"""

import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from benchmarks.results import Figure
from tocsin.act.duty import Cause, advance_ladders, raise_ladder
from tocsin.act.duty import actions as duty
from tocsin.act.figures import figures
from tocsin.act.notify import Message, Purpose, Recipient, enqueue, set_sender
from tocsin.act.notify.jobs import empty_outbox
from tocsin.act.notify.model import Answer
from tocsin.act.respond.actions import rank_changed
from tocsin.act.respond.outlook import Outlook
from tocsin.act.rules import default_rules
from tocsin.core.codes import Role
from tocsin.core.mission import create
from tocsin.core.words import translator
from tocsin.listen.alerts.tables import alert, source
from tocsin.store import open_store, reading, sealed, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import open_keys
from tocsin.store.policy import Actor
from tocsin.store.sealed import Field
from tocsin.store.tables import account

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DUTY = Actor("duty", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))
LADDERS, MESSAGES, ALERTS, MONTH = 1_000, 500, 1_000, 6_170  # the last: alerts of one mission year


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        return _measure(Path(name))


def _alert(n: int) -> dict[str, object]:
    at = NOW - dt.timedelta(minutes=n % 40_000)
    return {
        "state": "closed" if n % 5 else "open", "practice": False, "threat": ("attack", "looting", "abduction")[n % 3],
        "imminence": "hours", "lon": 20.6, "lat": 6.2, "radius_km": 5.0, "area": f"A{n % 16}", "component": "civilian",
        "reports": 1, "independent": 1.0, "reliability": "F", "credibility": "6", "truth": 0.5, "grade_why": [],
        "priority": 0.0, "level": "2", "priority_why": {}, "heard_at": at, "last_at": at, "acknowledge_by": at,
        "decide_by": at, "acknowledged_at": at + dt.timedelta(minutes=9), "told_at": at + dt.timedelta(hours=5),
        "outcome": ("averted", "late", "false", "referred")[n % 4] if n % 5 else None, "changed": 1, "tlp": "AMBER",
        "classification": "CONFIDENTIAL",
    }  # fmt: skip


def _measure(folder: Path) -> list[Figure]:
    (folder / "cells.csv").write_text("gid\n135758\n")
    home = create(folder / "m", str(folder / "cells.csv"), "Bench")
    engine = open_store(home.store_url, create=True)
    rules, english = default_rules(), translator("en")
    with writing(engine) as c:
        keys = open_keys(c, folder / "keys", NOW)
        person = {"id": "duty", "login": "duty", "name": "d", "roles": ["duty_officer"], "component": "civilian"}
        c.execute(sa.insert(account).values(**person, areas=["*"], password="", made_at=NOW))
        duty.set_holder(c, DUTY, "duty officer", "duty", NOW)
        set_sender(c, keys, CONSOLE, "sms", "smsgateway", {"url": "https://x.example", "account": "a"}, "k", NOW)
        for n in range(MESSAGES):
            c.execute(sa.insert(source).values(id=f"s{n}", verified=0, refuted=0, made_at=NOW, tlp="RED",
                                               classification="CONFIDENTIAL"))  # fmt: skip
            sealed.put(c, keys, Field("source", f"s{n}", "phone"), f"+2367{n:07}", NOW)
            enqueue(c, Message(f"m{n}", Purpose.NOTICE, Recipient.SOURCE, f"s{n}", "words", urgent=True), NOW)

    def post(out: object, now: dt.datetime) -> Answer:
        return Answer(True)

    send, send_cpu = seconds(lambda: empty_outbox(engine, folder / "keys", rules, post, lambda: NOW))

    def page() -> None:
        with writing(engine) as c:
            for n in range(LADDERS):
                raise_ladder(c, rules, Cause(f"alert:{n}", "ordinary", 20 + n % 70), NOW)
            advance_ladders(c, rules, english, NOW)

    paged, paged_cpu = seconds(page)

    def look() -> None:
        with writing(engine) as c:
            advance_ladders(c, rules, english, NOW + dt.timedelta(seconds=5))

    looked, _ = seconds(look)
    with writing(engine) as c:
        c.execute(sa.insert(alert), [{**_alert(n), "state": "open"} for n in range(ALERTS)])

    def rank() -> None:
        with writing(engine) as c:
            while rank_changed(c, rules, Outlook(), NOW):
                pass

    ranked, ranked_cpu = seconds(rank)
    with writing(engine) as c:
        c.execute(sa.insert(alert), [_alert(n) for n in range(MONTH)])

    def count() -> None:
        with reading(engine) as c:
            figures(c, DUTY, dt.date(2026, 1, 1), dt.date(2026, 4, 1))

    counted, counted_cpu = seconds(count)
    engine.dispose()
    load = f"load {os.getloadavg()[0]:.1f}"
    return [
        Figure("Messages taken, opened, sent and settled", MESSAGES / send, "1/s", None, "higher",
               note=f"SQLite, each in a transaction of its own; {send_cpu:.1f} s CPU for {MESSAGES}; {load}"),
        Figure("Ladders opened and paged at once", LADDERS / paged, "1/s", None, "higher",
               note=f"{LADDERS} in one transaction; {paged_cpu:.1f} s CPU; {load}"),
        Figure("A look at 1,000 open ladders when nothing is due", looked * 1000, "ms", 1000.0, "lower",
               note=f"the worker looks every 5 s; {load}"),
        Figure("An alert ranked, written and its ladder opened", ranked / ALERTS * 1000, "ms", None, "lower",
               note=f"{ranked_cpu:.1f} s CPU for {ALERTS}; {load}"),
        Figure("Figures of 7,170 alerts", counted, "s", 5.0, "lower", note=f"{counted_cpu:.1f} s CPU; {load}"),
    ]  # fmt: skip
