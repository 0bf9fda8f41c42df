"""A busy shift at the door on PostgreSQL: 200 people signed in, 20 live queues, 50 reports a second, 5 briefs."""

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from tests.servers import own_postgres

from benchmarks.intake_house import Served, cpu_seconds, keys_in, serving
from benchmarks.results import ROOT, Figure
from benchmarks.web_load import PAGES
from tocsin.core.codes import Role
from tocsin.core.mission import load
from tocsin.listen.alerts import gateways
from tocsin.listen.alerts.tables import alert, report
from tocsin.listen.places.tables import place
from tocsin.store import open_store, reading, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.sessions import open_session
from tocsin.store.tables import account

PEOPLE, QUEUES, RATE, BRIEFS, THINK_S = 200, 20, 50.0, 5, 5.0
SECONDS = float(os.environ.get("TOCSIN_BENCH_SECONDS", "60"))
ROLES = (Role.DUTY_OFFICER, Role.HUMAN_RIGHTS_OFFICER)  # who may read every report, so that no page is a 404


def run() -> list[Figure]:
    with house() as (made, tokens), serving(made) as (port, process):
        _shift(made, port, tokens[:20], 6.0, 99)  # warm, and some alerts to look at
        _wait_until_read(made)
        with reading(made.engine) as connection:
            before = connection.execute(sa.select(sa.func.count()).select_from(report)).scalar_one()
        spent = cpu_seconds(process)
        told = _shift(made, port, tokens, SECONDS, 1)
        spent = cpu_seconds(process) - spent
        time.sleep(2)
        with reading(made.engine) as connection:
            kept = connection.execute(sa.select(sa.func.count()).select_from(report)).scalar_one() - before
    pages = {name: np.array(told["spent"][name]) for name, _ in PAGES}
    reads = np.concatenate(list(pages.values()))
    reports, briefs = (np.array(told["spent"][name]) for name in ("report", "brief"))
    note = (
        f"{PEOPLE} people reading every {THINK_S:g} s ({len(reads) / SECONDS:.0f} reads a second), {QUEUES} live "
        f"queues, {RATE:g} signed reports a second, {BRIEFS} briefs at once, {SECONDS:g} s, one server and its "
        f"reader on PostgreSQL with fsync; load from another process on the same cores; server and reader "
        f"{spent / SECONDS:.2f} processors; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    wrong = f"{Counter(told['bad']).most_common(3)}" if told["bad"] else "none"
    errors = float(len(told["bad"]) + told["dropped"])
    return [
        Figure("web.read_p99", 1000 * float(np.quantile(reads, 0.99)), "ms", 300, "lower", note=note),
        Figure("web.read_p50", 1000 * float(np.median(reads)), "ms", None, "lower", note="same run"),
        Figure("web.report_p99", 1000 * float(np.quantile(reports, 0.99)), "ms", 300, "lower", note="same run"),
        Figure("web.brief_slowest", float(briefs.max()), "s", None, "lower", note="same run, all asked for at once"),
        Figure("web.server_processors", spent / SECONDS, "processors", None, "lower", note="same run, briefs apart"),
        Figure("web.errors", errors, "answers", 0, "lower", note=f"same run: {wrong}"),
        Figure("web.lost_reports", float(len(reports) - kept), "reports", 0, "lower",
               note=f"same run: {len(reports):,} acknowledged, {kept:,} kept"),
        Figure("web.live_events", float(told["events"]), "events", None, "higher", note="same run, told to the queues"),
    ]  # fmt: skip


def _wait_until_read(made: Served) -> None:
    """The program has made alerts of what came in: in a process of its own, which takes some seconds to begin."""
    end = time.monotonic() + 60
    query = sa.select(sa.func.count()).select_from(report).where(report.c.state == "new")
    while time.monotonic() < end:
        with reading(made.engine) as connection:
            if connection.execute(query).scalar_one() == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("reports were not read within a minute")


def _shift(made: Served, port: int, tokens: list[str], seconds: float, seed: int) -> dict:
    with reading(made.engine) as connection:
        alerts = list(connection.execute(sa.select(alert.c.id).order_by(alert.c.id.desc()).limit(100)).scalars())
        places = list(connection.execute(sa.select(place.c.name).order_by(place.c.id).limit(40)).scalars())
    what = {"port": port, "tokens": tokens, "queues": QUEUES if seed == 1 else 2, "briefs": BRIEFS if seed == 1 else 0,
            "rate": RATE, "seconds": seconds, "think_s": THINK_S if seed == 1 else 1.0, "path": made.path,
            "secret": made.secret, "seed": seed, "alerts": alerts or [1], "places": places}  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run([sys.executable, "-m", "benchmarks.web_load"], input=json.dumps(what), cwd=ROOT, text=True,
                          env=environment, capture_output=True, check=True)  # fmt: skip
    return dict(json.loads(done.stdout))


@contextlib.contextmanager
def house() -> Iterator[tuple[Served, list[str]]]:
    """The demonstration country, moved to PostgreSQL, with people signed in."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-bench-")))
        stack.enter_context(keys_in(folder / "keys"))
        url = stack.enter_context(own_postgres(in_memory=False)).url
        for words in (["demo", str(folder / "m")], ["store", "move", "--to", url, "--mission", str(folder / "m")]):
            command = [sys.executable, "-m", "tocsin", *words, "-q"]
            subprocess.run(
                command, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, check=True, capture_output=True
            )
        settings = folder / "m" / "tocsin.toml"
        # all people come from this machine, as those of an office do (docs/deploy.md)
        settings.write_text(settings.read_text() + "\n[serve]\nrequests_per_s = 500\nat_once = 150\n")
        home = load(folder / "m")
        engine = open_store(home.store_url)
        stack.callback(engine.dispose)
        now = dt.datetime.now(dt.UTC)
        with writing(engine) as connection:
            keys = open_keys(connection, key_folder(home), now)
            way = gateways.add(connection, keys, CONSOLE, "load", "smsgateway", now)
            rows = [
                {"id": f"p{n}", "login": f"p{n}", "name": f"p{n}", "roles": [ROLES[n % 2].value], "areas": ["*"],
                 "component": "civilian", "password": "", "made_at": now}
                for n in range(PEOPLE)
            ]  # fmt: skip
            connection.execute(sa.insert(account), rows)
            tokens = [open_session(connection, row["id"], "bench", now) for row in rows]
        yield Served(home, engine, keys, f"/in/load/{way.path}", way.secret, tokens[0]), tokens
